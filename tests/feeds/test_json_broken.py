"""JSON with faults: what is broken costs only itself."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_one
from tests.feeds.json_goods import GOODS, titles
from vitrina.feeds.records import DropUnreadable


@pytest.mark.parametrize(
    "bad",
    [
        '{"name": "без кавычки, "price": 1}',
        '{"name": "обрыв", "price": ',
        '{"name": "обрыв в строке',
        '{"name": "лишняя", "price": 1}}',
        '{"name": "список", "price": [1, 2}',
        "{'name': 'apostrophes'}",
        "a line of a log",
        '"only a string"',
    ],
)
def test_one_bad_line_costs_only_itself(tmp_path: Path, bad: str) -> None:
    good = [json.dumps(good, ensure_ascii=False) for good in GOODS]
    opened = open_one(tmp_path, "\n".join([*good[:2], bad, *good[2:]]) + "\n")
    kept = titles(opened)
    assert [name for name in kept if name.startswith("Крем")] == [g["name"] for g in GOODS]
    assert len(opened.broken) == 1
    assert opened.broken[0].raw
    assert opened.broken[0].message


def test_a_broken_object_in_the_middle_of_a_list_does_not_lose_the_rest(tmp_path: Path) -> None:
    parts = [json.dumps(good, ensure_ascii=False, indent=2) for good in GOODS]
    parts[2] = parts[2].replace('"price": 3.5', '"price": 3.5.7')
    opened = open_one(tmp_path, '{"data": {"products": [' + ",\n".join(parts) + '], "total": 5}}')
    assert titles(opened) == ["Крем 1", "Крем 2", "Крем 4", "Крем 5"]
    assert [(row.number, row.reason) for row in opened.broken] == [(3, "broken_record")]
    assert "3.5.7" in opened.broken[0].raw
    assert any("not sound JSON" in note for note in opened.notes)


def test_a_list_that_was_cut_off_keeps_its_whole_records(tmp_path: Path) -> None:
    text = json.dumps({"products": GOODS}, ensure_ascii=False)
    opened = open_one(tmp_path, text[:-30])
    assert len(opened.rows) == 4
    assert len(opened.broken) == 1
    assert "cut off" in opened.broken[0].message


def test_nan_and_infinity_are_empty_values_and_said_so(tmp_path: Path) -> None:
    opened = open_one(
        tmp_path, '[{"name": "A", "price": NaN}, {"name": "B", "price": Infinity}, {"name": "C", "price": 3}]'
    )
    assert [row.values["price"] for row in opened.rows] == [None, None, 3]
    assert opened.broken == []
    assert any("NaN" in note for note in opened.notes)


def test_elements_that_are_no_objects_are_quarantined(tmp_path: Path) -> None:
    opened = open_one(tmp_path, json.dumps([GOODS[0], None, "text", 7, [1], GOODS[1]]))
    assert [row.number for row in opened.rows] == [1, 6]
    assert {row.reason for row in opened.broken} == {"not_an_object"}
    assert len(opened.broken) == 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251"])
@pytest.mark.parametrize("lines", [True, False])
def test_every_encoding_that_parsers_write_is_read(tmp_path: Path, encoding: str, lines: bool) -> None:
    dump = json.dumps(GOODS, ensure_ascii=False)
    text = "\n".join(json.dumps(good, ensure_ascii=False) for good in GOODS) if lines else dump
    opened = open_one(tmp_path, text.encode(encoding), "drop.json")
    assert titles(opened) == [good["name"] for good in GOODS]


def test_a_record_with_bytes_that_are_no_text_is_quarantined_alone(tmp_path: Path) -> None:
    lines = [json.dumps(good, ensure_ascii=False).encode() for good in GOODS]
    lines[1] = b'{"name": "\xff\xfe\xfa", "price": 2}'
    opened = open_one(tmp_path, b"\n".join(lines))
    assert len(opened.rows) == 4
    assert [row.reason for row in opened.broken] == ["bad_encoding"]


def test_numbers_stay_exact_and_absurd_ones_become_text(tmp_path: Path) -> None:
    text = '[{"name": "A", "price": 0.1, "id": 12345678901234567890, "x": 1e400, "y": 1E+300}]'
    (row,) = open_one(tmp_path, text).rows
    assert row.values["price"] == Decimal("0.1")
    assert row.values["id"] == 12345678901234567890
    assert isinstance(row.values["x"], str)
    assert isinstance(row.values["y"], str)


def test_a_number_of_five_thousand_digits_breaks_only_its_record(tmp_path: Path) -> None:
    text = '[{"name": "A", "price": 1}, {"name": "B", "price": ' + "9" * 5000 + '}, {"name": "C", "price": 3}]'
    opened = open_one(tmp_path, text)
    assert titles(opened) == ["A", "C"]
    assert len(opened.broken) == 1


@pytest.mark.parametrize("before", [0, 65_000])
def test_a_huge_number_before_a_long_one_does_not_end_the_process(tmp_path: Path, before: int) -> None:
    # in one chunk of the parser, or over the border of two
    pad, digits = "x" * before, "9" * 5000
    text = f'[{{"name": "A{pad}"}}, {{"name": "B", "id": {digits}}}, {{"name": "C", "price": 1e400}}]'
    opened = open_one(tmp_path, text)
    assert titles(opened) == [f"A{pad}", "C"]
    assert len(opened.broken) == 1


def test_deep_nesting_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(DropUnreadable, match="brackets inside each other"):
        open_one(tmp_path, "[" * 100_000)
    with pytest.raises(DropUnreadable):
        open_one(tmp_path, '{"a":' * 100_000)


def test_a_deeply_nested_line_does_not_stop_the_others(tmp_path: Path) -> None:
    good = [json.dumps(good) for good in GOODS]
    deep = '{"name": "x", "a": ' + "[" * 50_000 + "]" * 50_000 + "}"
    opened = open_one(tmp_path, "\n".join([good[0], good[1], deep, good[2]]))
    assert len(opened.rows) == 3
    assert len(opened.broken) == 1


def test_an_endless_record_is_too_large_and_the_next_is_read(tmp_path: Path) -> None:
    lines = [json.dumps(GOODS[0]), '{"name": "' + "x" * 9_000_000 + '"}', json.dumps(GOODS[1])]
    opened = open_one(tmp_path, "\n".join(lines))
    assert len(opened.rows) == 2
    assert [row.reason for row in opened.broken] == ["too_large"]
    assert len(opened.broken[0].raw) <= 20_000
