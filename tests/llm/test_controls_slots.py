"""Places that processes share: never more than the limit, freed by a kill, taken from who hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from vitrina.llm.overview import slot_states
from vitrina.llm.slots import SharedSlots
from vitrina.project.database import with_role
from vitrina.project.roles import DESK, PIPELINE

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
    import asyncio, sys, time
    from vitrina.llm.slots import SharedSlots

    dsn, calls, limit, hold = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    slots = SharedSlots(dsn, "thing", limit, stale_s=2.0)

    async def one():
        async with slots.holding():
            print("+", time.monotonic(), flush=True)
            await asyncio.sleep(hold)
            print("-", time.monotonic(), flush=True)

    async def main():
        await asyncio.gather(*[one() for _ in range(calls)])

    asyncio.run(main())
    slots.close()
"""

GREEDY = """
    import asyncio, sys
    from vitrina.llm.slots import SharedSlots

    slots = SharedSlots(sys.argv[1], "thing", 4)

    async def again_and_again():
        while True:
            async with slots.holding():
                print("+", flush=True)
                await asyncio.sleep(0.05)

    async def main():
        await asyncio.gather(*[again_and_again() for _ in range(4)])

    asyncio.run(main())
"""

ASKER = """
    import sys
    from tests.llm.conftest import question
    from vitrina.llm.config import GatewayConfig
    from vitrina.llm.gateway import Gateway
    from vitrina.llm.ledger_postgres import PostgresLedger

    url, dsn, number = sys.argv[1:]
    with Gateway(GatewayConfig(base_url=url, model="gpt-4o-mini", concurrency=6), PostgresLedger(dsn)) as gateway:
        print(sum(r.ok for r in gateway.run(question(f"{number}-{i}") for i in range(60))))
"""


def start(script, *arguments) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def most_at_once(outputs, killed_at=None) -> int:
    events = []
    for number, output in enumerate(outputs):
        lines = [line.split() for line in output.splitlines() if line[:1] in "+-" and len(line.split()) == 2]
        events += [(float(at), 1 if sign == "+" else -1) for sign, at in lines]
        if killed_at is not None and number == 0:
            events += [(killed_at, -1)] * sum(1 if sign == "+" else -1 for sign, _ in lines)
    count = most = 0
    for _, step in sorted(events):
        count += step
        most = max(most, count)
    return most


def test_four_processes_never_have_more_calls_in_flight_than_the_limit_of_all(database, llm_server):
    llm_server.reset(latency_s=0.05)
    clients = [start(ASKER, llm_server.base_url, database, number) for number in range(4)]
    answered = [int(client.communicate(timeout=60)[0]) for client in clients]
    assert answered == [60] * 4
    stats = llm_server.stats()
    assert stats["peak"] == 6
    assert set(stats["paid"].values()) == {1}


def test_a_killed_process_frees_its_places_at_once(database):
    clients = [start(HOLDER, database, 20, 5, 0.2) for _ in range(4)]
    with ExitStack() as stack:
        for client in clients:
            stack.callback(client.kill)
        first = clients[0].stdout.readline()  # it holds a place now
        killed_at = time.monotonic()
        os.kill(clients[0].pid, signal.SIGKILL)
        outputs = [client.communicate(timeout=60)[0] for client in clients]
    outputs[0] = first + outputs[0]
    assert [output.count("-") for output in outputs[1:]] == [20] * 3
    assert most_at_once(outputs, killed_at) <= 5
    with psycopg.connect(database) as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        ).fetchone()[0]
    assert left == 0


@pytest.mark.parametrize("role", ["", PIPELINE])
def test_a_process_that_hangs_loses_its_places(database, role):
    """Also to a process of another role of the same log-in: pipelines and desk share limits."""
    hung = start(HOLDER, with_role(database, role), 2, 2, 600)
    try:
        for _ in range(2):
            assert hung.stdout.readline().startswith("+")
        os.kill(hung.pid, signal.SIGSTOP)
        mine = with_role(database, role and DESK)
        slots, images = SharedSlots(mine, "thing", 2, stale_s=2.0), SharedSlots(mine, "image", 2)
        with slots.held(timeout_s=30), images.held():
            assert [one["held"] for one in slot_states(mine)["image"] if one["pid"] == os.getpid()] == [1]
        slots.close()
        images.close()
    finally:
        os.kill(hung.pid, signal.SIGKILL)
        hung.wait()


def test_threads_and_tasks_share_one_limit(database):
    slots = SharedSlots(database, "image", 3)
    count, most, lock = 0, 0, threading.Lock()

    def enter(step):
        nonlocal count, most
        with lock:
            count += step
            most = max(most, count)

    def thread():
        for _ in range(5):
            with slots.held():
                enter(1)
                time.sleep(0.01)
                enter(-1)

    async def task():
        async with slots.holding():
            enter(1)
            await asyncio.sleep(0.01)
            enter(-1)

    async def tasks():
        await asyncio.gather(*[task() for _ in range(30)])

    threads = [threading.Thread(target=thread) for _ in range(4)]
    for one in threads:
        one.start()
    asyncio.run(tasks())
    for one in threads:
        one.join()
    slots.close()
    assert most == 3


def test_who_waits_too_long_is_told(database):
    slots = SharedSlots(database, "image", 1)
    with slots.held(), pytest.raises(TimeoutError, match="image"), slots.held(timeout_s=0.05):
        pass
    with slots.held(timeout_s=5):  # the place of who gave up is not lost
        pass
    slots.close()


def test_a_cancelled_task_leaves_its_place_to_the_others(database):
    slots = SharedSlots(database, "image", 1)

    async def main():
        held = await slots.take()
        waiting = [asyncio.create_task(slots.take()) for _ in range(5)]
        await asyncio.sleep(0.02)
        for one in waiting[:4]:
            one.cancel()
        slots.give(held)
        slots.give(await asyncio.wait_for(waiting[4], 10))
        async with slots.holding():
            pass

    asyncio.run(main())
    slots.close()


def test_without_a_database_each_process_keeps_the_limit_by_itself(tmp_path):
    slots = SharedSlots(f"postgresql:///none?host={tmp_path}", "image", 2)
    with slots.held(timeout_s=10), slots.held(timeout_s=10), pytest.raises(TimeoutError), slots.held(timeout_s=0.1):
        pass
    slots.close()


def test_a_lost_connection_is_made_anew_and_the_limit_holds(database):
    slots = SharedSlots(database, "image", 2)
    with slots.held():
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'vitrina-llm-link' AND datname = current_database()"
            )
        time.sleep(0.05)
        with slots.held(timeout_s=20), pytest.raises(TimeoutError), slots.held(timeout_s=0.1):
            pass
    slots.close()


def test_who_comes_later_gets_a_share_also_where_nobody_else_ever_waits(database):
    """As many callers as places: each takes its place again before another process could."""
    greedy = start(GREEDY, database)
    try:
        for _ in range(8):
            greedy.stdout.readline()
        slots = SharedSlots(database, "thing", 4)
        with slots.held(timeout_s=60), slots.held(timeout_s=60):
            assert greedy.poll() is None
        slots.close()
    finally:
        greedy.kill()
        greedy.communicate()
