"""What the gateway makes of a faulty endpoint, over real HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from itertools import count

import pytest

from tests.fakes.llm_server import draw
from tests.llm.conftest import question
from vitrina.llm.budget import Budget
from vitrina.llm.config import GatewayConfig, RetryPolicy
from vitrina.llm.engine import Engine
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import Outcome
from vitrina.llm.pricing import PriceBook
from vitrina.llm.stats import Stats
from vitrina.llm.transport import HttpTransport


def outcomes(results):
    return Counter(str(result.outcome) for result in results)


def test_rate_limits_and_server_errors_lose_nothing_and_pay_nothing_twice(llm_server, gateway):
    llm_server.reset(rate_429=0.1, rate_500=0.05)
    results = list(gateway().run(question(i) for i in range(500)))
    stats = llm_server.stats()
    assert sorted(int(r.request.item_id) for r in results) == list(range(500))
    assert all(r.ok for r in results)
    assert set(stats["paid"].values()) == {1}
    assert len(stats["paid"]) == 500
    assert stats["replies"]["429"] > 30
    assert stats["replies"]["rate_500"] > 10


def test_no_more_calls_are_in_flight_than_the_limit(llm_server, gateway):
    llm_server.reset(latency_s=0.3)  # longer than a busy machine needs to send seven
    list(gateway(concurrency=7).run(question(i) for i in range(60)))
    assert llm_server.stats()["peak"] == 7


def test_bad_answers_all_end_in_a_class(llm_server, gateway):
    llm_server.reset(cut=0.05, html=0.05, empty=0.05, length=0.1, refusal=0.1, content_filter=0.1)
    results = list(gateway().run(question(i, max_tokens=300) for i in range(200)))
    found = outcomes(results)
    assert set(found) <= {"ok", "refusal", "filtered"}
    assert found["refusal"] > 5
    assert found["filtered"] > 5
    assert sum(found.values()) == 200
    stats = llm_server.stats()
    refused = {r.request.item_id for r in results if r.outcome is Outcome.REFUSAL}
    assert all(stats["paid"][item] == 1 for item in refused if item in stats["paid"]) or refused


def test_refusals_and_filters_are_final_also_for_the_next_run(llm_server, gateway):
    llm_server.reset(refusal=0.5, content_filter=0.5)
    ledger = MemoryLedger()
    first = outcomes(gateway(ledger).run(question(i) for i in range(40)))
    calls = llm_server.stats()["requests"]
    assert calls == 40 + first["refusal"]  # one rephrased try each
    second = list(gateway(ledger).run(question(i) for i in range(40)))
    assert outcomes(second) == first
    assert all(r.cached for r in second)
    assert llm_server.stats()["requests"] == calls


def test_a_filter_that_comes_as_an_error_is_final_too(llm_server, gateway):
    llm_server.reset(content_filter=1.0, filter_as_400=True)
    ledger = MemoryLedger()
    assert gateway(ledger).ask(question(1)).outcome is Outcome.FILTERED
    again = gateway(ledger).ask(question(1))
    assert (again.outcome, again.cached) == (Outcome.FILTERED, True)
    assert llm_server.stats()["requests"] == 1


def test_a_truncated_answer_is_asked_again_with_more_room(llm_server, gateway):
    llm_server.reset(length=1.0, needs_tokens=900)
    ledger = MemoryLedger()
    result = gateway(ledger).ask(question(1, max_tokens=250))
    assert result.ok
    assert llm_server.stats()["limits"] == [250, 500, 1000]
    assert [row.status for row in ledger.attempts] == [Outcome.TRUNCATED, Outcome.TRUNCATED, Outcome.OK]
    assert result.cost_usd == sum(row.cost_usd for row in ledger.attempts)


def test_an_answer_that_stays_truncated_ends_and_is_not_paid_for_again(llm_server, gateway):
    llm_server.reset(length=1.0, needs_tokens=10**6)
    ledger = MemoryLedger()
    result = gateway(ledger).ask(question(1, max_tokens=250))
    assert result.outcome is Outcome.TRUNCATED
    assert result.text
    assert gateway(ledger).ask(question(1, max_tokens=250)).cached


def test_a_rate_limit_never_uses_up_attempts_but_has_a_budget_of_time(llm_server, gateway):
    llm_server.reset(rate_429=1.0, retry_after=None)
    policy = RetryPolicy(base_delay_s=0.005, max_delay_s=0.02, rate_limit_patience_s=3.0, max_attempts=2)
    result = gateway(retry=policy).ask(question(1))
    assert result.outcome is Outcome.RATE_LIMIT
    assert result.attempts > 2 * policy.max_attempts
    assert "rate limited for longer" in result.error


def test_a_wait_longer_than_the_budget_of_time_ends_at_once(llm_server, gateway):
    llm_server.reset(rate_429=1.0, retry_after="3600")
    result = gateway().ask(question(1))
    assert (result.outcome, result.attempts) == (Outcome.RATE_LIMIT, 1)


def test_a_slot_is_free_while_its_request_waits(llm_server, gateway):
    llm_server.reset(rate_429=0.3, retry_after="0.3")
    # Refused six times, so that it cannot come before the others on a machine that stands still for a while.
    refused = (i for i in count() if all(draw(1, str(i), attempt) < 0.3 for attempt in range(1, 7)))
    limited = next(i for i in refused if draw(1, str(i), 7) >= 0.3)
    others = [i for i in range(100, 200) if i != limited and draw(1, str(i), 1) >= 0.3][:5]
    results = list(gateway(concurrency=1).run(question(i) for i in [limited, *others]))
    assert [r.request.item_id for r in results][-1] == str(limited)


def test_a_call_that_hangs_ends_at_its_deadline_and_its_cost_is_unknown(llm_server, gateway):
    llm_server.reset(hang=1.0)
    ledger = MemoryLedger()
    policy = RetryPolicy(base_delay_s=0.01, max_attempts=2)
    result = gateway(ledger, timeout_s=0.2, retry=policy).ask(question(1))
    assert result.outcome is Outcome.TRANSPORT
    assert result.cost_usd is None
    assert [row.cost_usd for row in ledger.attempts] == [None, None]
    assert [row.ended for row in ledger.attempts] == [False, True]


@pytest.mark.parametrize(("status", "word"), [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "AI_MODEL")])
def test_a_wrong_key_or_model_stops_the_run_after_few_calls(llm_server, gateway, status, word):
    llm_server.reset(status=status)
    results = list(gateway(concurrency=3).run(question(i) for i in range(100)))
    assert outcomes(results) == {"permanent": 100}
    assert all(word in r.error for r in results)
    assert llm_server.stats()["requests"] <= 3


def test_a_used_up_quota_is_not_a_rate_limit(llm_server, gateway):
    llm_server.reset(status=429, error="You exceeded your current quota: insufficient_quota")
    assert gateway().ask(question(1)).outcome is Outcome.PERMANENT


def test_a_bad_request_ends_only_itself(llm_server, gateway):
    llm_server.reset(status=400)
    one = gateway()
    assert one.ask(question(1)).outcome is Outcome.PERMANENT
    llm_server.reset()
    assert one.ask(question(2)).ok


def test_redirects_are_not_followed(llm_server, gateway):
    llm_server.reset(status=307, redirect=llm_server.base_url + "/chat/completions")
    result = gateway().ask(question(1))
    assert result.outcome is Outcome.PERMANENT
    assert "OPENAI_BASE_URL" in result.error
    assert llm_server.stats()["requests"] == 1


def test_a_reply_without_end_is_not_read(llm_server, gateway):
    llm_server.reset(big=200_000)
    result = gateway(max_reply_bytes=50_000).ask(question(1))
    assert result.outcome is Outcome.INVALID
    assert "larger than" in result.error


def test_no_server_at_all_is_a_transport_failure_with_the_address(gateway):
    policy = RetryPolicy(base_delay_s=0.01, max_attempts=2)
    result = gateway(base_url="http://127.0.0.1:9/v1", retry=policy).ask(question(1))
    assert result.outcome is Outcome.TRANSPORT
    assert "127.0.0.1:9" in result.error
    assert result.cost_usd == Decimal(0)


def test_a_server_with_a_rate_of_its_own_loses_nothing(llm_server, gateway):
    llm_server.reset(rps=10, retry_after="0")  # far fewer than any machine sends
    results = list(gateway(concurrency=30).run(question(i) for i in range(40)))
    stats = llm_server.stats()
    assert all(r.ok for r in results)
    assert set(stats["paid"].values()) == {1}
    assert stats["replies"]["429"] > 0


def test_the_asynchronous_engine_answers_an_asynchronous_source(llm_server):
    async def source():
        for i in range(200):
            yield question(i)

    async def work():
        config = GatewayConfig(base_url=llm_server.base_url, model="gpt-4o-mini")
        prices = PriceBook(config.endpoint)
        engine = Engine(config, HttpTransport(config), MemoryLedger(), prices=prices, budget=Budget(), stats=Stats())
        results = []
        await engine.complete(source(), results.append)
        await engine.close()
        return results

    results = asyncio.run(work())
    assert sorted(int(r.request.item_id) for r in results) == list(range(200))
    assert all(r.ok for r in results)


def test_an_empty_address_means_the_embedded_service():
    assert GatewayConfig(base_url="").embedded


def test_an_address_where_nobody_ever_answered_stops_the_run(gateway):
    policy = RetryPolicy(base_delay_s=0.01, max_attempts=2)
    one = gateway(base_url="http://127.0.0.1:9/v1", retry=policy, concurrency=2)
    results = list(one.run(question(i) for i in range(500)))
    assert outcomes(results) == {"transport": 500}
    assert one.summary()["calls"] < 200
    assert "OPENAI_BASE_URL" in results[-1].error


def test_a_caller_who_stops_early_does_not_wait_for_retries(llm_server, gateway):
    llm_server.reset(rate_429=0.9, retry_after="600")
    results = gateway(concurrency=5).run(question(i) for i in range(1000))
    next(results)
    results.close()
    requests = llm_server.stats()["requests"]
    assert requests < 1000
