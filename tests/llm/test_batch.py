"""The provider's batch service: paid once, nothing lost, whatever happens in between."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.batch_server import BatchServer, running_batch_server
from vitrina.llm.batch.files import read_line
from vitrina.llm.batch.remote import BatchRefusedError
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import GatewayConfigError, Outcome
from vitrina.llm.structured import Contract, InvalidAnswerError


@pytest.fixture(scope="module")
def _service() -> Iterator[BatchServer]:
    with running_batch_server() as server:
        yield server


@pytest.fixture
def service(_service: BatchServer) -> BatchServer:
    _service.reset()
    return _service


@pytest.fixture
def dsn(database: Any, settings: Any) -> str:
    from vitrina.project.database import database_url, psycopg_dsn

    return psycopg_dsn(database_url(settings))


@pytest.fixture
def make(service: BatchServer, dsn: str) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways of batch mode over the test's database."""
    made: list[Any] = []

    def gateway(**values: Any) -> Gateway:
        values = {"mode": "batch", "model": "gpt-4o-mini", "batch_poll_s": 0.01, "batch_wait_s": 60.0, **values}
        ledger = PostgresLedger(dsn)
        made.append(Gateway(GatewayConfig(base_url=service.base_url, **values), ledger))
        made.append(ledger)
        return made[-2]

    yield gateway
    for one in made:
        one.close()


def asked(item: object, **values: Any) -> ChatRequest:
    messages = [{"role": "user", "content": f"question {item}"}]
    return ChatRequest(messages, **{"purpose": "test", "item_id": str(item), "max_tokens": 100, **values})


def run(gateway: Gateway, count: int, **values: Any) -> dict[str, Any]:
    results = list(gateway.batches(list_lag=timedelta(0)).run_batch([asked(i) for i in range(count)], **values))
    assert len(results) == count
    return {result.request.item_id: result for result in results}


def rows() -> Any:
    from vitrina.llm.models import LlmAttempt

    return LlmAttempt.objects.all()


def test_a_run_in_batch_mode_answers_at_half_the_price_and_online_runs_find_the_answers(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=3)
    told: list[Any] = []
    gateway = make()
    results = list(gateway.run((asked(i) for i in range(40)), progress=told.append))
    assert [result.outcome for result in results] == ["ok"] * 40
    assert {result.cached for result in results} == {False}
    assert json.loads(results[0].text or "")["answer"] == f"question {results[0].request.item_id}"
    assert (service.created, set(service.answered.values())) == (1, {1})
    assert told[-1].done == 40
    row = rows().first()
    # 1,000 tokens in and 100 out of gpt-4o-mini are 0.00021 USD online.
    assert (row.cost_usd, row.batch_id, row.price_source.endswith("batch x0.5")) == (
        Decimal("0.00010500"),
        "batch_1",
        True,
    )
    assert gateway.summary()["by_outcome"] == {"ok": 40}
    online = list(make(mode="online").run(asked(i) for i in range(40)))
    assert {result.cached for result in online} == {True}
    assert service.online == 0


def test_a_second_run_pays_nothing(make: Callable[..., Gateway], service: BatchServer) -> None:
    run(make(), 10)
    before = rows().count()
    again = run(make(), 10)
    assert {result.cached for result in again.values()} == {True}
    assert (service.created, rows().count()) == (1, before)


