"""Lists handed in at the desk: looked at, placed only when a person says so, followed; and hostile files."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vitrina.config import Settings

pytestmark = pytest.mark.usefixtures("database")
LIST = (
    "Артикул;Название;Цена;Материал;Полка\nA-1;Платье летнее;1990;хлопок;7\nA-2;Крем для рук;250;;8\nA-3;;100;лён;9\n"
)


def upload(data: bytes | str, name: str = "list.csv") -> io.BytesIO:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    stream.name = name
    return stream


def handed_in(client: Any, *files: io.BytesIO, **more: str) -> str:
    """Address of the upload, when it has been read."""
    answer = client.post("/drops/new/", {"files": list(files), "new_source": "desk", **more})
    assert answer.status_code == 302, answer.content.decode()
    address: str = answer["Location"]
    watchdog = time.monotonic() + 120
    while "The list is being read" in client.get(f"{address}state/").content.decode():
        assert time.monotonic() < watchdog
        time.sleep(0.1)
    return address


def drops(settings: Settings) -> list[str]:
    root = settings.objects_folder / "drops"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def left_over(settings: Settings) -> list[str]:
    root = settings.vitrina_home / "uploads"
    return sorted(path.name for path in root.rglob("*") if path.is_file()) if root.exists() else []


def test_a_list_is_shown_before_anything_is_placed_then_placed_and_cleaned(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(LIST))
    page = client.get(address).content.decode()
    for words in ("Nothing is placed yet", "csv", "utf-8", "Платье летнее", "Полка", "an attribute", "price",
                  "no title: 1", "A-3"):  # fmt: skip
        assert words in page, words
    assert drops(settings) == []
    placed = client.post(f"{address}place/", follow=True).content.decode()
    assert "Placed." in placed
    assert drops(settings) == ["desk/list.csv"]
    assert left_over(settings) == ["placed.json", "report.json", "request.json", "upload.json"]
    assert (settings.objects_folder / "drops/desk/list.csv").read_text() == LIST
    assert "Dagster is not running: the drop waits" in client.get(address).content.decode()
    again = client.post(f"{address}place/", follow=True).content.decode()
    assert "placed already" in again


def test_what_was_placed_is_followed_to_its_products(moderator: Any, settings: Settings) -> None:
    from vitrina.catalog.intake import take_in
    from vitrina.catalog.models import Drop
    from vitrina.catalog.registry import look, register
    from vitrina.objects import open_store

    _, client = moderator
    address = handed_in(client, upload(LIST))
    client.post(f"{address}place/")
    store = open_store(settings)
    first = look(store, settings, {})
    time.sleep(settings.drop_settle_seconds)
    register(look(store, settings, first.settling).found, each_below=5, range_size=5)
    drop = Drop.objects.select_related("source").get()
    assert "waits to be read" in client.get(address).content.decode()
    take_in(drop, store, settings)
    page = client.get(f"/drops/{drop.pk}/").content.decode()
    assert "Of 2 products that came from this drop" in page
    assert "no title" in page.lower()
    assert f"/products/?drop={drop.key}" in page
    before = handed_in(client, upload(LIST))
    assert "handed in before" in client.get(before).content.decode()


def test_the_sources_own_settings_are_used_and_shown_in_the_look(moderator: Any, settings: Settings) -> None:
    from tests.catalog.making import place

    place(settings, "desk/source.yaml", "currency: TRY\nmapping:\n  Материал: composition\n")
    _, client = moderator
    page = client.get(handed_in(client, upload(LIST))).content.decode()
    assert "TRY" in page
    assert "composition" in page


def test_a_discarded_list_leaves_nothing(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(LIST))
    client.post(f"{address}discard/")
    assert client.get(address).status_code == 404
    assert left_over(settings) == []
    assert drops(settings) == []


def test_several_files_are_one_drop(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(LIST, "a.csv"), upload(LIST.replace("A-", "B-"), "b.csv"), name="week 7")
    client.post(f"{address}place/")
    assert drops(settings) == ["desk/week 7/_SUCCESS", "desk/week 7/a.csv", "desk/week 7/b.csv"]


@pytest.mark.parametrize(
    ("files", "source", "words"),
    [
        ([], "desk", "Choose a file"),
        ([upload(LIST)], "../etc", "A source is named"),
        ([upload(LIST)], "..", "A source is named"),
        ([upload(LIST)], "", "A source is named"),
        ([upload(LIST, "source.yaml")], "desk", "a name that is not read"),
        ([upload(LIST, ".hidden.csv")], "desk", "a name that is not read"),
        ([upload(LIST, "list.csv.part")], "desk", "a name that is not read"),
        ([upload(LIST, "a.csv"), upload(LIST, "a.csv")], "desk", "the same name"),
        ([upload(LIST, f"{n}.csv") for n in range(21)], "desk", "At most 20 files"),
    ],
    ids=["nothing", "climbing", "dots", "nameless", "settings", "hidden", "unfinished", "twice", "many"],
)
def test_what_cannot_be_a_drop_is_refused_in_words(
    moderator: Any, settings: Settings, files: list[io.BytesIO], source: str, words: str
) -> None:
    _, client = moderator
    for file in files:
        file.seek(0)
    answer = client.post("/drops/new/", {"files": files, "new_source": source})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert left_over(settings) == []


def test_names_that_climb_land_in_the_folder_of_the_source(moderator: Any, settings: Settings, tmp_path: Path) -> None:
    _, client = moderator
    address = handed_in(client, upload(LIST, "../../../../tmp/evil.csv"))
    client.post(f"{address}place/")
    assert drops(settings) == ["desk/evil.csv"]
    bad = client.post("/drops/new/", {"files": [upload(LIST)], "new_source": "desk", "name": "../../evil"})
    assert bad.status_code == 422


def bomb() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("a.csv", "w") as one,
    ):
        for _ in range(64):
            one.write(b"0" * 1_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "said", "data"),
    [
        ("bomb.zip", "unpacks to far more", bomb),
        ("page.csv", "a web page and no list", lambda: b"<!doctype html><html><body>Sign in</body></html>"),
        (
            "entity.xml",
            "declares entities",
            lambda: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        ),
        ("program.csv", "no list of a kind that is read", lambda: b"\x7fELF" + b"\0" * 100),
        ("empty.csv", "The file is empty", lambda: b""),
        ("cut.json", "breaks off in the middle", lambda: b'[{"id": 1, "tit'),
    ],
    ids=["zip bomb", "html", "entity", "program", "empty", "cut off"],
)
def test_a_hostile_file_is_told_in_words_and_never_placed_by_itself(
    moderator: Any, settings: Settings, name: str, said: str, data: Callable[[], bytes]
) -> None:
    _, client = moderator
    address = handed_in(client, upload(data(), name))
    page = client.get(address).content.decode()
    assert "It cannot be read" in page
    assert said in page
    assert "root:" not in page
    assert "Traceback" not in page
    client.post(f"{address}place/")
    assert drops(settings) == []
    client.post(f"{address}place/", {"unread": "yes"})
    assert drops(settings) == [f"desk/{name}"]


def test_a_list_with_markup_is_shown_as_text(moderator: Any) -> None:
    _, client = moderator
    page = client.get(handed_in(client, upload("id;title;price\n1;<script>alert(1)</script> a;5\n"))).content.decode()
    assert "<script>alert" not in page


def test_the_reader_has_nothing_of_our_environment_and_limits(
    moderator: Any, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    import subprocess

    seen: dict[str, Any] = {}
    real = subprocess.run

    def watched(command: Any, **options: Any) -> Any:
        seen.update(options["env"])
        return real(command, **options)

    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setattr("vitrina.workbench.incoming.subprocess.run", watched)
    _, client = moderator
    handed_in(client, upload(LIST))
    assert set(seen) == {"PYTHONPATH", "PATH", "PYTHONUTF8", "TMPDIR"}


def test_a_reader_that_hangs_or_dies_is_told(moderator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import subprocess

    from vitrina.workbench import incoming

    _, client = moderator
    real, hangs = subprocess.run, tmp_path / "hangs"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(incoming.sys, "executable", str(hangs))
        # Not the figure of the module: by that a page tells too whether a reader must be gone
        patch.setattr(incoming.subprocess, "run", lambda command, **given: real(command, **given | {"timeout": 0.2}))
        assert "took too long" in client.get(handed_in(client, upload(LIST))).content.decode()
    monkeypatch.setattr(incoming.sys, "executable", "/bin/false")
    assert "The reader was stopped" in client.get(handed_in(client, upload(LIST))).content.decode()


def test_an_upload_belongs_to_who_made_it(moderator: Any, client_of: Any) -> None:
    _, client = moderator
    address = handed_in(client, upload(LIST))
    other = client_of("admin")
    assert other.get(address).status_code == 404
    assert other.post(f"{address}place/").status_code == 404
    assert client.get(address).status_code == 200


def test_an_upload_beyond_the_limit_is_told_and_not_kept(
    moderator: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.config import get_settings

    monkeypatch.setenv("DESK_UPLOAD_MB", "1")
    get_settings.cache_clear()
    _, client = moderator
    for size in (1_500_000, 15_000_000):
        answer = client.post("/drops/new/", {"files": [upload(b"x" * size)], "new_source": "desk"})
        assert answer.status_code == 413
        assert "larger than 1 MB" in answer.content.decode()
    many = client.post("/drops/new/", {"files": [upload("x", f"{n}.csv") for n in range(101)], "new_source": "desk"})
    assert many.status_code == 413
    assert left_over(settings) == []


def test_forgotten_uploads_are_swept_after_a_day(moderator: Any, settings: Settings) -> None:
    import os

    from vitrina.workbench.incoming import sweep

    _, client = moderator
    address = handed_in(client, upload(LIST))
    assert sweep(settings) == 0
    [folder] = (settings.vitrina_home / "uploads").iterdir()
    old = time.time() - 90_000
    os.utime(folder, (old, old))
    assert sweep(settings) == 1
    assert client.get(address).status_code == 404


def test_a_store_that_is_down_keeps_the_upload_for_another_try(
    moderator: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.errors import RetryableError
    from vitrina.workbench import incoming

    def down(*_: Any, **__: Any) -> str:
        raise RetryableError("The bucket does not answer.")

    _, client = moderator
    address = handed_in(client, upload(LIST))
    with monkeypatch.context() as patch:
        patch.setattr(incoming, "hand_in", down)
        assert "The bucket does not answer" in client.post(f"{address}place/", follow=True).content.decode()
    client.post(f"{address}place/")
    assert drops(settings) == ["desk/list.csv"]
