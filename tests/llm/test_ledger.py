"""The same cases on both ledgers; then what only PostgreSQL can show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.llm.conftest import question
from vitrina.llm.ledger import Attempt, MemoryLedger, attempt_id
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.outcomes import LedgerError, Outcome, Usage

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["memory", "postgres"])
def ledger(request):
    one = MemoryLedger() if request.param == "memory" else PostgresLedger(request.getfixturevalue("database"))
    yield one
    one.close()


def attempt(key="k1", **values) -> Attempt:
    return Attempt(
        **{
            "key": key,
            "model": "m",
            "status": Outcome.OK,
            "created_at": NOW,
            "answered": True,
            "content": "да",
            **values,
        }
    )


def test_an_answer_is_found_by_its_key_whole(ledger):
    usage = Usage(10, 5, 3, 2, True, 4)
    row = attempt(usage=usage, cost_usd=Decimal("0.00000012"), reply_body=b'{"a":1}', latency_ms=7, request_body=b"{}")
    ledger.record([row, attempt("k2", answered=False)])
    found = ledger.lookup(["k1", "k2", "k3"])
    assert list(found) == ["k1"]
    stored = found["k1"]
    assert (stored.content, stored.reply_body, stored.usage) == ("да", b'{"a":1}', usage)
    assert (stored.cost_usd, stored.latency_ms, stored.status) == (Decimal("0.00000012"), 7, Outcome.OK)


def test_the_same_rows_again_change_nothing(ledger):
    rows = [attempt(str(i), cost_usd=Decimal(1)) for i in range(5)]
    ledger.record(rows)
    ledger.record(rows)
    assert ledger.spent().attempts == 5


def test_spending_is_summed_by_purpose_time_and_run_and_unknown_is_not_zero(ledger):
    ledger.record(
        [
            attempt("1", purpose="a", cost_usd=Decimal("0.1"), run_id="r1"),
            attempt("2", purpose="a", cost_usd=None, run_id="r1"),
            attempt("3", purpose="b", cost_usd=Decimal("0.2"), created_at=NOW + timedelta(days=1)),
        ]
    )
    assert (ledger.spent().usd, ledger.spent().unknown) == (Decimal("0.3"), 1)
    assert ledger.spent("a").usd == Decimal("0.1")
    assert ledger.spent(since=NOW + timedelta(hours=1)).usd == Decimal("0.2")
    assert ledger.spent(run_id="r1").attempts == 2


def test_the_newest_answer_counts(ledger):
    ledger.record([attempt(content="old"), attempt(content="new", created_at=NOW + timedelta(seconds=1))])
    assert ledger.lookup(["k1"])["k1"].content == "new"


def test_ids_grow_with_time():
    first = attempt_id()
    time.sleep(0.002)
    assert first.int < attempt_id().int
    assert first.version == 7


def test_no_text_of_a_server_is_too_long_or_too_strange_for_its_row(database):
    ledger = PostgresLedger(database)
    ledger.record(
        [attempt(item_id="x" * 999, content="a\x00b", error="e\x00" * 9999, model="m" * 999, purpose="p" * 99)]
    )
    assert ledger.lookup(["k1"])["k1"].content == "ab"
    ledger.close()


def test_rows_are_what_django_reads(database, gateway):
    from vitrina.llm.models import LlmAttempt

    ledger = PostgresLedger(database)
    gateway(ledger, run_id="run-7").ask(question("p1", drop_key="s__f__1"))
    row = LlmAttempt.objects.get()
    assert (row.item_id, row.status, row.run_id, row.drop_key) == ("p1", "ok", "run-7", "s__f__1")
    assert (row.prompt_tokens, row.completion_tokens, row.cost_known) == (100, 50, True)
    assert row.cost_usd == Decimal("0.00004500")
    assert row.request_id == "r-p1"
    assert row.answered
    assert row.ended
    ledger.close()


def test_a_lost_connection_costs_no_answer(database, gateway, llm_server):
    ledger = PostgresLedger(database)
    one = gateway(ledger)
    assert one.ask(question(1)).ok
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'vitrina-llm-ledger' AND datname = current_database()"
        )
    assert one.ask(question(2)).ok
    assert ledger.spent().attempts == 2
    ledger.close()


def test_a_ledger_without_its_table_says_what_to_do(pg_server, gateway):
    name = pg_server.fresh_database()
    ledger = PostgresLedger(pg_server.connection.dsn_socket(name))
    with pytest.raises(LedgerError, match="migrations"):
        list(gateway(ledger).run([question(1)]))
    ledger.close()
    pg_server.drop_database(name)


CLIENT = """
    import sys
    from tests.llm.conftest import question
    from vitrina.llm.config import GatewayConfig
    from vitrina.llm.gateway import Gateway
    from vitrina.llm.ledger_postgres import PostgresLedger

    url, dsn = sys.argv[1:]
    with Gateway(GatewayConfig(base_url=url, model="gpt-4o-mini", concurrency=8), PostgresLedger(dsn)) as gateway:
        for result in gateway.run(question(i) for i in range(300)):
            print(result.request.item_id, flush=True)
"""


def test_after_kill_9_a_second_run_pays_twice_at_most_for_what_was_in_flight(database, llm_server, gateway):
    llm_server.reset(latency_s=0.03)
    script = [sys.executable, "-c", textwrap.dedent(CLIENT), llm_server.base_url, database]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True, cwd=ROOT) as client:
        seen = [client.stdout.readline().strip() for _ in range(120)]
        time.sleep(0.02)  # into the middle of the next calls
        os.kill(client.pid, signal.SIGKILL)
        seen += [line.strip() for line in client.stdout]
    time.sleep(0.1)  # the server ends what it had begun
    ledger = PostgresLedger(database)
    results = list(gateway(ledger, concurrency=8).run(question(i) for i in range(300)))
    ledger.close()
    assert len(results) == 300
    assert all(r.ok for r in results)
    cached = {r.request.item_id for r in results if r.cached}
    assert set(filter(None, seen)) <= cached  # what was acknowledged stands in the ledger
    paid = llm_server.stats()["paid"]
    assert len(paid) == 300
    assert max(paid.values()) <= 2
    assert sum(count - 1 for count in paid.values()) <= 8
