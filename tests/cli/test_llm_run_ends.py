"""``vitrina llm run``: killed, interrupted, in the way of another, without room; it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import Ended, refusal, report
from tests.cli.question_files import by_id, questions
from tests.conftest import REPOSITORY
from tests.fakes.llm_server import RunningServer
from vitrina.config import get_settings
from vitrina.llm.jsonl.answers import AnswerFile


def test_an_answer_that_is_lost_comes_from_the_ledger(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 20)
    report("llm", "run", asked, "--out", out)
    out.unlink()
    told = report("llm", "run", asked, "--out", out)
    assert (told["answered"], told["from_cache"], told["calls"]) == (20, 20, 0)


def test_two_runs_do_not_write_to_one_file(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 1)
    with AnswerFile(out):
        assert "Another run writes" in refusal("llm", "run", asked, "--out", out)
    assert report("llm", "run", asked, "--out", out)["answered"] == 1


def process(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vitrina.cli.main", "llm", "run", *(str(value) for value in arguments)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for_lines(path: Path, count: int, running: subprocess.Popen[str]) -> None:
    over = False
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert not over, running.communicate()
        over = running.poll() is not None  # what it wrote at its very end counts too
        time.sleep(0.02)


def ended(running: subprocess.Popen[str]) -> Ended:
    out, err = running.communicate(timeout=240)
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
    server.reset(latency_s=0.5)
    asked = questions(tmp_path / "q.jsonl", 1000)  # half a minute of work: the signal comes long before its end
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


def test_calls_on_the_wire_are_let_end_and_what_a_second_signal_gives_up_has_its_row(
    server: RunningServer, tmp_path: Path, out: Path
) -> None:
    server.reset(hang=1.0)
    running = process(questions(tmp_path / "q.jsonl", 3), "--out", out, "--json", "--budget", "1")
    while server.stats()["requests"] < 3:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    while "let end" not in (line := running.stderr.readline() if running.stderr else ""):
        assert running.poll() is None, line
    time.sleep(0.3)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    end = ended(running)
    assert end.code == 1
    assert "Traceback" not in end.err
    told = json.loads(end.out)
    assert (told["left"], told["calls"], told["unknown_cost_calls"]) == (3, 3, 3)
    from vitrina.llm.models import LlmAttempt

    rows = LlmAttempt.objects.values_list("status", "error_class", "cost_known", "tokens_estimated", "ended")
    assert set(rows) == {("transport", "interrupted", False, True, False)}
    assert len(rows) == 3
    # The answers are empty, and yet the next run is of the same budget: what was given up counts as estimated.
    assert out.read_bytes() == b""
    server.reset()
    again = report("llm", "run", tmp_path / "q.jsonl", "--out", out, "--budget", "1")
    assert (again["run"], again["answered"]) == (told["run"], 3)


def test_a_full_disk_loses_nothing(server: RunningServer, tmp_path: Path, out: Path) -> None:
    asked = questions(tmp_path / "q.jsonl", 40)
    limited = f"ulimit -f 8; exec {sys.executable} -m vitrina.cli.main llm run {asked} --out {out}"
    done = subprocess.run(["bash", "-c", limited], cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert 0 < len(by_id(out)) < 40  # whole lines
    told = report("llm", "run", asked, "--out", out)
    assert told["answered"] == 40
    assert sum(server.stats()["paid"].values()) == 40


def test_without_its_database_it_says_so_and_leaves_no_file(
    server: RunningServer, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    get_settings.cache_clear()
    done = ended(process(questions(tmp_path / "q.jsonl", 3), "--out", out))
    assert done.code != 0
    assert "Traceback" not in done.err
    assert "database" in done.err
    assert not out.exists()
