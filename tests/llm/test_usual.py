"""What calls mostly take: set aside without passing a limit, predicted before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.llm.conftest import question
from tests.llm.virtual import Endpoint, ask
from vitrina.llm.budget import Budget
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.outcomes import Outcome, Usage
from vitrina.llm.usual import ANSWER_GUESS, Usual


def taught(answers: list[int], *, ratio: float = 1.0) -> Usual:
    usual = Usual()
    for tokens in answers:
        usual.saw("p", "m", 1_000, Usage(int(1_000 * ratio), tokens))
    return usual


@given(st.lists(st.integers(1, 5_000), max_size=80), st.integers(1, 10_000))
def test_what_is_set_aside_is_never_less_than_the_limit_that_a_request_names(answers, limit):
    assert taught(answers).set_aside("p", "m", 1_000, limit) == (1_000 + (len(answers) >= 20), limit)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=100))
def test_without_a_limit_more_is_set_aside_than_the_last_answers_took(answers):
    usual = taught(answers)
    _, most = usual.set_aside("p", "m", 10, None)
    assert most >= max(answers[-20:])
    assert len(answers) >= 20 or most >= ANSWER_GUESS
    prompt, answer = usual.expected("p", "m", 1_000, None)
    assert prompt == 1_000
    assert min(answers) - 1e-6 <= answer <= max(answers) + 1e-6


def test_a_prompt_that_was_estimated_too_low_is_set_aside_with_what_it_took_and_one_too_high_as_it_is():
    low, high = taught([50] * 30, ratio=2.0), taught([50] * 30, ratio=0.5)
    assert 2_000 <= low.set_aside("p", "m", 1_000, 50)[0] <= 2_100
    assert 1_000 <= high.set_aside("p", "m", 1_000, 50)[0] <= 1_001
    assert (low.expected("p", "m", 100, 50), high.expected("p", "m", 100, 50)) == ((200.0, 50.0), (50.0, 50.0))


def test_tokens_that_nobody_counted_teach_nothing_and_one_call_in_sixteen_is_looked_at():
    usual = Usual()
    usual.saw("p", "m", 100, Usage(100, 50, estimated=True))
    assert usual.samples("p", "m") == 0
    assert sum(usual.due("p", "m") for _ in range(64 + 160)) == 64 + 10


@dataclass
class Talkative(Endpoint):
    """Answers of 3,000 tokens to requests that name no limit."""

    def _reply(self, status: int, data: dict[str, Any], extra: dict[str, str] | None = None) -> Any:
        if "usage" in data:
            data = {**data, "usage": {"prompt_tokens": 100, "completion_tokens": 3_000, "total_tokens": 3_100}}
        return super()._reply(status, data, extra)


def test_a_budget_is_not_passed_by_long_answers_once_some_are_known():
    cost, calls = Decimal("0.001815"), 200
    limit = cost * 100
    run = ask(Talkative(), calls, budget=Budget(limit), concurrency=4)
    spent = sum((row.cost_usd for row in run.ledger.attempts), Decimal(0))
    assert {r.outcome for r in run.results} == {Outcome.OK, Outcome.BUDGET}
    # A guess of 1,000 tokens let every call in flight pass the limit by two thirds of its price.
    assert limit - 3 * cost <= spent <= limit


def test_a_prediction_is_by_what_such_calls_took_and_leaves_out_what_is_answered(database, llm_server, gateway):
    ledger = PostgresLedger(database)
    first = gateway(ledger)
    assert first.predict([question(i, max_tokens=1_000) for i in range(4)]).by_guess == 4
    assert all(r.ok for r in first.run(question(i, max_tokens=1_000) for i in range(4)))
    first.close()
    asked = [question(i, max_tokens=1_000) for i in range(10)] + [question(9, max_tokens=1_000)]
    found = gateway(ledger).predict(asked)
    assert (found.requests, found.answered, found.calls, found.by_guess) == (11, 4, 6, 0)
    assert found.completion_tokens == 6 * 50
    assert found.expected_usd < found.limit_usd < found.most_usd
    assert 0 <= found.limit_usd - found.expected_usd * Decimal("1.25") < Decimal("0.00000001")
    assert found.limit_calls == 8
    half = gateway(ledger).predict(asked, batch=True)
    assert half.expected_usd == found.expected_usd / 2
    assert gateway(ledger, model="nobody-lists-this").predict(asked).limit_usd is None
    ledger.close()


def test_the_ledger_tells_the_newest_answers_of_each_purpose(database, gateway):
    for ledger in (MemoryLedger(), PostgresLedger(database)):
        one = gateway(ledger)
        for purpose in ("a", "b", "a"):
            list(one.run([question(purpose, purpose=purpose, sample=len(ledger.recent_answers()))]))
        assert [tuple(row) for row in ledger.recent_answers()] == [
            ("a", "gpt-4o-mini", 50),
            ("b", "gpt-4o-mini", 50),
            ("a", "gpt-4o-mini", 50),
        ]
        ledger.close()
