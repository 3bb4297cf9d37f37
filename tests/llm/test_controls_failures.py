"""What failed is a row that a person finds and has tried again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from tests.llm.conftest import question
from vitrina.llm.config import RetryPolicy
from vitrina.llm.failures import Which, again, count_failures, list_failures
from vitrina.llm.ledger import Attempt
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.outcomes import Outcome
from vitrina.llm.structured import Contract

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


def test_a_refusal_and_the_same_question_in_other_words_are_one_failure(database, llm_server, gateway):
    llm_server.reset(refusal=1.0)
    assert run(gateway, database, items=3)["refusal"] == 3
    assert llm_server.stats()["requests"] == 6
    failures = list_failures(database)
    assert len(failures) == 3
    for one in failures:
        assert [(t.status, t.attempts) for t in one.tries] == [(Outcome.REFUSAL, 1)] * 2
        assert one.tries[0].key == one.key != one.tries[1].key
        assert one.attempts == 2
        assert one.cost_usd == sum(t.cost_usd for t in one.tries)
    assert [(c.status, c.count, c.due) for c in count_failures(database)] == [(Outcome.REFUSAL, 3, 0)]
    assert list_failures(database, Which(keys=[failures[0].tries[1].key])) == [failures[0]]


def test_again_of_a_refusal_opens_both_of_its_tries(database, llm_server, gateway):
    llm_server.reset(refusal=1.0)
    run(gateway, database, items=3)
    chosen = list_failures(database)[0].key
    assert again(database, Which(keys=[chosen])) == 1
    assert again(database, Which(keys=[chosen])) == 0
    assert [(c.count, c.due) for c in count_failures(database)] == [(3, 1)]
    llm_server.reset(refusal=1.0)
    run(gateway, database, items=3)
    assert llm_server.stats()["requests"] == 2  # the question, and the same in other words
    assert [(c.count, c.due) for c in count_failures(database)] == [(3, 0)]
    assert again(database, Which()) == 3
    llm_server.reset()
    assert run(gateway, database, items=3)["ok"] == 3
    assert llm_server.stats()["requests"] == 3
    assert list_failures(database) == []


def test_a_question_answered_in_other_words_is_no_failure_even_without_an_item(database):
    ledger, now = PostgresLedger(database), datetime.now(UTC)
    row = {"model": "m", "ended": True, "answered": True, "created_at": now}
    ledger.record([Attempt("first", status=Outcome.REFUSAL, **row)])
    assert [f.key for f in list_failures(database)] == ["first"]
    ledger.record([Attempt("second", status=Outcome.OK, first_key="first", **row)])
    assert list_failures(database) == []
    ledger.close()


def test_a_broken_contract_and_its_second_call_are_one_failure(database, llm_server, gateway):
    def refuse(request, data):
        raise ValueError("never right")

    contract = Contract(
        refuse, repair=lambda request, text, _: [*request.messages, {"role": "user", "content": "again"}], as_json=False
    )
    ledger = PostgresLedger(database)
    results = list(gateway(ledger).run([question(0)], contract=contract))
    ledger.close()
    assert [r.outcome for r in results] == [Outcome.INVALID]
    (failure,) = list_failures(database)
    assert [t.status for t in failure.tries] == [Outcome.INVALID] * 2


def test_a_raised_try_belongs_to_the_failure_of_the_first(database, llm_server, gateway):
    llm_server.reset(content_filter=1.0)
    ledger = PostgresLedger(database)
    asking = gateway(ledger)
    for number in range(2):
        assert asking.ask(question(0, try_no=number)).outcome is Outcome.FILTERED
    ledger.close()
    (failure,) = list_failures(database)
    assert [t.status for t in failure.tries] == [Outcome.FILTERED] * 2


def test_again_of_nothing_marks_nothing(database):
    assert again(database, Which()) == 0
