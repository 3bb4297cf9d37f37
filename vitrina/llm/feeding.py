"""Many requests through the engine for a caller in another thread: a window ahead, results as they come.

Belongs here: bounded feeding, progress, letting calls on the wire end when the caller stops. Stays out: how requests
are answered (``vitrina.llm.engine``), the thread of the event loop (``vitrina.llm.gateway``).
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vitrina.llm.engine import Engine
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import ChatResult
from vitrina.llm.structured import Contract

#: Beyond a call's own deadline, for its row.
_LEDGER_S = 5.0
_PROGRESS_S = 1.0


@dataclass(slots=True, frozen=True)
class Progress:
    """Where a run stands. ``cost_usd`` is the sum of known costs of this gateway.

    ``waiting`` says in a sentence why nothing moves (an open breaker), and is empty else.
    """

    done: int
    ok: int
    failed: int
    cached: int
    cost_usd: Decimal
    waiting: str = ""


def fed(
    engine: Engine,
    loop: asyncio.AbstractEventLoop,
    requests: Iterable[ChatRequest],
    *,
    contract: Contract | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[ChatResult]:
    """Results of requests in any order, each exactly once; see :meth:`vitrina.llm.gateway.Gateway.run`.

    Raises:
        LedgerError: The ledger is out of reach.
    """
    results: queue.SimpleQueue[ChatResult | BaseException] = queue.SimpleQueue()
    tasks: set[asyncio.Task[None]] = set()

    async def one(request: ChatRequest) -> None:
        try:
            results.put(await engine.ask(request, contract=contract))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            results.put(error)

    def start(group: Sequence[ChatRequest]) -> None:
        for request in group:
            task = loop.create_task(one(request))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    source, flying, more = iter(requests), 0, True
    count, ok, cached, told = 0, 0, 0, time.monotonic()
    try:
        while True:
            if more and flying <= engine.window * 3 // 4:
                group: list[ChatRequest] = []
                while flying + len(group) < engine.window:
                    request = next(source, None)
                    if request is None:
                        more = False
                        break
                    group.append(request)
                flying += len(group)
                loop.call_soon_threadsafe(start, group)
            if not flying:
                break
            try:
                result = results.get(timeout=_PROGRESS_S)
            except queue.Empty:  # nothing moves: an open breaker says so
                result = None
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                flying, count, ok, cached = flying - 1, count + 1, ok + result.ok, cached + result.cached
            if progress is not None and time.monotonic() - told >= _PROGRESS_S:
                told = time.monotonic()
                waiting = engine.controls.waiting
                progress(Progress(count, ok, count - ok, cached, engine.stats.cost_usd, waiting))
            if result is not None:
                yield result
        if progress is not None:
            progress(Progress(count, ok, count - ok, cached, engine.stats.cost_usd))
    finally:
        draining = asyncio.run_coroutine_threadsafe(_drain(tasks, engine, engine.config.timeout_s + _LEDGER_S), loop)
        try:
            draining.result()
        except BaseException:  # a second signal: nobody waits for the calls on the wire any more
            asyncio.run_coroutine_threadsafe(_drain(tasks, engine, 0.0), loop).result()
            raise


async def _drain(tasks: set[asyncio.Task[None]], engine: Engine, seconds: float) -> None:
    """Ends what waits; lets what is on the wire end, since it is paid for. What is given up has its row in the ledger.

    Args:
        seconds: After which calls on the wire are given up.
    """
    deadline = time.monotonic() + seconds
    while tasks:
        late = time.monotonic() > deadline
        for task in list(tasks):
            if late or task not in engine.sending:
                task.cancel()
        await asyncio.wait(set(tasks), timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
