"""Limits on money: never passed, whoever is killed; used up in full; completed by a later run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.llm_server import running_server
from tests.llm.conftest import question
from tests.llm.virtual import Endpoint, ask
from vitrina.llm.budget import Budget, Hold, Purse, day_ends
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.link import join
from vitrina.llm.outcomes import Outcome
from vitrina.llm.purses import SharedTill, budget_states, settle_dead

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime.now(UTC).date().isoformat()

SPENDER = """
    import sys
    from decimal import Decimal
    from tests.llm.conftest import question
    from vitrina.llm.config import GatewayConfig
    from vitrina.llm.gateway import Gateway
    from vitrina.llm.ledger_postgres import PostgresLedger

    url, dsn, number, limit = sys.argv[1:]
    config = GatewayConfig(base_url=url, model="gpt-4o-mini", concurrency=4, budgets={"world:1": Decimal(limit)})
    with Gateway(config, PostgresLedger(dsn)) as gateway:
        for result in gateway.run(question(f"{number}-{i}", max_tokens=100) for i in range(2000)):
            print(result.outcome, flush=True)
"""


def rows(dsn) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    with psycopg.connect(dsn) as connection:
        return {r["name"]: (r["limit_usd"], r["used_usd"], r["reserved_usd"]) for r in budget_states(connection)}


def paid(llm_server) -> Decimal:
    return Decimal("0.000045") * sum(llm_server.stats()["paid"].values())


def test_calls_in_flight_mostly_cost_less_than_their_estimate_and_the_rest_is_used_too():
    limit = Decimal("0.01")
    # Each call may cost 0.0024 and costs 0.000045: what is in flight at first holds the whole budget.
    run = ask(Endpoint(), 400, budget=Budget(limit))
    ok = sum(r.ok for r in run.results)
    spent = sum((row.cost_usd for row in run.ledger.attempts), Decimal(0))
    assert spent <= limit
    assert ok >= 0.8 * float(limit / Decimal("0.000045"))
    assert {r.outcome for r in run.results} == {Outcome.OK, Outcome.BUDGET}


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 60), st.booleans()), max_size=60), st.integers(0, 300))
def test_what_is_spent_and_set_aside_never_passes_the_limit_while_calls_cost_no_more_than_estimated(calls, limit):
    budget, flying, spent = Budget(Decimal(limit)), [], Decimal(0)
    for estimate, actual, later in calls:
        if isinstance(hold := budget.reserve(Decimal(estimate)), Hold):
            flying.append((hold, Decimal(min(actual, estimate))))
        [purse] = budget.purses
        assert purse.spent + purse.reserved <= limit
        if flying and not later:
            held, cost = flying.pop()
            budget.release(held, cost)
            spent += cost
        assert purse.spent == spent
    assert budget.purses[0].reserved == sum((held.amount for held, _ in flying), Decimal(0))


def test_all_limits_that_concern_a_call_are_taken_or_none():
    purses = [
        Purse("day:x", Decimal(10), granted=Decimal(10)),
        Purse("purpose:a:x", Decimal(1), "a", granted=Decimal(1)),
    ]

    async def main():
        budget = Budget(purses=purses)
        assert isinstance(await budget.hold(Decimal(1), "a"), Hold)
        assert "day's a budget" in told(await refused(budget, "a"))
        assert [purse.reserved for purse in purses] == [0, 0]
        assert isinstance(await budget.hold(Decimal(1), "b"), Hold)

    async def refused(budget, purpose):
        waiting = asyncio.create_task(budget.hold(Decimal(1), purpose))
        await asyncio.sleep(0)
        assert not waiting.done()  # a call in flight may yet cost less
        budget.release(Hold(Decimal(1), tuple(purses)), Decimal(1))
        return await waiting

    def told(answer):
        assert isinstance(answer, str)
        return answer

    asyncio.run(main())


def test_a_day_ends_at_midnight_utc_and_the_next_one_has_its_own_limit():
    assert day_ends(0.0) == ("1970-01-01", 86_400.0)
    old = Purse("day:1", Decimal(1), until=time.time() + 0.05, granted=Decimal(1))
    budget = Budget(
        purses=[old], renew=lambda _: Purse("day:2", Decimal(1), until=time.time() + 99, granted=Decimal(1))
    )
    assert isinstance(budget.reserve(Decimal(1)), Hold)
    assert isinstance(budget.reserve(Decimal(1)), str)
    time.sleep(0.06)
    assert isinstance(budget.reserve(Decimal(1)), Hold)
    assert [purse.name for purse in budget.purses] == ["day:2"]


def test_a_day_and_a_purpose_are_limited_over_all_runs(database, llm_server, gateway):
    ledger = PostgresLedger(database)
    day = {"day_budget_usd": Decimal("0.0020"), "concurrency": 4}
    results = list(gateway(ledger, **day, run_id="r1").run(question(i, max_tokens=100) for i in range(200)))
    first = sum(r.ok for r in results)
    assert {r.outcome for r in results} == {Outcome.OK, Outcome.BUDGET}
    assert "day's budget of 0.0020 USD is used up" in next(r.error for r in results if not r.ok)
    assert 30 <= first <= 44
    one = gateway(ledger, **day, run_id="r2")
    assert {r.outcome for r in one.run(question(f"x{i}", max_tokens=100) for i in range(20))} <= {
        Outcome.OK,
        Outcome.BUDGET,
    }
    assert paid(llm_server) <= Decimal("0.0020")
    limited = gateway(ledger, purpose_budgets_usd={"dear": Decimal(0), "test": Decimal(1)})
    assert limited.ask(question("y", purpose="dear")).outcome is Outcome.BUDGET
    assert limited.ask(question("y")).ok
    limited.close()
    name, _ = next((name, row) for name, row in rows(database).items() if name.startswith("purpose:test"))
    assert name == f"purpose:test:{TODAY}"
    ledger.close()


def test_what_was_not_spent_is_given_back_and_a_raised_limit_counts(database, llm_server, gateway):
    ledger = PostgresLedger(database)
    one = gateway(ledger, budgets={"world:7": Decimal("0.5")})
    assert one.ask(question(1, max_tokens=100)).ok
    one.close()
    limit, used, reserved = rows(database)["world:7"]
    assert (limit, used, reserved) == (Decimal("0.5"), Decimal("0.000045"), 0)
    assert gateway(ledger, budgets={"world:7": Decimal("0.00005")}).ask(question(2)).outcome is Outcome.BUDGET
    assert gateway(ledger, budgets={"world:7": Decimal("0.5")}).ask(question(2)).ok
    ledger.close()


def test_processes_and_kills_never_pass_the_limit_and_the_dead_are_settled(database, llm_server):
    llm_server.reset(latency_s=0.02)
    limit, slow_s = Decimal("0.01"), 1.5

    def client(number: int, address: str) -> subprocess.Popen[str]:
        script = [sys.executable, "-c", textwrap.dedent(SPENDER), address, database, str(number), str(limit)]
        return subprocess.Popen(script, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    # The one that dies is answered slowly: while the others spend, its calls are in flight, whatever else runs here
    with running_server(latency_s=slow_s) as slow:
        dying = client(0, slow.base_url)
        assert dying.stdout.readline() == "ok\n"
        others = [client(number, llm_server.base_url) for number in (1, 2)]
        first = [one.stdout.readline() for one in others]
        dying.kill()
        outputs = [said + one.stdout.read() for said, one in zip(first, others, strict=True)]
        for one in (dying, *others):
            one.communicate(timeout=30)
        time.sleep(slow_s + 0.1)  # what was in flight may be paid without anyone there to hear it
        spent = paid(llm_server) + paid(slow)
    assert all(set(output.split()) <= {"ok", "budget"} for output in outputs)
    assert all(output.split().count("budget") > 100 for output in outputs)
    assert spent <= limit
    _, used, reserved = rows(database)["world:1"]
    assert used + reserved <= limit
    assert reserved > 0  # the dead process's block
    with psycopg.connect(database, autocommit=True) as connection:
        assert settle_dead(connection, dead_s=0.0) == 1
        assert settle_dead(connection, dead_s=0.0) == 0
    _, used, reserved = rows(database)["world:1"]
    assert reserved == 0
    assert spent <= used <= limit


def test_many_processes_worth_of_blocks_never_pass_the_limit(database):
    link = join(database)
    limit = Decimal("1.00")

    async def spend(number):
        till = SharedTill(link, concurrency=2)
        purse = Purse("shared", limit)
        till.budget = Budget(purses=[purse], till=till)
        for _ in range(60):
            hold = await till.budget.hold(Decimal("0.01"))
            if isinstance(hold, str):
                break
            till.budget.release(hold, Decimal("0.01"))
        await asyncio.wrap_future(link.submit(till.close))
        return purse.spent

    async def main():
        return sum(await asyncio.gather(*[spend(i) for i in range(4)]))

    spent = asyncio.run(main())
    link.leave()
    assert spent <= limit
    assert spent >= Decimal("0.9")
    assert rows(database)["shared"] == (limit, spent, 0)


def test_rows_of_processes_and_of_old_runs_and_days_do_not_pile_up(database):
    old = (
        "INSERT INTO llm_budget (name, limit_usd, used_usd, reserved_usd, updated_at) "
        "VALUES (%s, 1, 1, %s, now() - '91 days'::interval)"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        for name, reserved in (("run:old", 0), ("run:waits", 1), ("day:2026-01-31", 0), ("world:7", 0)):
            connection.execute(old, (name, reserved))
        link = join(database)
        link.submit(lambda connection: connection.execute("SELECT 1")).result(timeout=30)
        [(there,)] = connection.execute("SELECT count(*) FROM llm_process WHERE holder = %s", (link.holder,)).fetchall()
        link.leave()
        left = connection.execute("SELECT count(*) FROM llm_process WHERE holder = %s", (link.holder,)).fetchone()
    assert (there, left) == (1, (0,))
    assert set(rows(database)) == {"run:waits", "world:7"}


def test_callers_outside_the_loop_share_the_same_limit(database):
    link = join(database)
    till = SharedTill(link, concurrency=1)
    till.budget = Budget(purses=[Purse("batch", Decimal(1))], till=till)
    taken = []

    def thread():
        taken.append(sum(isinstance(till.budget.reserve(Decimal("0.3")), Hold) for _ in range(3)))

    threads = [threading.Thread(target=thread) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(taken) == 3
    link.submit(till.close).result()
    link.leave()


def test_a_budget_is_a_partial_state_that_a_later_run_completes(gateway):
    ledger = MemoryLedger()
    first = list(gateway(ledger, day_budget_usd=Decimal("0.001")).run(question(i, max_tokens=50) for i in range(40)))
    assert {r.outcome for r in first} == {Outcome.OK, Outcome.BUDGET}
    second = list(gateway(ledger, day_budget_usd=Decimal(1)).run(question(i, max_tokens=50) for i in range(40)))
    assert all(r.ok for r in second)
    assert sum(r.cached for r in second) == sum(r.ok for r in first)


@pytest.mark.parametrize("purpose", ["test", "other"])
def test_unknown_prices_are_refused_where_a_limit_concerns_the_call(llm_server, gateway, purpose):
    one = gateway(model="nobody-lists-this", purpose_budgets_usd={"test": Decimal(1)})
    result = one.ask(question(1, purpose=purpose))
    assert result.outcome is (Outcome.BUDGET if purpose == "test" else Outcome.OK)
