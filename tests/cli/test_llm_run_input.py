"""``vitrina llm run``: mistakes are told before anything is sent."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.cli.command import refusal, report, vitrina
from tests.cli.question_files import by_id, problems, questions, rows, write
from tests.fakes.llm_server import RunningServer


def test_every_mistake_is_told_with_its_line_before_anything_is_sent(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    asked = write(
        tmp_path / "q.jsonl",
        {"id": "a", "prompt": "x"},
        "{broken",
        "",
        {"prompt": "no id"},
        {"id": "b"},
        {"id": "c", "prompt": "x", "messages": []},
        {"id": "a", "prompt": "again"},
        {"id": "d", "prompt": "x", "temperature": "hot"},
        {"id": "e", "prompt": "x", "max_tokens": 0},
        {"id": "f", "prompt": "x", "modle": "gpt"},
        {"id": " ", "prompt": "x"},
        {"id": "g", "prompt": ""},
        {"id": "h", "messages": [{"role": "user"}]},
        {"id": "i", "prompt": "x", "schema": {"type": "strnig"}},
        {"id": "j", "prompt": "x", "schema": {"$ref": "http://127.0.0.1/steal"}},
        "[1]",
        {"id": True, "prompt": "x"},
        {"id": "k", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]}]},
    )
    told = problems("llm", "run", asked, "--out", out)
    words = {
        2: "not valid JSON", 4: "'id' is missing", 5: "neither", 6: "both", 7: "stands already in line 1",
        8: "temperature", 9: "max_tokens", 10: "'modle'", 11: "empty", 12: "prompt", 13: "content",
        14: "strnig", 15: "nothing is fetched", 16: "object", 17: "whole number", 18: "'url' is a text",
    }  # fmt: skip
    assert set(told) == set(words)
    assert [line for line, word in words.items() if word not in told[line]] == []
    assert server.stats()["requests"] == 0
    assert not out.exists()
    plain = vitrina("llm", "run", asked, "--out", out)
    assert plain.code == 2
    assert f"{asked}, line 7: its 'id' stands already in line 1" in plain.err


def test_a_file_full_of_mistakes_is_told_in_part_and_counted_whole(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    asked = write(tmp_path / "q.csv", *(f"{n},text" for n in range(500)))
    told = report("llm", "run", asked, "--out", out, code=2)
    assert told["problem_count"] == 500
    assert len(told["problems"]) == 50


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ('{"id": 1, "prompt": "é"}'.encode("utf-16"), "UTF-16"),
        ('{"id": 1, "prompt": "привет"}'.encode("cp1251"), "not UTF-8 (byte 22 of the line)"),
        (gzip.compress(b'{"id": 1, "prompt": "x"}\n' * 1000)[:-20], "broken gzip"),
    ],
)
def test_files_of_another_coding_are_told_so(
    server: RunningServer, tmp_path: Path, out: Path, raw: bytes, word: str
) -> None:
    asked = tmp_path / "q.jsonl"
    asked.write_bytes(raw)
    assert word in refusal("llm", "run", asked, "--out", out)


def test_marks_line_ends_blank_lines_and_gzip_do_not_matter(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = tmp_path / "q.jsonl.gz"
    asked.write_bytes(gzip.compress(b'\xef\xbb\xbf{"id": 1, "prompt": "x"}\r\n\r\n  \n{"id": 2, "prompt": "y"}'))
    assert report("llm", "run", asked, "--out", out)["answered"] == 2


def test_answers_to_other_questions_are_refused_and_kept(server: RunningServer, tmp_path: Path, out: Path) -> None:
    report("llm", "run", questions(tmp_path / "a.jsonl", 3), "--out", out)
    before = out.read_bytes()
    other = write(tmp_path / "b.jsonl", {"id": "p0", "prompt": "Опиши item:0"}, {"id": "p1", "prompt": "Другое item:x"})
    told = refusal("llm", "run", other, "--out", out)
    assert re.search(r"1 of ids that the request file does not hold \('p2' in line \d\)", told)
    assert "1 to a question that has changed" in told
    assert out.read_bytes() == before
    told = report("llm", "run", other, "--out", out, "--update")
    assert (told["answered"], told["answered_before"], told["calls"]) == (2, 1, 1)
    assert set(by_id(out)) == {"p0", "p1"}


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "p1"}\nhello\n',
        "hello",
        '{"no": "id"}\n',
        '{"id":"p1","status":"ok"',
        '{"id": "p1", "status": "ok", "try": "two"}\n',
    ],
)
def test_files_of_something_else_are_not_touched(server: RunningServer, tmp_path: Path, out: Path, text: str) -> None:
    out.write_text(text, encoding="utf-8")
    asked = questions(tmp_path / "q.jsonl", 2)
    ended = vitrina("llm", "run", asked, "--out", out)
    if text.startswith('{"id":"'):  # the first line of an answer file, cut off
        assert (ended.code, len(by_id(out))) == (0, 2)
    else:
        assert ended.code == 2
        assert out.read_text(encoding="utf-8") == text


def test_places_where_answers_cannot_be_written_are_refused(server: RunningServer, tmp_path: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 1)
    link = tmp_path / "link.jsonl"
    link.symlink_to(asked)
    for place, word in (
        (asked, "itself"), (link, "itself"), (tmp_path, "folder"), (tmp_path / "no" / "a.jsonl", "does not exist"),
        (tmp_path / "a.jsonl.gz", "plain"), (Path("/dev/null"), "regular"),
    ):  # fmt: skip
        assert word in refusal("llm", "run", asked, "--out", place)
    assert len(rows(asked)) == 1
    assert "cannot be read" in refusal("llm", "run", tmp_path / "none.jsonl", "--out", tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"type": 5}', '{"$ref": "#/$defs/none"}', '{"$ref": "file:///etc/passwd"}']
)
def test_a_bad_schema_is_told_before_anything_is_sent(
    server: RunningServer, tmp_path: Path, out: Path, text: str
) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(text, encoding="utf-8")
    told = refusal("llm", "run", questions(tmp_path / "q.jsonl", 1), "--out", out, "--schema", schema)
    assert str(schema) in told
    assert server.stats()["requests"] == 0


def test_without_an_endpoint_nothing_is_sent_and_the_way_out_is_named(database: str, tmp_path: Path, out: Path) -> None:
    told = refusal("llm", "run", questions(tmp_path / "q.jsonl", 3), "--out", out)
    assert "--base-url" in told
    assert "line 1" in told
    assert not out.exists()


def test_a_wrong_address_or_amount_is_bad_input(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 1)
    for options in (
        ("--base-url", "ftp://somewhere"), ("--base-url", "http://user:geheim@host/v1"), ("--budget", "much"),
        ("--budget", "-1"), ("--again", "everything"), ("--concurrency", "0"),
    ):  # fmt: skip
        ended = vitrina("llm", "run", asked, "--out", out, *options)
        assert ended.code == 2, options
        assert "geheim" not in ended.err + ended.out
    assert not out.exists()


def test_a_file_without_a_question_is_told_so(server: RunningServer, tmp_path: Path, out: Path) -> None:
    ended = vitrina("llm", "run", write(tmp_path / "q.jsonl"), "--out", out)
    assert ended.code == 0
    assert "holds no questions" in ended.err


def test_a_check_sends_nothing_and_needs_no_database(never_started: Path, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 3)
    told = report("llm", "run", asked, "--out", out, "--check", "--base-url", "http://127.0.0.1:9/v1")
    assert told["requests"] == 3
    assert not out.exists()
    assert not never_started.exists()
