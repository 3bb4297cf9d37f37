"""Files of questions and answers: single lines, the index of ids, the file that is gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.llm.jsonl import lines
from vitrina.llm.jsonl.answers import AnswerFile, AnswersBusy, BadAnswers
from vitrina.llm.jsonl.ids import IdIndex
from vitrina.llm.jsonl.lines import BadFile, opened
from vitrina.llm.jsonl.requests import BadLine, read_request
from vitrina.llm.jsonl.scan import ChangedFile, read_again, scan
from vitrina.llm.jsonl.schemas import BadSchema, answer_schema

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["id", "prompt", "messages", "model", "temperature", "max_tokens", "schema", "other"])


@given(st.dictionaries(NAMES, VALUES))
def test_any_object_is_a_request_or_a_mistake_in_words(values: dict[str, Any]) -> None:
    try:
        request = read_request(json.dumps(values).encode())
    except BadLine:
        return
    assert str(values["id"]) == request.name
    assert len(request.digest) == 8


@given(st.binary())
def test_any_bytes_are_a_request_or_a_mistake_in_words(line: bytes) -> None:
    with pytest.raises(BadLine):
        read_request(line + b"}")


@given(st.dictionaries(st.sampled_from(["type", "$ref", "properties", "enum", "title", "name", "schema"]), VALUES))
def test_any_object_is_a_schema_or_a_mistake_in_words(values: dict[str, Any]) -> None:
    try:
        schema = answer_schema(json.loads(json.dumps(values).replace("NaN", "1").replace("Infinity", "1")))
    except BadSchema:
        return
    assert isinstance(schema.problems({"a": 1}), tuple)


def test_what_is_nested_without_end_is_a_mistake() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"not": deep}
    with pytest.raises(BadLine, match="nested too deep"):
        read_request(json.dumps({"id": 1, "prompt": "x", "schema": deep}).encode())
    assert answer_schema({"$ref": "#"}).problems(5) != ()  # endless by itself


def test_a_question_is_known_again_by_what_it_asks_and_not_by_its_form() -> None:
    first = read_request(b'{"id": 1, "prompt": "x", "temperature": 0, "model": null}')
    other = read_request(b'{"temperature":0,"prompt":"x","id":"2"}')
    assert first.digest == other.digest
    for changed in ('"prompt": "y"', '"prompt": "x", "max_tokens": 5', '"prompt": "x", "schema": {}'):
        assert read_request(f'{{"id": 1, {changed}}}'.encode()).digest != first.digest


def test_strict_mode_is_asked_for_only_where_its_rules_are_kept() -> None:
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert answer_schema(closed).strict
    assert not answer_schema({**closed, "required": []}).strict
    assert not answer_schema({"type": "array", "items": {"type": "object"}}).strict
    assert answer_schema({"name": "n", "schema": {"type": "object"}, "strict": True}).strict
    assert answer_schema({"name": "n", "schema": closed}).name == "n"
    assert answer_schema({"title": "Product text", **closed}).name == "answer"


def test_the_index_knows_every_id_and_every_double() -> None:
    index, count = IdIndex(), 5_000
    for number in range(count):
        index.add(f"p{number}", number + 1, number.to_bytes(8, "little"))
    index.add("p7", count + 1, bytes(8))
    index.add("p7", count + 2, bytes(8))
    assert [(one.line, one.first_line) for one in index.freeze()] == [(count + 1, 8), (count + 2, 8)]
    places = [index.position(f"p{number}") for number in range(count)]
    assert None not in places
    assert len(set(places)) == count
    for number, place in enumerate(places):
        assert place is not None
        assert number == 7 or index.question(place) == number.to_bytes(8, "little")
    assert index.nth(8) == places[8]
    assert index.position("p5000") is index.position("") is index.nth(count + 2) is None
    empty = IdIndex()
    assert empty.freeze() == []
    assert empty.position("x") is None


def test_a_file_that_changes_while_it_is_read_ends_the_run(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": 1, "prompt": "x"}\n{"id": 2, "prompt": "y"}\n', encoding="utf-8")
    with opened(path) as source:
        found = scan(source)
        assert [request.id for _, request in read_again(source, found)] == [1, 2]
        path.write_text('{"id": 1, "prompt": "x"}\n{"id": 2, "prompt": "z"}\n', encoding="utf-8")
        with pytest.raises(ChangedFile):
            list(read_again(source, found))


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"\n" + b"x" * 5000)
    with opened(path) as source, pytest.raises(BadFile, match="Line 2"):
        list(source.lines())


def row(number: int) -> dict[str, Any]:
    return {"id": number, "status": "ok"}


@pytest.mark.parametrize("tail", [b"", b'{"id":9', b'{"id":9,"status":"ok"}', b"\x00" * 50])
def test_the_end_of_a_killed_run_is_mended(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "a.jsonl"
    with AnswerFile(path) as answers:
        answers.write(row(1))
        answers.write(row(2))
    with path.open("ab") as file:
        file.write(tail)
    with AnswerFile(path) as answers:
        answers.write(row(3))
        kept = [one["id"] for _, one in answers.rows()]
    assert kept == ([1, 2, 9, 3] if tail.endswith(b"}") else [1, 2, 3])


def test_lines_are_taken_out_by_way_of_a_new_file_and_the_lock_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch(mode=0o640)
    (tmp_path / ".a.jsonl.xyz.part").touch()  # of a run that was killed in the middle of it
    with AnswerFile(path) as answers:
        for number in range(10):
            answers.write(row(number))
        answers.keep(lambda number, one: one["id"] % 2 == 0 and number != 1)
        answers.write(row(11))
        with pytest.raises(AnswersBusy):
            AnswerFile(path)
        with pytest.raises(ZeroDivisionError):  # it fails in the middle: everything is as it was
            answers.keep(lambda number, _: 1 / (number - 3) != 0)
        assert [one["id"] for _, one in answers.rows()] == [2, 4, 6, 8, 11]
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [2, 4, 6, 8, 11]
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]
    with pytest.raises(BadAnswers):
        AnswerFile(tmp_path)
