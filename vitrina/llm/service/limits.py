"""What keeps one service from being asked too much.

Belongs here: places for requests, deadlines, clients that go away. Stays out: what requests do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from vitrina.llm.service.wire import ApiError

T = TypeVar("T")

#: Seconds that a client is asked to wait when the queue is full.
_WAIT_S = 2


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class Places:
    """At most so many requests are under way; the next one gets 429 at once instead of waiting unseen.

    Args:
        limit: ``None`` for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.taken = 0

    def take(self, *, free: bool = False) -> Callable[[], None]:
        """Takes one place; returns the function that gives it back, which may be called more than once.

        Args:
            free: Takes a place that is not counted (calls in process, which the gateway limits).

        Raises:
            ApiError: There is none.
        """
        if free:
            return lambda: None
        if self.limit is not None and self.taken >= self.limit:
            told = f"{self.taken} requests are under way, which is the limit of this service (SERVE_QUEUE)."
            raise ApiError(429, told, "rate_limit_exceeded", retry=True, wait_s=_WAIT_S)
        self.taken += 1
        held = True

        def give() -> None:
            nonlocal held
            self.taken -= held
            held = False

        return give


async def waited_for(request: Request, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """Runs work for as long as the client waits and the deadline lets it.

    Raises:
        ClientGone: It hung up; the work was cancelled.
        ApiError: The deadline (504).
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, gone), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise ClientGone
        raise too_late(timeout_s)
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def streamed(request: Request, pieces: AsyncGenerator[T, None], timeout_s: float) -> AsyncGenerator[T, None]:
    """The same for a stream, whose whole life is inside the deadline. Closes ``pieces``.

    Raises:
        ClientGone: It hung up.
        ApiError: The deadline (504).
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    # A server tells of a hang-up only when the next piece is sent, and the next piece may be minutes away.
    gone = asyncio.ensure_future(_gone(request))
    step: asyncio.Future[T] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(pieces))
            left = deadline - asyncio.get_running_loop().time()
            await asyncio.wait((step, gone), timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
            if step.done():
                try:
                    yield step.result()
                except StopAsyncIteration:
                    return
            elif gone.done():
                raise ClientGone
            else:
                raise too_late(timeout_s)
    finally:
        gone.cancel()
        if step is not None:
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        await pieces.aclose()


def too_late(timeout_s: float) -> ApiError:
    """The error of a deadline."""
    return ApiError(504, f"No whole answer within {timeout_s:g} s (SERVE_TIMEOUT_SECONDS).", "timeout", retry=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
