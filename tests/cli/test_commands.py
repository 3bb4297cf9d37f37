"""Commands over the whole catalogue: status, export, quality, review; and what all say where nothing runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import refusal, report, vitrina
from tests.conftest import REPOSITORY, Processed
from vitrina.cli.main import main
from vitrina.config import Settings, get_settings

SAMPLES = REPOSITORY / "samples"


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("export",),
        ("quality", "benchmark"),
        ("drop", "list"),
        ("drop", "show", "any"),
        ("drop", "retry", "any"),
        ("review", "list"),
        ("review", "show", 1),
        ("review", "approve", 1),
        ("review", "reject", 1, "--comment", "нет"),
        ("review", "reprocess", 1),
        ("categories", "sync", SAMPLES / "categories.yaml"),
        ("templates", "import", SAMPLES / "templates.yaml"),
        ("vectors", "init"),
        ("vectors", "rebuild"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_where_nothing_was_started_every_command_says_so(never_started: Path, arguments: tuple[object, ...]) -> None:
    for form in (arguments, (*arguments, "--json")):
        told = refusal(*form)
        assert "has not been started" in told
        assert "`make up`" in told


def test_the_console_script_ends_with_the_message_and_one(
    never_started: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["vitrina", "status", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    assert err == "The embedded PostgreSQL has not been started here yet. Run `make demo` or `make up` first.\n"


def test_an_empty_catalogue_is_counted_and_measured(settings: Settings) -> None:
    counts = report("status")
    assert counts["running"] is None
    assert (counts["drops"], counts["products"], counts["published"]) == (0, 0, 0)
    assert report("drop", "list") == {"drops": []}
    assert report("review", "list") == {"open": 0, "items": []}
    assert report("quality", "benchmark")
    assert vitrina("drop", "list").out == "Drops: none\n"
    assert "Nothing has been embedded for categories" in refusal("vectors", "rebuild", "categories")


def test_the_state_of_the_samples_is_told(processed: Processed) -> None:
    counts = report("status")
    assert counts["drops"] == len(processed.keys)
    assert counts["rows"] == counts["accepted"] + counts["quarantined"] + counts["merged"]
    assert 0 < counts["published"] <= counts["described"] <= counts["products"]
    assert counts["waiting_for_people"] == report("review", "list")["open"]
    assert "published" in vitrina("status").out

    written = report("export")
    assert written.keys() == {"products", "changed", "place", "files", "left_out"}
    assert written["products"] == counts["published"]
    assert report("export")["changed"] is False
    assert "nothing changed" in vitrina("export").out

    measured = report("quality", "benchmark")
    assert "rows" not in measured
    detailed = report("quality", "benchmark", "--rows")
    assert len(detailed["rows"]) == counts["described"]
    assert "Violations" in vitrina("quality", "benchmark").out


def test_quality_of_a_file_is_measured_without_a_database(
    processed: Processed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.content.models import ContentVersion

    rows = ContentVersion.objects.order_by("id").values_list("content", "facts")[:3]
    file = tmp_path / "texts.jsonl"
    lines = [json.dumps({"description": content, "facts": facts}, ensure_ascii=False) for content, facts in rows]
    file.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path / "elsewhere"))
    get_settings.cache_clear()
    assert len(report("quality", "benchmark", "--file", file, "--rows")["rows"]) == 3
    file.write_text(f"{lines[0]}\n{{}}\n", encoding="utf-8")
    assert "texts.jsonl, line 2" in refusal("quality", "benchmark", "--file", file)
    for line, said in (
        ('{"description": {}, "facts": {}}', "line 1: description."),
        ('{"description": 5, "facts": {}}', "line 1: description"),
        ('{"description": {}}', "line 1"),
        ("[]", "line 1: it is of another form"),
        ("{", "line 1: it is not JSON"),
    ):
        file.write_text(line)
        ended = vitrina("quality", "benchmark", "--file", file)
        assert said in ended.err
        assert len(ended.err.strip().splitlines()) == 1, ended.err
    assert "absent" in refusal("quality", "benchmark", "--file", tmp_path / "absent")


def test_review_items_are_listed_shown_and_decided(processed: Processed) -> None:
    before = report("review", "list")
    assert before["open"] == len(before["items"]) >= 3
    assert all(item.keys() == {"id", "kind", "priority", "about", "reasons", "created_at"} for item in before["items"])
    assert [item["priority"] for item in before["items"]] == sorted(item["priority"] for item in before["items"])
    assert len(report("review", "list", "--limit", 2)["items"]) == 2
    first, second, third = (item["id"] for item in report("review", "list", "--kind", "text")["items"][:3])
    shown = report("review", "show", first)
    assert (shown["id"], shown["state"]) == (first, "open")
    assert shown["title"]
    assert shown["text"]
    assert shown["title"] in vitrina("review", "show", first).out

    done = report("review", "approve", first, "--by", "anna")
    assert done == {"action": "approve", "done": [first], "failed": {}, "running": False}
    assert report("review", "reject", second, "--by", "anna", "--comment", "не то")["done"] == [second]
    told = vitrina("review", "reprocess", third, "--by", "anna")
    assert told.out == f"reprocess: {third}. It takes effect when the platform runs (`make up`).\n"
    states = [report("review", "show", item)["state"] for item in (first, second, third)]
    assert states == ["approved", "rejected", "reprocess"]
    assert report("review", "list")["open"] == before["open"] - 3

    again = report("review", "approve", first, 999_999, code=1)
    assert again["done"] == []
    assert again["failed"] == {
        str(first): f"Item {first} is closed already: approved by anna.",
        "999999": "There is no review item 999999. `vitrina review list` shows the open ones.",
    }
    assert "closed already" in refusal("review", "reject", first, "--comment", "нет")
    assert "no review item 999999" in refusal("review", "show", 999_999)


def test_a_category_that_is_not_there_decides_nothing(processed: Processed) -> None:
    [item, *_] = report("review", "list", "--kind", "text")["items"]
    assert "no category skazki" in refusal("review", "approve", item["id"], "--category", "skazki")
    assert report("review", "show", item["id"])["state"] == "open"
