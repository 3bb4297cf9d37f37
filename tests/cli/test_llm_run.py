"""``vitrina llm run``: a file of questions, asked once each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import report, vitrina
from tests.cli.question_files import Row, by_id, questions, rows, write
from tests.fakes.batch_server import running_batch_server
from tests.fakes.llm_server import RunningServer
from vitrina.config import get_settings


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
    assert "budget" in told["reasons"]["budget"]  # in a sentence: which limit
    spent = float(told["cost_usd"])
    assert spent <= 0.0006
    same = report("llm", "run", asked, "--out", out, "--budget", "0.0006", code=1)
    assert spent + float(same["cost_usd"]) <= 0.0006  # restarts of a file share its budget
    assert report("llm", "run", asked, "--out", out, "--budget", "1")["answered"] == 30


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


def test_answers_can_go_to_standard_output(server: RunningServer, tmp_path: Path) -> None:
    ended = vitrina("llm", "run", questions(tmp_path / "q.jsonl", 3), "--out", "-")
    assert {json.loads(line)["id"] for line in ended.out.splitlines()} == {"p0", "p1", "p2"}
    assert "3 of 3 answered" in ended.err


def test_a_file_can_go_through_the_providers_batches(
    database: str, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = questions(tmp_path / "q.jsonl", 12)
    with running_batch_server() as service:
        service.reset(polls=1_000_000)
        for name, value in {
            "OPENAI_BASE_URL": service.base_url, "OPENAI_API_KEY": "sk-a-test-key", "AI_MODEL": "gpt-4o-mini",
            "AI_BATCH_POLL_SECONDS": "0.01", "AI_BATCH_WAIT_SECONDS": "0",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        for batch in (["--batch"], []):
            told = report("llm", "run", asked, "--out", out, *batch, code=1)
            assert told["failed_by_class"] == {"pending": 12}, "what waits in a batch is asked in no other way"
        [waiting] = report("llm", "status")["batches"]
        assert (waiting["remote_id"], waiting["waiting"]) == ("batch_1", 12)
        assert "batch_1" in vitrina("llm", "status").out
        service.switches.polls = 1
        monkeypatch.setenv("AI_BATCH_WAIT_SECONDS", "60")
        get_settings.cache_clear()
        told = report("llm", "run", asked, "--out", out, "--batch")
        assert (told["answered"], len(by_id(out))) == (12, 12)
        again = report("llm", "run", asked, "--out", out, "--batch")
        assert (again["answered_before"], again["calls"]) == (12, 0)
        assert (service.created, service.online) == (1, 0)


def test_failures_that_a_person_wants_asked_again_are_asked_by_the_same_command(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    server.reset(content_filter=0.4)
    asked = questions(tmp_path / "q.jsonl", 20)
    first = report("llm", "run", asked, "--out", out, code=1)
    refused = first["failed"]
    assert refused > 1
    server.reset()
    assert report("llm", "run", asked, "--out", out, code=1)["calls"] == 0
    some = next(row["id"] for row in rows(out) if row["status"] == "filtered")
    assert report("llm", "again", "--item", some)["marked"] == 1
    assert report("llm", "run", asked, "--out", out, code=1)["calls"] == 1
    assert by_id(out)[some]["status"] == "ok"
    assert report("llm", "again", "--class", "filtered")["marked"] == refused - 1
    assert report("llm", "run", asked, "--out", out)["answered"] == 20
    assert report("llm", "failures")["total"] == 0


def test_the_same_id_in_another_file_is_another_question(server: RunningServer, tmp_path: Path) -> None:
    server.reset(content_filter=1.0)
    for name in ("a", "b"):
        asked = write(tmp_path / f"{name}.jsonl", {"id": "f", "prompt": f"question {name} item:1"})
        report("llm", "run", asked, "--out", tmp_path / f"{name}.out", code=1)
    server.reset()
    asked = write(tmp_path / "c.jsonl", {"id": "f", "prompt": "question c item:1"})
    report("llm", "run", asked, "--out", tmp_path / "c.out")
    assert report("llm", "failures")["total"] == 2


def test_each_final_failure_is_found_also_where_nothing_was_sent(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    server.reset(status=401, error="wrong key")
    report("llm", "run", questions(tmp_path / "q.jsonl", 30), "--out", out, "--concurrency", "1", code=1)
    assert report("llm", "failures")["total"] == 30
    total = report("llm", "ledger", "--by", "status")["total"]
    assert (total["attempts"], total["failed"]) == (1, 30)
    assert server.stats()["requests"] == 1


def test_a_prediction_tells_what_is_left_to_pay_and_sends_nothing(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    asked = questions(tmp_path / "q.jsonl", 10, max_tokens=1_000)
    first = report("llm", "run", asked, "--out", out, "--predict")
    assert (first["requests"], first["calls"], first["by_guess"]) == (10, 10, 10)
    assert not out.exists()
    assert server.stats()["requests"] == 0
    paid = report("llm", "run", asked, "--out", out)
    more = questions(tmp_path / "more.jsonl", 14, max_tokens=1_000)
    told = report("llm", "run", more, "--out", out, "--predict")
    assert (told["answered"], told["calls"], told["by_guess"], told["limit_calls"]) == (10, 4, 0, 5)
    assert told["completion_tokens"] == 4 * paid["completion_tokens"] / 10
    assert float(told["expected_usd"]) < float(told["limit_usd"]) < float(told["most_usd"])
    assert "a --budget for it" in vitrina("llm", "run", more, "--out", out, "--predict").out
