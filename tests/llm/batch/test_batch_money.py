"""Money and an operator's word in batch mode: set aside in the database, booked once by whoever collects; stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.fakes.batch_server import BatchServer
from tests.llm.batch.asking import asked, rows, run
from vitrina.llm import board
from vitrina.llm.gateway import Gateway
from vitrina.llm.outcomes import Outcome
from vitrina.llm.overview import shared_budgets

LIMIT = Decimal("0.00040")


def of_run(dsn: str) -> tuple[Decimal, Decimal]:
    """Used and reserved of the run's budget."""
    [budget] = [one for one in shared_budgets(dsn) if one["name"] == "run:r"]
    return budget["used_usd"], budget["reserved_usd"]


def paid() -> Decimal:
    return sum((row.cost_usd or Decimal(0) for row in rows()), Decimal(0))


def counted(gateway: Gateway, **values: float) -> Counter[str]:
    with gateway:
        return Counter(str(result.outcome) for result in run(gateway, 30, **values).values())


def test_what_waits_in_a_batch_stays_set_aside_after_its_run_and_the_next_run_books_it(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    service.reset(polls=1_000_000)
    first = counted(make(budget_usd=LIMIT, run_id="r"), wait_s=0.0)
    assert first["pending"] > 0
    assert first["budget"] > 0
    used, reserved = of_run(dsn)
    assert (used, reserved > 0) == (Decimal(0), True)
    service.switches.polls = 1
    for _ in range(2):
        counted(make(budget_usd=LIMIT, run_id="r"))
        assert of_run(dsn) == (paid(), Decimal(0))
    # An answer of the fake costs 0.000105, about three times what was set aside for these short questions: what waited
    # at the first run's end is all that its limit let through.
    assert len(rows()) == first["pending"]


def test_whoever_collects_books_under_the_budgets_of_those_who_submitted(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    with make(budget_usd=Decimal(1), run_id="r") as gateway:
        gateway.batches(list_lag=timedelta(0)).submit([asked(i) for i in range(5)])
    assert of_run(dsn)[1] > 0
    with make() as stranger:
        assert stranger.batches(list_lag=timedelta(0)).collect() == 5
    assert of_run(dsn) == (paid(), Decimal(0))
    assert paid() == 5 * Decimal("0.000105")


def test_a_batch_that_was_refused_gives_its_money_back(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    service.reset(fail="Enqueued token limit reached")
    with make(budget_usd=Decimal(1), run_id="r") as gateway:
        run(gateway, 3)
    assert of_run(dsn) == (Decimal(0), Decimal(0))


def test_nothing_is_put_into_a_batch_while_an_operator_has_stopped_it(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    board.stop(dsn, "purpose:test", reason="the price list is wrong", by="ann")
    with make() as gateway:
        results = run(gateway, 5)
    assert {result.outcome for result in results.values()} == {Outcome.STOPPED}
    assert "the price list is wrong" in (results["0"].error or "")
    assert service.created == 0
    board.resume(dsn, "purpose:test")
    with make() as gateway:
        assert {result.outcome for result in run(gateway, 5).values()} == {Outcome.OK}


def test_a_stop_ends_the_wait_for_a_batch_and_a_later_run_takes_its_answers(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    service.reset(polls=1_000_000)

    def stop(progress: Any) -> None:
        board.stop(dsn, "", reason="pause", by="ann")

    with make() as gateway:
        results = run(gateway, 5, on_progress=stop, poll_s=0.2)
    assert {result.outcome for result in results.values()} == {Outcome.PENDING}
    board.resume(dsn, "")
    service.switches.polls = 1
    with make() as gateway:
        assert {result.outcome for result in run(gateway, 5).values()} == {Outcome.OK}
    assert set(service.answered.values()) == {1}


def test_answers_without_token_counts_are_estimated_and_priced_and_free_where_it_is_declared(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(usage=False)
    with make() as gateway:
        run(gateway, 1)
    row = rows().get()
    assert (row.prompt_tokens > 0, row.completion_tokens > 0, row.tokens_estimated) == (True, True, True)
    assert row.cost_usd > 0
    with make(model="our-model", prices={"free_endpoints": [service.base_url]}) as gateway:
        run(gateway, 1)
    assert rows().filter(model="our-model").get().cost_usd == 0


def test_money_that_a_batch_did_not_use_up_sends_a_further_one_in_the_same_run(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    # Set aside for 4,000 tokens of answer each, 0.0012 USD; an answer costs 0.000105: four fit at first.
    limit = Decimal("0.005")
    requests = [asked(i, max_tokens=4_000) for i in range(10)]
    with make(budget_usd=limit, run_id="r") as gateway:
        results = list(gateway.batches(list_lag=timedelta(0)).run_batch(requests))
    assert {result.outcome for result in results} == {Outcome.OK}
    assert service.created == 3
    assert set(service.answered.values()) == {1}
    assert of_run(dsn) == (paid(), Decimal(0))
    assert paid() <= limit
