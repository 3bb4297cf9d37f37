"""Cache, twins, contracts, and callers that stop: what comes back, over real HTTP."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.llm.conftest import FAST, question
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import LedgerError, Outcome
from vitrina.llm.structured import Contract


def outcomes(results):
    return Counter(str(result.outcome) for result in results)


def test_the_second_run_makes_no_call(llm_server, gateway):
    ledger = MemoryLedger()
    list(gateway(ledger).run(question(i) for i in range(50)))
    second = gateway(ledger)
    results = list(second.run(question(i) for i in range(50)))
    assert llm_server.stats()["requests"] == 50
    assert all(r.ok and r.cached and r.text for r in results)
    assert second.summary()["cache_hits"] == 50
    assert second.summary()["calls"] == 0


def test_twins_in_flight_are_paid_once(llm_server, gateway):
    llm_server.reset(latency_s=0.05)
    results = list(gateway().run(question("same") for _ in range(20)))
    assert len(results) == 20
    assert all(r.ok for r in results)
    assert llm_server.stats()["paid"] == {"same": 1}
    assert sum(not r.cached for r in results) == 1


def test_samples_and_tries_are_calls_of_their_own(llm_server, gateway):
    list(gateway().run([question(1), question(1, sample=1), question(1, try_no=1), question(2)]))
    assert llm_server.stats()["paid"] == {"1": 3, "2": 1}


def test_missing_usage_is_estimated_and_flagged(llm_server, gateway):
    llm_server.reset(usage=False)
    one = gateway()
    result = one.ask(question(1))
    assert result.usage.estimated
    assert result.usage.prompt > 5
    assert result.usage.completion > 20
    assert one.summary()["estimated_token_calls"] == 1


def test_a_caller_who_stops_early_gets_what_is_on_the_wire_recorded(llm_server, gateway):
    llm_server.reset(latency_s=1.0)
    ledger = MemoryLedger()
    results = gateway(ledger, concurrency=5).run(question(i) for i in range(10_000))
    next(results)
    results.close()
    paid = llm_server.stats()["paid"]
    assert {row.item_id for row in ledger.attempts if row.answered} == set(paid)
    assert len(paid) <= 15


def test_an_error_in_the_caller_s_requests_reaches_the_caller(gateway):
    def broken():
        yield question(1)
        raise KeyError("the database went away")

    with pytest.raises(KeyError):
        list(gateway().run(broken()))


def test_text_that_json_cannot_hold_ends_as_permanent(gateway):
    results = list(gateway().run([question(1), question("\ud800")]))
    assert outcomes(results) == {"ok": 1, "permanent": 1}


def test_a_broken_contract_is_asked_once_more_with_its_problems(llm_server, gateway):
    llm_server.reset(contents={"bad": '{"n": "x"}', "fixed": '{"n": 3}'})
    contract = Contract(
        validate=lambda request, data: int(data["n"]),
        repair=lambda request, text, problems: [{"role": "user", "content": f"item:fixed {text} {problems}"}],
    )
    ledger = MemoryLedger()
    result = gateway(ledger).ask(question("bad"), contract=contract)
    assert (result.parsed, result.repaired, result.attempts) == (3, True, 2)
    assert [row.status for row in ledger.attempts] == [Outcome.INVALID, Outcome.OK]
    again = gateway(ledger).ask(question("bad"), contract=contract)
    assert (again.parsed, again.cached) == (3, True)
    assert llm_server.stats()["requests"] == 2


def test_a_contract_broken_twice_is_a_final_invalid_with_its_text(llm_server, gateway):
    llm_server.reset(content="no json here at all")
    contract = Contract(
        validate=lambda request, data: data,
        repair=lambda request, text, problems: [{"role": "user", "content": "again"}],
    )
    result = gateway(retry=FAST).ask(question(1), contract=contract)
    assert result.outcome is Outcome.INVALID
    assert result.text == "no json here at all"
    assert result.problems
    assert llm_server.stats()["requests"] == 2


def test_half_json_is_asked_again_and_lost_nowhere(llm_server, gateway):
    llm_server.reset(truncated_json=0.3)

    def validate(request, data):
        return data["item"], data["text"]

    def repair(request, text, problems):
        return [*request.messages, {"role": "assistant", "content": text}, {"role": "user", "content": "Once more."}]

    results = list(gateway().run((question(i) for i in range(100)), contract=Contract(validate, repair)))
    found = outcomes(results)
    assert sum(found.values()) == 100
    assert set(found) == {"ok", "invalid"}
    assert found["ok"] > 80
    assert all(r.parsed[0] == r.request.item_id for r in results if r.ok)
    assert max(llm_server.stats()["paid"].values()) == 2


class BreakingLedger(MemoryLedger):
    """Takes so many rows, then its database is gone."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def record(self, attempts):
        if len(self.attempts) + len(attempts) > self.rows:
            raise LedgerError("The LLM ledger cannot reach its database.")
        super().record(attempts)


def test_no_answer_is_handed_out_that_does_not_stand_in_the_ledger(gateway):
    ledger = BreakingLedger(rows=40)
    seen = []

    def work():
        for result in gateway(ledger).run(question(i) for i in range(200)):
            seen.append(result.request.item_id)

    with pytest.raises(LedgerError):
        work()
    assert seen
    assert set(seen) <= {row.item_id for row in ledger.attempts}


def test_a_run_that_an_error_left_unread_ends_with_its_gateway(llm_server, gateway):
    """The traceback keeps the reader's frame, and with it the run, longer than the gateway lives."""
    llm_server.reset(latency_s=0.5)  # so that the run is not over before the error has come through
    ledger = MemoryLedger()

    def read(one):
        answers = one.run(question(i) for i in range(50))
        for _ in answers:
            raise OSError("the reader's own fault")

    with pytest.raises(OSError, match="own fault") as caught, gateway(ledger, concurrency=2) as one:
        read(one)
    answers = caught.traceback[-1].frame.f_locals["answers"]
    answers.close()
    assert list(answers) == []
    assert 1 <= len(ledger.attempts) < 50, "what was on the wire is recorded, and nothing more was sent"
