"""What failed is a row that a person finds and has tried again."""

from __future__ import annotations

from collections import Counter

from tests.llm.conftest import question
from vitrina.llm.config import RetryPolicy
from vitrina.llm.failures import Which, again, count_failures, list_failures
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.outcomes import Outcome

ONCE = RetryPolicy(base_delay_s=0.01, max_delay_s=0.05, max_attempts=2)


def run(gateway, dsn, items=20, **values):
    ledger = PostgresLedger(dsn)
    results = list(gateway(ledger, **values).run(question(i) for i in range(items)))
    ledger.close()
    return Counter(str(r.outcome) for r in results)


def test_every_final_failure_is_found_by_its_class_purpose_and_item(database, llm_server, gateway):
    llm_server.reset(content_filter=0.3)
    ended = run(gateway, database, run_id="r1")
    failures = list_failures(database)
    assert len(failures) == ended["filtered"] > 0
    assert {f.status for f in failures} == {Outcome.FILTERED}
    one = failures[0]
    assert (one.purpose, one.run_id) == ("test", "r1")
    assert list_failures(database, Which(item_id=one.item_id)) == [one]
    assert list_failures(database, Which(purpose="another")) == []
    assert list_failures(database, Which(statuses=[Outcome.SERVER])) == []
    assert [(c.status, c.count, c.due) for c in count_failures(database)] == [(Outcome.FILTERED, len(failures), 0)]


def test_again_makes_the_next_run_ask_anew_and_only_for_the_chosen(database, llm_server, gateway):
    llm_server.reset(content_filter=0.5)
    ended = run(gateway, database)
    chosen = [f.key for f in list_failures(database)][:2]
    assert again(database, Which(keys=chosen)) == 2
    assert again(database, Which(keys=chosen)) == 0
    assert sum(f.again_at is not None for f in list_failures(database)) == 2
    llm_server.reset()
    assert run(gateway, database)["filtered"] == ended["filtered"] - 2
    assert llm_server.stats()["requests"] == 2
    assert len(list_failures(database)) == ended["filtered"] - 2


def test_a_failure_that_a_later_run_answered_is_no_longer_one(database, llm_server, gateway):
    llm_server.reset(rate_500=1.0)
    assert run(gateway, database, items=3, retry=ONCE)["server"] == 3
    assert len(list_failures(database)) == 3
    llm_server.reset()
    assert run(gateway, database, items=3)["ok"] == 3
    assert list_failures(database) == []


def test_again_of_nothing_marks_nothing(database):
    assert again(database, Which()) == 0
