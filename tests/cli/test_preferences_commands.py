"""``vitrina preferences``: a file in, datasets listed, shown and compared, errors in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from vitrina.cli.errors import explain
from vitrina.cli.main import app
from vitrina.config import get_settings
from vitrina.errors import VitrinaError

runner = CliRunner()


def run(*words: str) -> dict[str, Any]:
    result = runner.invoke(app, ["preferences", *words, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(*words: str) -> str:
    result = runner.invoke(app, ["preferences", *words])
    assert isinstance(result.exception, VitrinaError)
    return str(explain(result.exception))


def rows(path: Path, count: int) -> Path:
    lines = [
        {"prompt": f"Вещь {n} {n * 7919}", "response_a": f"Текст {n}", "response_b": f"Другой {n} рассказ",
         "preferred": "ab"[n % 2]}
        for n in range(count)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_from_a_file_to_two_versions_and_their_difference(database: str, tmp_path: Path) -> None:
    from vitrina.objects import open_store
    from vitrina.preferences.dataset.versions import make_version

    assert "no dataset yet" in refused("show")
    told = run("import", str(rows(tmp_path / "mine.jsonl", 20)), "--licence", "mit")
    assert (told["format"], told["rows"], told["added"], told["outcomes"]) == ("ours", 20, 20, {"a": 10, "b": 10})
    make_version(open_store(get_settings()), get_settings())
    run("import", str(rows(tmp_path / "mine.jsonl", 25)))
    assert "An earlier file" not in runner.invoke(app, ["preferences", "import", str(tmp_path / "mine.jsonl")]).output
    make_version(open_store(get_settings()), get_settings())
    listed = run("datasets")["datasets"]
    assert [one["number"] for one in listed] == [2, 1]
    assert sum(listed[0]["pairs"].values()) == 25
    assert list(listed[0]["pairs"]) == ["train", "validation", "test"], "as the table's columns stand"
    assert listed[0]["pairs"]["train"] > listed[0]["pairs"]["test"]
    shown = run("show", listed[0]["version"][:6])
    assert shown["report"]["figures"]["krippendorff_alpha"]["undefined"]
    assert shown["files"]["train.parquet"]["rows"] == shown["counts"]["pairs"]["train"]
    changed = run("diff", "1", "newest")
    assert sum(changed["added"].values()) == 5
    assert changed["side_changes"]["count"] == 0
    for words in (("datasets",), ("show",), ("diff", "1", "2")):
        assert runner.invoke(app, ["preferences", *words]).exit_code == 0
    assert "no version 7" in refused("show", "7")


def test_a_file_of_no_known_format_is_refused_in_words(database: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text('{"nothing": 1}')
    assert "no known preference format" in refused("import", str(path))
    assert "no format" in refused("import", str(path), "--format", "none")


def test_rows_of_an_earlier_file_of_the_same_name_are_said_to_be_gone(database: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    run("import", str(rows(tmp_path / "test.jsonl", 9)))
    told = runner.invoke(app, ["preferences", "import", str(rows(tmp_path / "other" / "test.jsonl", 7))]).output
    assert "2 of its rows are gone" in told
    assert "another --name" in " ".join(told.split())
