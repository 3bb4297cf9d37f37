"""Money that processes share is locked in one order: nobody waits for somebody who waits for him."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from vitrina.llm import purses
from vitrina.llm.batch import holds
from vitrina.llm.budget import Purse
from vitrina.llm.link import join
from vitrina.llm.purses import SharedTill, budget_states, settle_dead

LIMIT = Decimal(100)


class Paused:
    """A connection that tells of one statement, and waits a while before it goes on after it."""

    def __init__(self, connection: Any, after: object, tells: threading.Event, waits: threading.Event) -> None:
        self._connection, self._after, self._tells, self._waits = connection, after, tells, waits

    def execute(self, statement: Any, *values: Any) -> Any:
        found = self._connection.execute(statement, *values)
        if statement is self._after:
            self._tells.set()
            self._waits.wait(0.5)  # in the right order the other one cannot come so far
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("taken_for_dead", [False, True])
def test_a_block_is_taken_while_a_batch_s_money_is_put_aside(database: str, taken_for_dead: bool) -> None:
    link = join(database)
    till, purse = SharedTill(link, concurrency=1), Purse("shared", LIMIT)
    locked, reserved_now, nobody = threading.Event(), threading.Event(), threading.Event()
    nobody.set()
    assert asyncio.run(till.grant(purse, Decimal(1))) > 0
    first = purse_rows(database)["shared"][1]

    def set_aside() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            slow: Any = Paused(connection, holds._MY_BLOCK, locked, reserved_now)
            with connection.transaction():
                holds.take_over(slow, link.holder, {"shared": first + 10})

    def settle() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("UPDATE llm_process SET backend_pid = 0, beat_at = now() - interval '1 day'")
            settle_dead(Paused(connection, purses._DEAD, locked, reserved_now))  # type: ignore[arg-type]

    def take(connection: Any) -> Decimal:
        locked.wait(120)
        return till._grant(Paused(connection, purses._RESERVE, reserved_now, nobody), purse, Decimal(1))  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(settle if taken_for_dead else set_aside)
        granted = link.submit(take).result(timeout=120)
        other.result(timeout=120)
    assert granted > 0
    _, reserved = purse_rows(database)["shared"]
    if taken_for_dead:
        assert till._held["shared"] == granted, "the former block is no longer this process's"
    else:
        assert reserved == first + 10 + granted
    link.submit(till.close).result(timeout=120)
    link.leave()


def purse_rows(dsn: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Used and reserved of each budget."""
    with psycopg.connect(dsn) as connection:
        return {row["name"]: (row["used_usd"], row["reserved_usd"]) for row in budget_states(connection)}