def test_of_an_expired_batch_what_came_is_kept_and_only_the_rest_is_sent_again(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(expire=0.5)
    results = run(make(), 60)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert service.created == 2
    assert set(service.answered.values()) == {1}
    assert len(service.answered) == 60
    first = service.files["file-1"].count(b"\n")
    second = service.files["file-2"].count(b"\n")
    assert first == 60
    assert 15 < second < 45
    assert rows().count() == 60


def test_the_answer_to_a_creation_that_is_lost_makes_no_second_batch(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(lose_create=1)
    results = run(make(), 5)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert service.created == 1
    assert set(service.answered.values()) == {1}


def test_failed_rows_end_by_their_class(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(errors=0.3, refuse=0.3)
    results = run(make(), 60)
    outcomes = {result.outcome for result in results.values()}
    assert outcomes == {Outcome.OK, Outcome.PERMANENT}
    refused = [result for result in results.values() if result.outcome is Outcome.PERMANENT]
    assert all("bad request" in (result.error or "") for result in refused)
    assert rows().filter(status="permanent", ended=True).count() == len(refused)
    assert rows().filter(status="server", ended=False).count() > 0
    assert set(service.answered.values()) == {1}
    assert not rows().exclude(status="ok").exclude(cost_usd=0).exists()


def test_rows_that_always_fail_end_after_three_tries(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(errors=1.0, first_only=False)
    results = run(make(), 4)
    assert {(result.outcome, result.ok) for result in results.values()} == {(Outcome.SERVER, False)}
    assert service.created == 3
    assert rows().filter(ended=True).count() == 4


def test_a_cut_answer_is_asked_again_with_more_room(make: Callable[..., Gateway], service: BatchServer) -> None:
    service.reset(truncate=1.0, needs_tokens=150)
    results = run(make(), 3)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert [json.loads(line)["body"]["max_tokens"] for line in service.files["file-2"].splitlines()] == [200] * 3
    assert rows().filter(status="truncated", answered=False).count() == 3


def test_a_batch_that_the_provider_refuses_ends_its_requests_with_the_reason(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(fail="Enqueued token limit reached")
    results = run(make(), 3)
    assert {result.outcome for result in results.values()} == {Outcome.SERVER}
    assert all("Enqueued token limit" in (result.error or "") for result in results.values())
    assert service.created == 3


def test_files_keep_their_limits(make: Callable[..., Gateway], service: BatchServer) -> None:
    gateway = make()
    ids = gateway.batches(max_requests=4, list_lag=timedelta(0)).submit([asked(i) for i in range(10)])
    assert len(ids) == 3
    assert sorted(data.count(b"\n") for data in service.files.values()) == [2, 4, 4]
    service.reset()
    batches = make(model="gpt-4o").batches(max_bytes=400, list_lag=timedelta(0))
    results = list(batches.run_batch([asked("a"), asked("b"), asked("x" * 500)]))
    assert sorted(result.outcome for result in results) == ["ok", "ok", "permanent"]
    assert all(len(data) <= 400 for name, data in service.files.items() if "batch" not in name)


def test_a_batch_that_the_account_has_no_more_is_sent_anew(make: Callable[..., Gateway], service: BatchServer) -> None:
    make().batches().submit([asked(i) for i in range(4)])
    service.reset()
    assert {result.outcome for result in run(make(), 4).values()} == {Outcome.OK}
    assert set(service.answered.values()) == {1}


def test_models_do_not_share_a_file(make: Callable[..., Gateway], service: BatchServer) -> None:
    make().batches().submit([asked(1), asked(2, model="gpt-4o"), asked(3)])
    models = [{json.loads(line)["body"]["model"] for line in data.splitlines()} for data in service.files.values()]
    assert sorted(models, key=str) == [{"gpt-4o"}, {"gpt-4o-mini"}]


def test_what_is_under_way_is_not_put_into_a_second_batch_and_waits_for_a_later_run(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=1_000_000)
    first = run(make(), 6, wait_s=0.0)
    assert {(result.outcome, result.error_class) for result in first.values()} == {(Outcome.PENDING, "pending")}
    second = run(make(), 8, wait_s=0.0)
    assert {result.outcome for result in second.values()} == {Outcome.PENDING}
    assert [data.count(b"\n") for data in service.files.values()] == [6, 2]
    service.switches.polls = 1
    third = run(make(), 8)
    assert {result.outcome for result in third.values()} == {Outcome.OK}
    assert (service.created, set(service.answered.values())) == (2, {1})


def test_two_processes_with_the_same_requests_put_each_into_one_batch(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=3)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda gateway: run(gateway, 30), [make(), make()]))
    assert [{result.outcome for result in results.values()} for results in both] == [{Outcome.OK}] * 2
    assert set(service.answered.values()) == {1}
    assert rows().count() == 30


def test_a_cancelled_batch_gives_what_it_has_and_the_rest_is_sent_again(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    service.reset(polls=1_000_000)
    batches = make().batches(list_lag=timedelta(0))
    batches.submit([asked(i) for i in range(10)])
    assert batches.cancel() == ["batch_1"]
    service.switches.polls = 1
    results = run(make(), 10)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert set(service.answered.values()) == {1}


def test_an_answer_that_breaks_its_contract_gets_its_second_call_in_a_further_batch(
    make: Callable[..., Gateway], service: BatchServer
) -> None:
    def judge(request: ChatRequest, data: Any) -> Any:
        if "again" not in data["answer"] and request.item_id == "1":
            raise InvalidAnswerError(["say it again"])
        return data["answer"]

    contract = Contract(judge, repair=lambda request, text, problems: [{"role": "user", "content": "again"}])
    results = run(make(), 3, contract=contract)
    assert (results["1"].ok, results["1"].repaired, results["1"].parsed) == (True, True, "again")
    assert results["0"].parsed == "question 0"
    assert service.created == 2
    assert service.online == 0


def test_a_budget_is_set_aside_before_a_batch_is_sent(make: Callable[..., Gateway], service: BatchServer) -> None:
    # A question is about 15 tokens in and 100 out: 0.00003 USD at half the price.
    results = run(make(budget_usd=Decimal("0.00010")), 10)
    outcomes = [result.outcome for result in results.values()]
    assert set(outcomes) == {Outcome.OK, Outcome.BUDGET}
    assert 1 <= outcomes.count(Outcome.OK) <= 5
    assert service.files["file-1"].count(b"\n") == outcomes.count(Outcome.OK)


def test_an_endpoint_without_a_batch_service_is_told_in_words(make: Callable[..., Gateway], llm_server: Any) -> None:
    llm_server.reset(status=404, error="no such address")
    config = GatewayConfig(base_url=llm_server.base_url, model="m", mode="batch")
    with Gateway(config, make().ledger) as wrong, pytest.raises(BatchRefusedError) as refused:
        list(wrong.run([asked(1)]))
    assert "AI_MODE" in str(refused.value.hint)
    from vitrina.llm.models import LlmBatch, LlmBatchItem

    assert LlmBatch.objects.get().status == "failed"
    assert LlmBatchItem.objects.get().status == "unanswered"


def test_batches_need_a_database(service: BatchServer) -> None:
    with (
        Gateway(GatewayConfig(base_url=service.base_url, model="m", mode="batch"), MemoryLedger()) as gateway,
        pytest.raises(GatewayConfigError),
    ):
        list(gateway.run([asked(1)]))


_CHILD = """
import sys
from datetime import timedelta
from vitrina.llm.batch import remote
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger_postgres import PostgresLedger
from tests.llm.test_batch import asked
dsn, url, stop = sys.argv[1:]
import os, signal
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if stop == "before_create":
    remote.BatchApi.create = die
elif stop == "after_create":
    real = remote.BatchApi.create
    async def create(self, *values):
        await real(self, *values)
        die()
    remote.BatchApi.create = create
elif stop == "while_collecting":
    from vitrina.llm.batch.store import PostgresBatches
    PostgresBatches.end = die
config = GatewayConfig(base_url=url, model="gpt-4o-mini", mode="batch", batch_poll_s=0.01)
with Gateway(config, PostgresLedger(dsn)) as gateway:
    list(gateway.batches(list_lag=timedelta(0)).run_batch([asked(i) for i in range(20)]))
"""


@pytest.mark.parametrize("stop", ["before_create", "after_create", "while_collecting"])
def test_a_killed_process_is_gone_on_with_and_nothing_is_paid_twice(
    make: Callable[..., Gateway], service: BatchServer, dsn: str, stop: str
) -> None:
    root = Path(__file__).resolve().parents[2]
    child = subprocess.run([sys.executable, "-c", _CHILD, dsn, service.base_url, stop], cwd=root, timeout=120)
    assert child.returncode == -9
    results = run(make(), 20)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert (service.created, len(service.answered), set(service.answered.values())) == (1, 20, {1})
    assert rows().count() == 20


def test_a_batch_that_appears_in_the_list_late_is_waited_for(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", _CHILD, dsn, service.base_url, "after_create"]
    subprocess.run(command, cwd=root, timeout=120)
    service.switches.list_lag = 1
    began = time.monotonic()
    results = list(make().batches(list_lag=timedelta(seconds=30)).run_batch([asked(i) for i in range(20)]))
    assert {result.outcome for result in results} == {Outcome.OK}
    assert service.created == 1
    assert time.monotonic() - began < 30


@given(st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), st.dictionaries(
    st.sampled_from(["custom_id", "response", "error", "id"]),
    st.none() | st.text(max_size=5) | st.dictionaries(
        st.sampled_from(["status_code", "body", "code", "message", "request_id"]),
        st.none() | st.integers(100, 600) | st.text(max_size=5) | st.dictionaries(st.text(max_size=3), st.none()),
    ),
)))  # fmt: skip
def test_no_line_of_a_file_trips_the_reader(raw: bytes) -> None:
    line = read_line(raw)
    assert line is None or isinstance(line.key, str)


def test_a_runs_tag_or_the_resources_field_chooses_the_mode(settings: Any, database: Any) -> None:
    from resources.llm import MODE_TAG, LlmResource

    for resource, tags, mode in (
        (LlmResource(), {}, "online"),
        (LlmResource(), {MODE_TAG: "batch"}, "batch"),
        (LlmResource(mode="replay"), {MODE_TAG: "batch"}, "replay"),
    ):
        with resource.gateway("run", tags) as gateway:
            assert gateway.config.mode == mode
