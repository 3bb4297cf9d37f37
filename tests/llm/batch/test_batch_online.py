"""Online runs beside batches that are under way: nothing is asked, and paid, in both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.batch_server import BatchServer
from tests.llm.batch.asking import asked, rows, run
from vitrina.llm.batch.store import PostgresBatches
from vitrina.llm.gateway import Gateway
from vitrina.llm.outcomes import GatewayConfigError, Outcome
from vitrina.llm.overview import open_batches
from vitrina.llm.structured import Contract, InvalidAnswerError


def online(gateway: Gateway, count: int, **values: Any) -> dict[str, Outcome]:
    with gateway:
        return {r.request.item_id: r.outcome for r in gateway.run((asked(i) for i in range(count)), **values)}


def test_an_online_run_leaves_what_waits_in_a_batch_and_a_later_one_takes_its_answers(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    service.reset(polls=1_000_000)
    run(make(), 6, wait_s=0.0)
    found = online(make(mode="online"), 8)
    assert found == {str(i): Outcome.PENDING if i < 6 else Outcome.OK for i in range(8)}
    assert service.online == 2
    [batch] = open_batches(dsn)
    assert (batch["remote_id"], batch["requests"], batch["waiting"]) == ("batch_1", 6, 6)
    service.switches.polls = 1
    assert set(online(make(mode="online"), 8).values()) == {Outcome.OK}
    assert (service.online, service.created, set(service.answered.values())) == (2, 1, {1})
    assert open_batches(dsn) == []
    assert rows().filter(status="ok").count() == 8
    assert rows().exclude(batch_id="").count() == 6


def test_a_batch_is_asked_for_once_in_a_while_and_not_by_every_run_of_a_gateway(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=1_000_000)
    run(make(), 2, wait_s=0.0)
    before = service.batches["batch_1"].polls
    with make(mode="online", batch_poll_s=600.0) as gateway:
        for _ in range(3):
            assert {r.outcome for r in gateway.run([asked(0)])} == {Outcome.PENDING}
    assert service.batches["batch_1"].polls == before + 1


def test_whoever_cannot_wait_may_ask_and_pay_twice(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(polls=1_000_000)
    run(make(), 3, wait_s=0.0)
    assert set(online(make(mode="online", batch_pending="ask"), 3).values()) == {Outcome.OK}
    assert service.online == 3
    with pytest.raises(GatewayConfigError, match="AI_BATCH_PENDING"):
        make(batch_pending="perhaps")


def test_the_second_call_of_a_broken_contract_is_left_to_its_batch_too(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    def judge(request: Any, data: Any) -> Any:
        if data["answer"] != "again":
            raise InvalidAnswerError(["say it again"])
        return data["answer"]

    contract = Contract(judge, repair=lambda request, text, problems: [{"role": "user", "content": "again"}])
    run(make(), 1)
    service.switches.polls = 1_000_000
    assert run(make(), 1, contract=contract, wait_s=0.0)["0"].outcome is Outcome.PENDING
    assert online(make(mode="online"), 1, contract=contract) == {"0": Outcome.PENDING}
    service.switches.polls = 1
    assert online(make(mode="online"), 1, contract=contract) == {"0": Outcome.OK}
    assert service.online == 0


def test_an_online_run_goes_on_where_another_process_collects_or_the_service_does_not_answer(
    make: Callable[..., Gateway], service: BatchServer, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    service.reset(polls=1_000_000)
    run(make(), 2, wait_s=0.0)
    before = service.batches["batch_1"].polls
    with PostgresBatches(dsn).lock(service.base_url) as mine:
        assert mine
        assert online(make(mode="online"), 3) == {"0": Outcome.PENDING, "1": Outcome.PENDING, "2": Outcome.OK}
    assert service.batches["batch_1"].polls == before
    service.switches.refuse_all = True
    assert online(make(mode="online"), 3) == {"0": Outcome.PENDING, "1": Outcome.PENDING, "2": Outcome.OK}
    assert "not collected" in caplog.text


def test_questions_of_a_batch_that_ended_without_them_are_asked_online(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=1_000_000, expire=1.0)
    run(make(), 3, wait_s=0.0)
    service.switches.polls = 1
    assert set(online(make(mode="online"), 3).values()) == {Outcome.OK}
    assert (service.online, sum(service.answered.values())) == (3, 0)
