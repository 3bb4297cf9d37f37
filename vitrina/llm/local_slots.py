"""Places among the calls in flight of this process alone.

Belongs here: the one class, for ledgers in memory and the embedded service. Stays out: places that processes share
(``vitrina.llm.slots``).
"""

from __future__ import annotations

import asyncio
from collections import deque


class LocalSlots:
    """Places of this process alone."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiters: deque[asyncio.Future[None]] = deque()

    def try_take(self) -> int | None:
        """A place, when one is free and nobody waits."""
        if self._free <= 0 or self._waiters:
            return None
        self._free -= 1
        return 0

    async def take(self) -> int:
        """A place, when one is free."""
        if (slot := self.try_take()) is not None:
            return slot
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give(0)
            raise
        return 0

    def give(self, slot: int) -> None:  # noqa: ARG002 - they are all alike
        """Gives a place back, or to who waits."""
        while self._waiters:
            future = self._waiters.popleft()
            if not future.done():
                future.set_result(None)
                return
        self._free += 1
