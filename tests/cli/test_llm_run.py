"""``vitrina llm run``: a file of questions, asked once each, whatever happens in between."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Ended, refusal, report, vitrina
from tests.conftest import REPOSITORY
from tests.fakes.batch_server import running_batch_server
from tests.fakes.llm_server import RunningServer, running_server
from vitrina.config import get_settings
from vitrina.llm.jsonl.answers import AnswerFile

Row = dict[str, Any]


@pytest.fixture(scope="module")
def _server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(_server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    """An endpoint without faults that the settings name, and a ledger of this test's own."""
    _server.reset()
    monkeypatch.setenv("OPENAI_BASE_URL", _server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("AI_MODEL", "gpt-4o-mini")
    monkeypatch.setenv("AI_STRUCTURED_OUTPUT", "json_schema")
    get_settings.cache_clear()
    return _server


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


def write(path: Path, *rows: Row | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def questions(path: Path, count: int, **values: Any) -> Path:
    return write(path, *({"id": f"p{n}", "prompt": f"Опиши item:{n}", **values} for n in range(count)))


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def by_id(path: Path) -> dict[Any, Row]:
    found = rows(path)
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: row for row in found}


def problems(*arguments: object) -> dict[int, str]:
    """Line → mistake, of a command that ends with bad input."""
    told = report(*arguments, code=2)
    return {problem["line"]: problem["message"] for problem in told["problems"]}


def test_each_question_is_answered_once_and_asked_no_more(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = write(
        tmp_path / "q.jsonl",
        {"id": "a", "prompt": "item:a", "temperature": 0, "max_tokens": 50},
        {"id": 7, "messages": [{"role": "system", "content": "Кратко."}, {"role": "user", "content": "item:seven"}]},
        {"id": "c", "prompt": "item:c", "model": "gpt-4o", "schema": None},
    )
    told = report("llm", "run", asked, "--out", out)
    assert (told["answered"], told["failed"], told["left"], told["calls"]) == (3, 0, 0, 3)
    assert float(told["cost_usd"]) > 0
    answers = by_id(out)
    assert set(answers) == {"a", 7, "c"}
    assert json.loads(answers[7]["answer"])["item"] == "seven"
    assert answers["c"]["model"] == "gpt-4o"
    again = report("llm", "run", asked, "--out", out)
    assert (again["answered_before"], again["answered_now"], again["calls"]) == (3, 0, 0)
    assert server.stats()["requests"] == 3


def test_a_key_that_is_a_word_of_the_reply_breaks_nothing(
    server: RunningServer, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "tok")  # it stands in "prompt_tokens"
    get_settings.cache_clear()
    report("llm", "run", questions(tmp_path / "q.jsonl", 2), "--out", out)
    assert by_id(out)["p0"]["prompt_tokens"] == 100


def test_an_answer_that_is_lost_comes_from_the_ledger(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 20)
    report("llm", "run", asked, "--out", out)
    out.unlink()
    told = report("llm", "run", asked, "--out", out)
    assert (told["answered"], told["from_cache"], told["calls"]) == (20, 20, 0)


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
    )
    told = problems("llm", "run", asked, "--out", out)
    words = {
        2: "not valid JSON", 4: "'id' is missing", 5: "neither", 6: "both", 7: "stands already in line 1",
        8: "temperature", 9: "max_tokens", 10: "'modle'", 11: "empty", 12: "prompt", 13: "content",
        14: "strnig", 15: "nothing is fetched", 16: "object", 17: "whole number",
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


def test_what_failed_for_now_is_tried_again_and_stands_there_once(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    server.reset(status=401)
    asked = questions(tmp_path / "q.jsonl", 40)
    told = report("llm", "run", asked, "--out", out, code=1)
    assert told["failed_by_class"] == {"permanent": 40}
    assert "OPENAI_API_KEY" in by_id(out)["p0"]["error"]
    server.reset(refusal=0.2)
    told = report("llm", "run", asked, "--out", out, code=1)
    refused = told["failed_by_class"]["refusal"]
    assert 0 < refused < 40
    assert told["answered"] == 40 - refused
    assert len(by_id(out)) == 40
    server.reset()
    told = report("llm", "run", asked, "--out", out, code=1)
    assert (told["calls"], told["failed"]) == (0, refused)  # a refusal is final …
    told = report("llm", "run", asked, "--out", out, "--again", "refusal")
    assert told["answered"] == len(by_id(out)) == 40  # … unless somebody wants another answer
    assert told["calls"] == refused


def test_a_budget_that_is_used_up_leaves_the_rest_for_a_later_run(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    asked = questions(tmp_path / "q.jsonl", 30, max_tokens=100)
    told = report("llm", "run", asked, "--out", out, "--budget", "0.0006", "--concurrency", "2", code=1)
    assert 0 < told["answered"] < 30
    assert told["failed_by_class"] == {"budget": 30 - told["answered"]}
    spent = float(told["cost_usd"])
    assert spent <= 0.0006
    same = report("llm", "run", asked, "--out", out, "--budget", "0.0006", code=1)
    assert spent + float(same["cost_usd"]) <= 0.0006  # restarts of a file share its budget
    assert report("llm", "run", asked, "--out", out, "--budget", "1")["answered"] == 30


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


@pytest.mark.parametrize("text", ['{"id": "p1"}\nhello\n', "hello", '{"no": "id"}\n', '{"id":"p1","status":"ok"'])
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


def test_two_runs_do_not_write_to_one_file(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 1)
    with AnswerFile(out):
        assert "Another run writes" in refusal("llm", "run", asked, "--out", out)
    assert report("llm", "run", asked, "--out", out)["answered"] == 1


SCHEMA: Row = {
    "title": "goods", "type": "object", "additionalProperties": False,
    "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"],
}  # fmt: skip


def test_answers_are_held_to_the_schema_after_one_second_call(server: RunningServer, tmp_path: Path, out: Path) -> None:
    server.reset(contents={"good": '```json\n{"colour": "red"}\n```', "bad": '{"colour": "green"}'})
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    asked = write(
        tmp_path / "q.jsonl",
        {"id": "good", "prompt": "item:good"},
        {"id": "bad", "prompt": "item:bad"},
        {"id": "own", "prompt": "item:own", "schema": {"name": "own", "schema": {"type": "object"}}},
    )
    told = report("llm", "run", asked, "--out", out, "--schema", schema, code=1)
    assert told["failed_by_class"] == {"invalid": 1}
    answers = by_id(out)
    assert answers["good"]["answer"] == {"colour": "red"}
    assert answers["bad"]["answer"] is None
    assert answers["bad"]["text"] == '{"colour": "green"}'
    assert answers["bad"]["problems"] == ["colour: 'green' is not one of ['red', 'blue']"]
    assert answers["bad"]["attempts"] == 2
    assert answers["own"]["answer"]["item"] == "own"


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


def test_answers_can_go_to_standard_output(server: RunningServer, tmp_path: Path) -> None:
    ended = vitrina("llm", "run", questions(tmp_path / "q.jsonl", 3), "--out", "-")
    assert {json.loads(line)["id"] for line in ended.out.splitlines()} == {"p0", "p1", "p2"}
    assert "3 of 3 answered" in ended.err


def test_a_check_sends_nothing_and_needs_no_database(never_started: Path, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 3)
    told = report("llm", "run", asked, "--out", out, "--check", "--base-url", "http://127.0.0.1:9/v1")
    assert told["requests"] == 3
    assert not out.exists()
    assert not never_started.exists()


def process(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vitrina.cli.main", "llm", "run", *(str(value) for value in arguments)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for_lines(path: Path, count: int, running: subprocess.Popen[str]) -> None:
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)


def ended(running: subprocess.Popen[str]) -> Ended:
    out, err = running.communicate(timeout=60)
    return Ended(running.returncode, out, err)


def test_killed_and_started_again_it_goes_on(server: RunningServer, tmp_path: Path, out: Path) -> None:
    server.reset(latency_s=0.1, rate_429=0.05, rate_500=0.05, refusal=0.05)
    asked = questions(tmp_path / "q.jsonl", 300)
    running = process(asked, "--out", out)
    wait_for_lines(out, 100, running)
    running.send_signal(signal.SIGKILL)
    ended(running)
    with out.open("ab") as file:
        file.write(b'{"id":"p29')  # a line that the end of the machine cut off
    told = report("llm", "run", asked, "--out", out, code=1)
    answers = by_id(out)
    assert len(answers) == 300
    assert told["left"] == 0
    assert set(told["failed_by_class"]) == {"refusal"}
    assert told["answered_before"] > 90
    # A refusal may be asked once more in other words; everything else is paid twice only when it was in flight.
    paid = {item: count for item, count in server.stats()["paid"].items() if answers[f"p{item}"]["status"] == "ok"}
    assert len(paid) == told["answered"]
    assert sum(paid.values()) - len(paid) <= 15


def test_interrupted_it_keeps_what_is_done_and_says_how_to_go_on(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    server.reset(latency_s=0.1)
    asked = questions(tmp_path / "q.jsonl", 1000)
    running = process(asked, "--out", out, "--json")
    wait_for_lines(out, 30, running)
    running.send_signal(signal.SIGINT)
    end = ended(running)
    assert end.code == 1
    assert "Traceback" not in end.err
    assert "the same command goes on" in end.err
    told = json.loads(end.out)
    assert told["answered"] == len(by_id(out)) < 1000
    assert told["left"] == 1000 - told["answered"]


def test_a_full_disk_loses_nothing(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 40)
    limited = f"ulimit -f 8; exec {sys.executable} -m vitrina.cli.main llm run {asked} --out {out}"
    done = subprocess.run(["bash", "-c", limited], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert 0 < len(by_id(out)) < 40  # whole lines
    told = report("llm", "run", asked, "--out", out)
    assert told["answered"] == 40
    assert sum(server.stats()["paid"].values()) == 40


def test_a_file_can_go_through_the_providers_batches(
    database: str, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = questions(tmp_path / "q.jsonl", 12)
    with running_batch_server() as service:
        service.reset(polls=2)
        for name, value in {
            "OPENAI_BASE_URL": service.base_url, "OPENAI_API_KEY": "sk-a-test-key", "AI_MODEL": "gpt-4o-mini",
            "AI_BATCH_POLL_SECONDS": "0.01",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        told = report("llm", "run", asked, "--out", out, "--batch")
        assert (told["answered"], len(by_id(out))) == (12, 12)
        again = report("llm", "run", asked, "--out", out, "--batch")
        assert (again["answered_before"], again["calls"]) == (12, 0)
