"""Breakers: what opens them, what the others hear, who answers meanwhile, and who may stop it all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.llm.conftest import question
from tests.llm.virtual import Endpoint, ask
from vitrina.llm.board import breaker_states, resume, stop, stops
from vitrina.llm.breaker import Breaker, State
from vitrina.llm.config import BreakerPolicy, GatewayConfig, RetryPolicy
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.outcomes import GatewayConfigError, Outcome

QUICK = BreakerPolicy(min_samples=5, open_s=0.3, max_open_s=0.3)


def fed(policy: BreakerPolicy, calls: str, now: float = 0.0) -> Breaker:
    """A breaker after calls, ``x`` for a failure, ten a second."""
    breaker = Breaker(policy)
    for index, call in enumerate(calls):
        breaker.ended(call != "x", now + index / 10, epoch=breaker.epoch)
    return breaker


def test_it_opens_on_the_share_of_failures_also_when_successes_lie_between():
    assert fed(BreakerPolicy(), "xxxx." * 8).state is State.OPEN


def test_few_samples_and_few_failures_leave_it_closed():
    assert fed(BreakerPolicy(), "x" * 19).state is State.CLOSED
    assert fed(BreakerPolicy(), "..x" * 200).state is State.CLOSED


def test_an_outage_after_a_busy_half_minute_is_seen_after_few_calls():
    breaker = Breaker(BreakerPolicy())
    for index in range(10_000):
        breaker.ended(True, index / 500, epoch=breaker.epoch)
    failed = 0
    while breaker.state is State.CLOSED:
        failed += 1
        breaker.ended(False, 20.0 + failed / 500, epoch=breaker.epoch)
    assert failed <= 40


def test_half_open_lets_few_calls_through_and_as_many_successes_close_it():
    breaker = fed(BreakerPolicy(probes=2), "x" * 20)
    assert breaker.enter(2.0) > 0
    now = breaker.probe_at
    assert [breaker.enter(now) is None for _ in range(4)] == [True, True, False, False]
    assert breaker.state is State.HALF_OPEN
    breaker.ended(True, now, epoch=breaker.epoch)
    breaker.ended(True, now, epoch=breaker.epoch)
    assert breaker.state is State.CLOSED


def test_a_failed_probe_opens_it_again_for_longer():
    breaker = fed(BreakerPolicy(), "x" * 20)
    waits = []
    for _ in range(4):
        now = breaker.probe_at
        assert breaker.enter(now) is None
        breaker.ended(False, now, epoch=breaker.epoch)
        waits.append(breaker.probe_at - now)
    assert waits == pytest.approx([10.0] * 4)


def test_a_call_from_before_it_opened_decides_no_probe():
    breaker = Breaker(BreakerPolicy())
    before = breaker.epoch
    for _ in range(20):
        breaker.ended(False, 1.0, epoch=before)
    assert breaker.enter(breaker.probe_at) is None
    breaker.ended(False, 7.0, epoch=before)
    assert breaker.state is State.HALF_OPEN


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans(), st.booleans()), max_size=200))
def test_it_never_lets_more_than_its_probes_through_while_not_closed_and_always_lets_one_through_in_time(steps):
    policy = BreakerPolicy(min_samples=3, probes=2)
    breaker, now, flying = Breaker(policy), 0.0, []
    for pause, ok, given_up in steps:
        now += pause
        state, wait = breaker.state, breaker.enter(now)
        assert wait is None or 0 < wait <= policy.max_open_s + 1e-6
        if state is State.OPEN and wait is None:
            flying = []
        if wait is None:
            flying.append(breaker.epoch)
        if breaker.state is State.HALF_OPEN:
            assert sum(epoch == breaker.epoch for epoch in flying) <= policy.probes
        if flying and (ok or len(flying) > 1):
            epoch = flying.pop(0)
            if given_up:
                breaker.given_up(epoch)
            else:
                breaker.ended(ok, now, epoch=epoch)
    now += policy.max_open_s + 1e-6
    for epoch in flying:
        breaker.given_up(epoch)
    assert breaker.enter(now) is None


@pytest.mark.parametrize("values", [{"failure_rate": 0}, {"failure_rate": 1.5}, {"min_samples": 0}, {"open_s": 0}])
def test_a_breaker_that_makes_no_sense_is_refused(values):
    with pytest.raises(GatewayConfigError, match="breaker"):
        BreakerPolicy(**values)


def test_a_fallback_model_answers_while_the_breaker_is_open_under_a_key_of_its_own():
    run = ask(Endpoint(down=frozenset({"gpt-4o-mini"})), 60, fallback_model="gpt-4o", concurrency=4)
    # The endpoint was never reached with the wanted model, yet it answers: its breaker opens once somebody answered.
    assert all(r.ok for r in run.results)
    assert {r.model for r in run.results} == {"gpt-4o"}
    assert {row.model for row in run.ledger.attempts if row.answered} == {"gpt-4o"}
    wanted = {r.key for r in ask(Endpoint(), 60, concurrency=4).results}
    assert wanted.isdisjoint(row.key for row in run.ledger.attempts if row.answered)
    assert run.engine.controls.summary()["models"]["gpt-4o-mini"]["breaker"] != "closed"


def test_without_a_fallback_the_run_waits_and_says_so(llm_server, gateway, caplog):
    llm_server.reset()
    one = gateway(breaker=QUICK, concurrency=8)
    assert one.ask(question("first")).ok
    llm_server.reset(rate_500=1.0)
    told = []

    def hear(progress):
        told.append(progress.waiting)
        if progress.waiting:
            llm_server.reset()

    results = list(one.run((question(i) for i in range(30)), progress=hear))
    assert all(r.ok for r in results)
    assert any("breaker of gpt-4o-mini is" in sentence for sentence in told)
    assert any("is open" in record.message for record in caplog.records)
    assert told[-1] == ""


def test_a_caller_who_is_stopped_does_not_wait_for_an_open_breaker(llm_server, gateway):
    llm_server.reset()
    one = gateway(breaker=BreakerPolicy(min_samples=5, open_s=600, max_open_s=600), concurrency=8)
    assert one.ask(question("first")).ok
    llm_server.reset(rate_500=1.0)
    results = one.run((question(i) for i in range(300)), progress=lambda p: results_closed(p))

    class StopHereError(Exception):
        pass

    def results_closed(progress):
        if progress.waiting:
            raise StopHereError

    began = time.monotonic()
    with pytest.raises(StopHereError):
        list(results)
    assert time.monotonic() - began < 200  # less than the breaker's ten minutes


def test_what_one_process_found_out_the_other_hears_and_a_person_sees(database, llm_server, gateway):
    first, second = PostgresLedger(database), PostgresLedger(database)
    values = {"breaker": QUICK, "concurrency": 8, "retry": RetryPolicy(base_delay_s=0.01, outage_patience_s=1.0)}
    one = gateway(first, **values)
    assert one.ask(question("first")).ok
    llm_server.reset(rate_500=1.0)
    results = list(one.run(question(i) for i in range(20)))
    assert {r.outcome for r in results} == {Outcome.TRANSPORT}
    [state] = breaker_states(database)
    assert state.state is not State.CLOSED
    assert (state.model, state.endpoint) == ("gpt-4o-mini", llm_server.base_url)
    assert state.failures >= 3
    assert "HTTP 500" in state.reason
    # A process that starts now waits instead of finding it out by itself.
    other = gateway(second, **{**values, "breaker": BreakerPolicy(open_s=0.3, max_open_s=0.3, probes=1)})
    assert other.ask(question("x")).outcome is Outcome.TRANSPORT
    assert "out for longer" in other.ask(question("y")).error
    llm_server.reset()
    assert other.ask(question("z")).ok
    deadline = time.monotonic() + 120
    while breaker_states(database)[0].state is not State.CLOSED and time.monotonic() < deadline:
        time.sleep(0.05)
    assert breaker_states(database)[0].state is State.CLOSED
    for ledger in (first, second):
        ledger.close()


def test_an_operator_stops_a_run_and_a_later_one_goes_on(database, llm_server, gateway):
    llm_server.reset(latency_s=0.05)
    ledger = PostgresLedger(database)
    one = gateway(ledger, concurrency=2, run_id="r1")
    results = []
    for result in one.run(question(i) for i in range(400)):
        if not results:
            stop(database, "run:r1", reason="too dear", by="anna")
        results.append(result)
    outcomes = [r.outcome for r in results]
    assert len(outcomes) == 400
    assert set(outcomes) == {Outcome.OK, Outcome.STOPPED}
    assert any("too dear" in (r.error or "") for r in results)
    assert [(s.scope, s.stopped_by) for s in stops(database)] == [("run:r1", "anna")]
    assert gateway(ledger, run_id="r2").ask(question(399)).ok
    assert gateway(ledger, run_id="r1").ask(question("new")).outcome is Outcome.STOPPED
    assert resume(database, "run:r1")
    assert not resume(database, "run:r1")
    assert gateway(ledger, run_id="r1").ask(question("new")).ok
    ledger.close()


def test_everything_a_purpose_a_model_or_an_endpoint_can_be_stopped_and_nothing_else(database, llm_server, gateway):
    ledger = PostgresLedger(database)
    for number, scope in enumerate(["", "purpose:test", "model:gpt-4o-mini", f"endpoint:{llm_server.base_url}"]):
        stop(database, scope)
        assert gateway(ledger).ask(question(number)).outcome is Outcome.STOPPED
        assert resume(database, scope)
    stop(database, "purpose:other")
    assert gateway(ledger).ask(question(9)).ok
    with pytest.raises(ValueError, match="names nothing"):
        stop(database, "everything")
    ledger.close()


def test_a_refusal_is_asked_once_more_in_neutral_words(llm_server, gateway):
    llm_server.reset(refusal=1.0)
    ledger = MemoryLedger()
    result = gateway(ledger).ask(question(1))
    assert result.outcome is Outcome.REFUSAL
    assert result.attempts == 2
    assert [row.status for row in ledger.attempts] == [Outcome.REFUSAL, Outcome.REFUSAL]
    assert result.cost_usd == sum(row.cost_usd for row in ledger.attempts)
    again = gateway(ledger).ask(question(1))
    assert (again.cached, again.attempts) == (True, 0)


def test_who_wants_no_second_try_gets_none(llm_server, gateway):
    llm_server.reset(refusal=1.0)
    retry = RetryPolicy(base_delay_s=0.01, max_rephrased=0)
    assert gateway(retry=retry).ask(question(1)).attempts == 1


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(GatewayConfigError, match="AI_RPM"):
        GatewayConfig(rpm=0)
