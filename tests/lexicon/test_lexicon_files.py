"""Files that users write: merging, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitrina.lexicon import LexiconError, load


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_new_word_of_a_user_is_found(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'kind: material\nentries:\n  pineapple_fibre: {ru: "пиньятекс", tr: "pinyateks", en: "pinatex"}\n'
    )
    assert load(path).find("из пиньятекса")[0].entry.key == "pineapple_fibre"
    assert load(tmp_path).find("Pinyateks çanta")[0].entry.key == "pineapple_fibre"


def test_names_of_a_user_are_added_to_a_known_entry_and_come_first(tmp_path: Path) -> None:
    path = write(tmp_path, 'kind: color\nentries:\n  navy: {ru: "полночь"}\n')
    navy = load(path).get("navy", "color")
    assert navy.ru == "полночь"
    assert "lacivert" in navy.tr


def test_an_entry_can_be_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, 'kind: color\nentries:\n  tobacco: {replace: true, ru: "табак"}\n')
    assert load(path).get("tobacco", "color").tr == ()


WRONG = [
    ("kind: colour\nentries: {}\n", "unknown kind 'colour'"),
    ("- a\n", "holds `kind` and `entries`"),
    ("kind: color\nentries:\n  x: {rus: a}\n", "unknown field 'rus'"),
    ("kind: color\nentries:\n  x: {tr: mavi x}\n", "no Russian name"),
    ("kind: color\nentries:\n  x: {ru: синий}\n", "stands in 'blue' and in 'x'"),
    ("kind: color\nentries:\n  x: {ru: ыый, in: [nothing]}\n", "parent 'nothing' is not there"),
    ("kind: color\nentries:\n  x: {ru: ыый}\n  x: {ru: ыыый}\n", "stands twice, in lines 3 and 4"),
    ("kind: color\nentries:\n  x: {ru: 38}\n", "is not a text"),
    ("kind: unit\nentries:\n  x: {ru: локоть}\n", "`dimension` and `factor`"),
    ("kind: unit\nentries:\n  x: {ru: локоть, dimension: length, factor: NaN}\n", "not above zero"),
    ("kind: color\nentries: {x: &a {ru: ыый}, y: *a}\n", "YAML aliases"),
    ("kind: [\n", "cannot be read as YAML"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_is_refused_with_its_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError) as caught:
        load(write(tmp_path, text))
    assert message in str(caught.value)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="VITRINA_LEXICON"):
        load(tmp_path / "nowhere.yaml")
