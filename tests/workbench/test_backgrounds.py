"""Background removal at the desk: 202, states, the result, and files that are no pictures."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import Any

import pytest

from tests.workbench.dagster_server import FakeDagster
from vitrina.config import Settings

pytestmark = pytest.mark.usefixtures("database")


def picture(kind: str = "PNG", size: tuple[int, int] = (120, 90)) -> bytes:
    """A red square before white paper."""
    from PIL import Image

    image = Image.new("RGB", size, "white")
    image.paste((200, 30, 30), (size[0] // 3, size[1] // 3, 2 * size[0] // 3, 2 * size[1] // 3))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def upload(data: bytes, name: str = "a.png") -> io.BytesIO:
    stream = io.BytesIO(data)
    stream.name = name
    return stream


def bomb() -> bytes:
    """A PNG whose header promises 50,000 × 50,000 pixels in a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 10_000_000)
    return buffer.getvalue()


def test_a_picture_is_taken_with_202_worked_and_fetched(moderator: Any, settings: Settings) -> None:
    from vitrina.images.background.queue import work
    from vitrina.objects import open_store

    _, client = moderator
    answer = client.post("/backgrounds/", {"file": upload(picture(), "Платье 1.png")})
    assert answer.status_code == 202
    address = answer["Location"]
    page = client.get(address).content.decode()
    assert "waits" in page
    assert "Dagster is not running: the picture waits" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Платье 1.png" in page
    work(open_store(settings))
    done = client.get(address).content.decode()
    assert "Download the PNG" in done
    assert "hx-trigger" not in client.get(f"{address}state/").content.decode()
    result = client.get(f"{address}result.file?download=1")
    assert (result["Content-Type"], result["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert result["Content-Disposition"] == 'attachment; filename="1-cutout.png"'
    assert result.content.startswith(b"\x89PNG")
    shown = client.get(f"{address}original.file")
    assert shown["Content-Type"] == "image/jpeg"
    assert shown.content.startswith(b"\xff\xd8\xff")
    assert client.get(f"{address}source.file").status_code == 404


def test_programs_get_json(moderator: Any) -> None:
    _, client = moderator
    answer = client.post("/backgrounds/", {"file": upload(picture("JPEG"), "a.jpg")},
                         headers={"accept": "application/json"})  # fmt: skip
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    again = client.get(answer["Location"], headers={"accept": "application/json"})
    assert again.json()["id"] == answer.json()["id"]
    refused = client.post("/backgrounds/", {"file": upload(b"x")}, headers={"accept": "application/json"})
    assert refused.status_code == 422
    assert "no picture" in refused.json()["error"]


def test_the_same_form_sent_twice_is_one_request(moderator: Any) -> None:
    from vitrina.images.background.models import BackgroundRequest

    _, client = moderator
    for _ in range(2):
        client.post("/backgrounds/", {"file": upload(picture()), "ticket": "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11"})
    assert BackgroundRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.png", b"<!doctype html><script>alert(1)</script>", "no picture, whatever its name says"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "not taken"),
        ("a.png", b"", "empty"),
        ("bomb.png", bomb(), "too many pixels"),
        ("zip.png", zipped(), "no picture"),
        ("cut.jpg", picture("JPEG", (600, 600))[:2000], "cut off"),
        ("a.gif", picture("GIF"), "GIF"),
        ("a.bmp", picture("BMP"), "not taken"),
    ],
    ids=["html", "svg", "empty", "bomb", "zip", "truncated", "gif", "bmp"],
)
def test_what_is_no_picture_is_refused_in_words_and_not_kept(
    moderator: Any, settings: Settings, name: str, data: bytes, words: str
) -> None:
    from vitrina.images.background.models import BackgroundRequest

    _, client = moderator
    answer = client.post("/backgrounds/", {"file": upload(data, name)})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert BackgroundRequest.objects.count() == 0
    kept = settings.objects_folder / "temp"
    assert not kept.exists() or not any(path.is_file() for path in kept.rglob("*"))


