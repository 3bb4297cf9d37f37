"""Batches that are refused, cancelled, cut off by a kill, or come late; files and modes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.batch_server import BatchServer
from tests.llm.batch.asking import asked, rows, run
from vitrina.llm.batch.files import read_line
from vitrina.llm.batch.remote import BatchRefusedError
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import GatewayConfigError, Outcome


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
from tests.llm.batch.asking import asked
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
    root = Path(__file__).resolve().parents[3]
    child = subprocess.run([sys.executable, "-c", _CHILD, dsn, service.base_url, stop], cwd=root, timeout=240)
    assert child.returncode == -9
    results = run(make(), 20)
    assert {result.outcome for result in results.values()} == {Outcome.OK}
    assert (service.created, len(service.answered), set(service.answered.values())) == (1, 20, {1})
    assert rows().count() == 20


def test_a_batch_that_appears_in_the_list_late_is_waited_for(
    make: Callable[..., Gateway], service: BatchServer, dsn: str
) -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", _CHILD, dsn, service.base_url, "after_create"]
    subprocess.run(command, cwd=root, timeout=240)
    service.switches.list_lag = 1
    began = time.monotonic()
    results = list(make().batches(list_lag=timedelta(seconds=200)).run_batch([asked(i) for i in range(20)]))
    assert {result.outcome for result in results} == {Outcome.OK}
    assert service.created == 1
    assert time.monotonic() - began < 200


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
