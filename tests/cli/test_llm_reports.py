"""``vitrina llm ledger``, ``failures``, ``again``, ``replay``, ``status``, ``stop``, ``resume``, ``probe``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from tests.cli.command import refusal, report, vitrina
from tests.fakes.llm_server import RunningServer, running_server
from vitrina.cli.llm_ledger import read_since
from vitrina.config import get_settings


@pytest.fixture(scope="module")
def _server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(_server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    """An endpoint without faults that the settings name, and a ledger of this test's own."""
    _server.reset()
    monkeypatch.setenv("OPENAI_BASE_URL", _server.base_url)
    monkeypatch.setenv("AI_MODEL", "gpt-4o-mini")
    monkeypatch.setenv("AI_STRUCTURED_OUTPUT", "json_schema")
    get_settings.cache_clear()
    return _server


def questions(path: Path, count: int, **values: object) -> Path:
    rows = ({"id": f"p{n}", "prompt": f"Опиши item:{n}", **values} for n in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_sums_are_what_was_paid(server: RunningServer, tmp_path: Path) -> None:
    days = {f"{datetime.now(UTC):%Y-%m-%d}"}
    ran = report("llm", "run", questions(tmp_path / "a.jsonl", 10), "--out", tmp_path / "a.out", "--purpose", "demo")
    report("llm", "run", questions(tmp_path / "b.jsonl", 5, model="unheard-of"), "--out", tmp_path / "b.out")
    told = report("llm", "ledger", "--by", "purpose,model", "--since", "1h")
    sums = {(row["purpose"], row["model"]): row for row in told["rows"]}
    assert Decimal(sums["demo", "gpt-4o-mini"]["cost_usd"]) == Decimal(ran["cost_usd"]) > 0
    assert (sums["demo", "gpt-4o-mini"]["answered"], sums["demo", "gpt-4o-mini"]["unknown_cost"]) == (10, 0)
    assert (sums["file", "unheard-of"]["unknown_cost"], Decimal(sums["file", "unheard-of"]["cost_usd"])) == (5, 0)
    assert told["total"]["attempts"] == 15
    told_days = {row["day"] for row in report("llm", "ledger", "--by", "day", "--purpose", "demo")["rows"]}
    assert told_days
    assert told_days <= days | {f"{datetime.now(UTC):%Y-%m-%d}"}, "of one run at midnight there are two"
    assert report("llm", "ledger", "--by", "status", "--run", ran["run"])["rows"][0]["attempts"] == 10
    assert report("llm", "ledger", "--since", "2999-01-01")["rows"] == []
    assert "unheard-of" in vitrina("llm", "ledger").out
    assert "'colour' is not one of" in refusal("llm", "ledger", "--by", "colour")


def test_failures_are_listed_and_asked_again_when_somebody_says_so(server: RunningServer, tmp_path: Path) -> None:
    server.reset(refusal=0.3)
    asked, out = questions(tmp_path / "a.jsonl", 20), tmp_path / "a.out"
    failed = report("llm", "run", asked, "--out", out, code=1)["failed"]
    told = report("llm", "failures", "--class", "refusal")
    # the second try in other words is a request of its own
    assert len({row["item_id"] for row in told["failures"]}) == failed <= told["total"]
    assert told["failures"][0]["item_id"].startswith("p")
    assert "the model declined" in vitrina("llm", "failures").out
    assert report("llm", "failures", "--class", "budget")["total"] == 0
    server.reset()
    out.unlink()
    assert report("llm", "run", asked, "--out", out, code=1)["calls"] == 0  # a refusal stands in the ledger
    assert report("llm", "again", "--class", "refusal")["marked"] >= failed
    assert report("llm", "again", "--all")["marked"] == 0
    out.unlink()
    told = report("llm", "run", asked, "--out", out)
    assert (told["answered"], told["calls"]) == (20, failed)
    assert "--all" in refusal("llm", "again")
    assert "no class" in refusal("llm", "failures", "--class", "nonsense")


def test_a_replay_sends_nothing(server: RunningServer, tmp_path: Path) -> None:
    report("llm", "run", questions(tmp_path / "a.jsonl", 5), "--out", tmp_path / "a.out")
    sent = server.stats()["requests"]
    told = report("llm", "replay", questions(tmp_path / "b.jsonl", 8), "--out", tmp_path / "b.out", code=1)
    assert (told["answered"], told["from_cache"], told["calls"]) == (5, 5, 0)
    assert told["failed_by_class"] == {"not_in_ledger": 3}
    assert server.stats()["requests"] == sent
    told = report("llm", "run", tmp_path / "b.jsonl", "--out", tmp_path / "b.out")
    assert (told["answered"], told["answered_before"], told["calls"]) == (8, 5, 3)


def test_what_is_stopped_waits_until_it_is_resumed(server: RunningServer, tmp_path: Path) -> None:
    asked, out = questions(tmp_path / "a.jsonl", 5), tmp_path / "a.out"
    assert report("llm", "stop", "purpose:file", "--reason", "пауза") == {"stopped": "purpose:file"}
    [stop] = report("llm", "status")["stops"]
    assert (stop["scope"], stop["reason"]) == ("purpose:file", "пауза")
    assert "пауза" in vitrina("llm", "status").out
    told = report("llm", "run", asked, "--out", out, code=1)
    assert told["failed_by_class"] == {"stopped": 5}
    assert server.stats()["requests"] == 0
    assert report("llm", "resume", "purpose:file") == {"resumed": True}
    assert report("llm", "resume", "purpose:file", code=1) == {"resumed": False}
    assert report("llm", "run", asked, "--out", out)["answered"] == 5
    assert "names nothing" in refusal("llm", "stop", "colour:red")


def test_the_state_names_budgets_and_limits(server: RunningServer, tmp_path: Path) -> None:
    report(
        "llm", "run", questions(tmp_path / "a.jsonl", 5, max_tokens=50), "--out", tmp_path / "a.out", "--budget", "1"
    )
    told = report("llm", "status")
    assert told["slots_llm_limit"] == 15
    assert told["slots_held"]["llm"] == 0
    [budget] = [row for row in told["budgets"] if row["name"].startswith("run:file-")]
    assert Decimal(budget["limit_usd"]) == 1


def test_a_probe_tells_what_an_endpoint_can_do(server: RunningServer) -> None:
    server.reset(content='{"vitrina_probe": "yes", "colour": "green"}')
    told = report("llm", "probe", server.base_url, "--model", "gpt-4o-mini")
    assert (told["rung"], told["remembered"]) == ("json_schema", True)
    from vitrina.llm.models import LlmCapability

    assert LlmCapability.objects.get(model="gpt-4o-mini").rung == "json_schema"
    assert "json_schema" in vitrina("llm", "probe", server.base_url, "--model", "gpt-4o-mini").out
    dead = report("llm", "probe", "http://127.0.0.1:9/v1", code=1)
    assert "no connection" in dead["error"]
    assert "http(s) URL" in refusal("llm", "probe", "ftp://somewhere")


def test_where_nothing_was_ever_asked_no_database_is_made(never_started: Path) -> None:
    for command in ("ledger", "failures", "status"):
        assert "no ledger here yet" in refusal("llm", command)
    assert not (never_started / "postgres").exists()
    assert "no address" in refusal("llm", "probe")


def test_times_are_spans_dates_and_moments() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert read_since("90m", now=now) == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    assert read_since("2w", now=now) == datetime(2026, 2, 15, 12, tzinfo=UTC)
    assert read_since("2026-02-28", now=now) == datetime(2026, 2, 28, tzinfo=UTC)
    assert read_since("2026-02-28T10:00+03:00", now=now) == datetime(2026, 2, 28, 7, tzinfo=UTC)
    assert read_since(None) is None
    for wrong in ("yesterday", "999999w", "7", ""):
        with pytest.raises(typer.BadParameter):
            read_since(wrong, now=now)
