"""Places among calls in flight that all processes share: advisory locks (class of the resource, number 1 to n).

Belongs here: what users hold in their hands, synchronous and asynchronous. Stays out: handing over
(``vitrina.llm.slot_pool``), the connection (``vitrina.llm.link``).

A place that a killed process held is free at once, since its session is gone. In each process one waiter asks the
database, for all; places are handed over inside the process, and while another process waits in vain, one in three is
given back for it. Without the database the limit is kept by each process alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from vitrina.llm.link import STALE_S, join
from vitrina.llm.slot_pool import SlotPool


class SharedSlots:
    """At most ``limit`` holders of ``resource`` at a time, over all processes that use this database.

    Close it at the end. A process uses one limit for a resource: the newest one counts.

    Args:
        dsn: Of a direct connection, as psycopg takes it.
        resource: A word such as ``llm``, ``image``, ``task``.
    """

    def __init__(self, dsn: str, resource: str, limit: int, *, stale_s: float = STALE_S) -> None:
        self._link = join(dsn, stale_s=stale_s)
        with _POOLS_LOCK:
            pools = _POOLS.setdefault(self._link.holder, {})
            pool = pools.get(resource)
            if pool is None:
                pool = pools[resource] = SlotPool(self._link, resource, limit)
                self._link.add(pool)
            pool.limit = limit
            pool.users += 1
        self.pool = pool

    def try_take(self) -> int | None:
        """A place, when this process holds an idle one."""
        return self.pool.try_take()

    async def take(self) -> int:
        """A place, when one is free; cancelling gives it up."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        thread = threading.get_ident()

        def arrived(slot: int) -> None:
            if future.done():
                self.pool.give(slot)
            else:
                future.set_result(slot)

        def deliver(slot: int) -> None:
            if threading.get_ident() == thread:
                arrived(slot)
                return
            try:
                loop.call_soon_threadsafe(arrived, slot)
            except RuntimeError:  # the loop was closed: nobody waits any more
                self.pool.give(slot)

        waiter = self.pool.wait(deliver)
        try:
            return await future
        except asyncio.CancelledError:
            waiter.gone = True
            if future.done() and not future.cancelled():
                self.pool.give(future.result())
            raise

    def give(self, slot: int) -> None:
        """Gives a place back."""
        self.pool.give(slot)

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        """A place for the time of a block."""
        slot = await self.take()
        try:
            yield
        finally:
            self.give(slot)

    @contextmanager
    def held(self, timeout_s: float | None = None) -> Iterator[None]:
        """A place for the time of a block, for threads.

        Raises:
            TimeoutError: None became free in time.
        """
        slot = self.try_take()
        if slot is None:
            slot = self._wait(timeout_s)
        try:
            yield
        finally:
            self.give(slot)

    def _wait(self, timeout_s: float | None) -> int:
        arrived, lock, got = threading.Event(), threading.Lock(), []
        late = False

        def deliver(slot: int) -> None:
            with lock:
                if not late:
                    got.append(slot)
                    arrived.set()
                    return
            self.pool.give(slot)

        waiter = self.pool.wait(deliver)
        try:
            arrived.wait(timeout_s)
            with lock:
                late = waiter.gone = True
        except BaseException:
            with lock:
                late = waiter.gone = True
            for slot in got:
                self.pool.give(slot)
            raise
        if got:
            return got[0]
        raise TimeoutError(f"No place for {self.pool.resource} became free within {timeout_s:g} s.")

    def close(self) -> None:
        """Gives idle places back; the last one of a process closes the connection."""
        with _POOLS_LOCK:
            self.pool.users -= 1
            if not self.pool.users:
                _POOLS[self._link.holder].pop(self.pool.resource)
                self._link.remove(self.pool)
                self.pool.close()
                if not _POOLS[self._link.holder]:
                    _POOLS.pop(self._link.holder)
        self._link.leave()


_POOLS_LOCK = threading.Lock()
_POOLS: dict[str, dict[str, SlotPool]] = {}