def test_a_picture_that_is_too_large_is_refused_before_it_is_looked_at(
    moderator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client = moderator
    monkeypatch.setattr("vitrina.workbench.cutouts.MAX_BYTES", 5_000)
    answer = client.post("/backgrounds/", {"file": upload(picture() + b"\0" * 6_000)})
    assert answer.status_code == 413
    assert "larger than" in answer.content.decode()
    hopeless = client.post("/backgrounds/", {"file": upload(b"\0" * 100_000)})
    assert hopeless.status_code == 413


def test_names_lead_nowhere_and_say_nothing_to_the_browser(moderator: Any, settings: Settings) -> None:
    from vitrina.images.background.queue import work
    from vitrina.objects import open_store

    _, client = moderator
    name = '../../etc/passwd\r\nX: y"<script>.png'
    answer = client.post("/backgrounds/", {"file": upload(picture(), name)})
    assert answer.status_code == 202
    assert "<script>." not in answer.content.decode()
    work(open_store(settings))
    result = client.get(f"{answer['Location']}result.file?download")
    assert result.status_code == 200
    assert "\n" not in result["Content-Disposition"]
    assert "/" not in result["Content-Disposition"]


def test_a_products_picture_is_chosen_without_an_upload(moderator: Any, settings: Settings) -> None:
    from hashlib import sha256

    from tests.catalog.making import catalogue, day, parsed, take
    from vitrina.images.models import Picture, PictureUrl, ProductPicture
    from vitrina.objects import open_store

    take(day(0), [parsed("A-1", "Платье")])
    product, data = catalogue()["A-1"], picture()
    sha, store = sha256(data).hexdigest(), open_store(settings)
    store.put("products/original/x.png", data)
    made = Picture.objects.create(
        sha256=sha, state="stored", original_key="products/original/x.png", width=120, height=90
    )
    url = PictureUrl.objects.create(digest="6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11", url="https://x/1.png", host="x:443",
                                    state="stored", picture=made)  # fmt: skip
    ProductPicture.objects.create(product=product, position=0, url=url)
    _, client = moderator
    assert sha in client.get(f"/backgrounds/?product={product.pk}").content.decode()
    assert client.post("/backgrounds/", {"picture": sha}).status_code == 202
    assert client.post("/backgrounds/", {"picture": "0" * 64}).status_code == 422


def test_a_running_platform_works_it_at_once_and_not_twice(
    moderator: Any, dagster: FakeDagster, settings: Settings
) -> None:
    _, client = moderator
    client.post("/backgrounds/", {"file": upload(picture())})
    assert [run["selector"]["jobName"] for run in dagster.launched] == ["background_requests"]
    page = client.post("/backgrounds/", {"file": upload(picture("JPEG"))})
    assert page.status_code == 202
    assert len(dagster.launched) == 1  # one is at it already
    dagster.broken = True
    assert client.post("/backgrounds/", {"file": upload(picture("WEBP"))}).status_code == 202


def test_an_unknown_request_is_not_found(moderator: Any) -> None:
    _, client = moderator
    for path in ("", "state/", "result.file"):
        assert client.get(f"/backgrounds/6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11/{path}").status_code == 404


def test_a_request_at_work_is_not_said_to_wait(moderator: Any, dagster: Any) -> None:
    from vitrina.images.background.models import BackgroundRequest

    _, client = moderator
    row = BackgroundRequest.objects.create(state="processing", name="a.jpg", sha256="0" * 64, source_key="k")
    page = client.get(f"/backgrounds/{row.pk}/state/").content.decode()
    assert "is being taken off" in page
    assert "within a minute" not in page


def test_why_a_background_stayed_is_said_in_the_readers_language_with_the_message_below(moderator: Any) -> None:
    from vitrina.images.background.models import BackgroundRequest

    _, client = moderator
    said = "The product could not be told from its background."
    row = BackgroundRequest.objects.create(state="failed", name="a.jpg", sha256="0" * 64, source_key="k", message=said)
    page = client.get(f"/backgrounds/{row.pk}/", headers={"accept-language": "ru"}).content.decode()
    assert "Убрать фон с этой картинки не удалось" in page
    assert page.count(said) == 1
    assert re.search(rf"<details[^>]*>(?:(?!</details>).)*{re.escape(said)}", page, re.DOTALL)
