"""Single calls gathered into groups.

Belongs here: one small class that lets many coroutines share few round trips to a slow synchronous store.
Stays out: what the store does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Runs ``work(items) -> results`` in an executor, for groups of items that came close together.

    A group leaves when it holds ``max_size`` items or ``linger_s`` after its first came, whichever is first; while one
    group is at work the next one gathers, and that time counts. Each caller waits for the end of its own group: when
    ``call`` returns, its item was worked on. An error of a group is raised to every caller in it.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R]], executor: Executor, *, max_size: int, linger_s: float
    ) -> None:
        self._work = work
        self._executor = executor
        self._max_size = max_size
        self._linger_s = linger_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._first_at = 0.0
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def call(self, item: T) -> R:
        """Hands in one item and waits for its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        if not self._waiting:
            self._first_at = loop.time()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._max_size:
            self._full.set()
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def finish(self) -> None:
        """Waits until everything that was handed in is done."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                left = self._first_at + self._linger_s - loop.time()
                if left > 0 and len(self._waiting) < self._max_size:
                    self._full.clear()
                    timer = loop.call_later(left, self._full.set)
                    await self._full.wait()
                    timer.cancel()
                group, self._waiting = self._waiting[: self._max_size], self._waiting[self._max_size :]
                self._first_at = loop.time()  # of what was left behind
                try:
                    results = await loop.run_in_executor(self._executor, self._work, [item for item, _ in group])
                except Exception as error:  # noqa: BLE001 - each caller gets it
                    for _, future in group:
                        if not future.done():
                            future.set_exception(error)
                    continue
                for (_, future), result in zip(group, results, strict=True):
                    if not future.done():
                        future.set_result(result)
        finally:
            self._task = None
