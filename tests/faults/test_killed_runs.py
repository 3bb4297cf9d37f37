"""Runs killed with -9 in the middle, in a process of their own, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.fakes.catalogue import REPOSITORY, Ticker, csv_drop, goods, keys_of, put, run
from tests.fakes.llm_server import running_server
from tests.faults.answers import answer
from vitrina.config import get_settings

if TYPE_CHECKING:
    from tests.conftest import Processed

RUN = """
import sys
import dagster as dg
from tests.fakes.catalogue import run

with dg.DagsterInstance.ephemeral() as instance:
    run(sys.argv[1], instance, [sys.argv[2]], select=sys.argv[3:] or None)
"""


def start(job: str, key: str, *select: str, **settings: str) -> subprocess.Popen[bytes]:
    """The run in a process group of its own, on the test's database and home folder."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, job, key, *select],
        cwd=REPOSITORY,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_when(process: subprocess.Popen[bytes], due: Callable[[], bool], *, within: float = 600) -> None:
    """Kill -9 at the moment; the test fails when it never comes."""
    deadline = time.monotonic() + within
    try:
        while not due():
            assert process.poll() is None, f"ended with {process.returncode} before the moment"
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.02)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=120)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_texts_of_a_killed_run_are_neither_lost_nor_doubled_nor_paid_twice(
    processed: Processed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.content.models import ContentVersion
    from vitrina.llm.models import LlmAttempt

    put("drops/shop/a.csv", csv_drop(goods(80)))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    run("intake", processed.instance, [key])
    run("process_drop", processed.instance, [key], select=["product_categories"])
    mine = ContentVersion.objects.filter(product__source__slug="shop")
    in_flight = 5  # after the 25th text so many at once take eleven seconds more: the signal comes long before the end
    with running_server(content=answer(), latency_s=1.0) as server:
        to_server = {"OPENAI_BASE_URL": server.base_url, "AI_MODEL": "gpt-4o-mini", "AI_CONCURRENCY": str(in_flight)}
        process = start("process_drop", key, "product_descriptions", **to_server)
        kill_when(process, lambda: sum(server.stats()["paid"].values()) >= 25)
        killed = sum(server.stats()["paid"].values())
        assert killed < 80
        for name, value in to_server.items():
            monkeypatch.setattr(get_settings(), name.lower(), int(value) if value.isdigit() else value)
        assert run("process_drop", processed.instance, [key], select=["product_descriptions"]).success
        paid = Counter(server.stats()["paid"])
    assert mine.count() == 80
    assert len(set(mine.values_list("product", flat=True))) == 80
    assert set(mine.values_list("number", flat=True)) == {1}
    assert len(paid) == 80
    assert sum(paid.values()) - 80 <= in_flight, "paid twice is at most what was in flight"
    answered = LlmAttempt.objects.filter(endpoint__contains="127.0.0.1", answered=True)
    assert answered.values("item_id").distinct().count() == 80


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_drop_whose_intake_was_killed_is_read_whole_or_not_at_all(processed: Processed) -> None:
    from vitrina.catalog.models import Drop, Product

    put("drops/shop/a.csv", csv_drop(goods(8000)))
    [request] = Ticker("new_drops", processed.instance).settle()
    [key] = keys_of(request, processed.instance)
    mine = Product.objects.filter(source__slug="shop")

    def written() -> bool:
        """The products are there for the transaction that wrote them, which waits for the table after theirs."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE relation = 'catalog_quarantinedrow'::regclass AND NOT granted"
            )
            return bool(cursor.fetchone()[0])

    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE catalog_quarantinedrow IN ACCESS EXCLUSIVE MODE")
        kill_when(start("intake", key), written)
        assert mine.count() == 0
        assert Drop.objects.get(key=key).state == Drop.State.FOUND
    assert mine.count() == 0
    assert run("intake", processed.instance, [key]).success
    drop = Drop.objects.get(key=key)
    assert (drop.state, drop.rows, mine.count()) == (Drop.State.PARSED, 8000, 8000)
