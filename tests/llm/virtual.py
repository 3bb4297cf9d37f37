"""The engine in virtual time: waits cost nothing, and the same seed gives the same run.

Belongs here: an event loop whose clock jumps to the next timer, and an endpoint in memory with faults by a hash.
Stays out: real sockets (``tests.fakes.llm_server``).
"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.llm_server import draw
from tests.llm.conftest import question
from vitrina.llm.budget import Budget
from vitrina.llm.config import GatewayConfig
from vitrina.llm.controls import Controls
from vitrina.llm.engine import Engine
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.outcomes import ChatResult
from vitrina.llm.pricing import PriceBook
from vitrina.llm.stats import Stats
from vitrina.llm.transport import Reply, TransportError


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing would ever happen again: a task waits for what nobody does")
        self.skipped += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeps by moving its clock. Work for an executor is done at once."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return 1000.0 + self._virtual.skipped

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


def run_virtual(work: Callable[[VirtualLoop], Coroutine[Any, Any, Any]]) -> Any:
    """Runs a coroutine in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work(loop))
    finally:
        loop.close()


@dataclass
class Endpoint:
    """Switches of the endpoint. ``rps``: a bucket that holds ``burst`` calls. Outages are (from, to) in seconds."""

    latency_s: float = 0.2
    refusal_s: float = 0.02
    rate_429: float = 0.0
    rate_500: float = 0.0
    rps: float | None = None
    burst: float = 0.0
    retry_after: str | None = None
    outages: tuple[tuple[float, float], ...] = ()
    headers: Callable[[float], dict[str, str]] = lambda _: {}
    down: frozenset[str] = frozenset()
    seed: int = 1
    began: float = 0.0
    requests: int = 0
    peak: int = 0
    in_flight: int = 0
    replies: Counter[int] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    sent_at: list[float] = field(default_factory=list)
    _attempts: Counter[str] = field(default_factory=Counter)
    _bucket: float = 0.0
    _filled: float = 0.0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.began = loop, loop.time()
        self._bucket, self._filled = self.burst, self.began

    async def post(self, path: str, body: bytes) -> Reply:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            return await self._post(json.loads(body))
        finally:
            self.in_flight -= 1

    async def close(self) -> None:
        """Nothing is open."""

    async def _post(self, data: dict[str, Any]) -> Reply:
        now = self._loop.time()
        self.requests += 1
        self.sent_at.append(now - self.began)
        self.models[data["model"]] += 1
        item = data["messages"][0]["content"].split("item:")[1].split()[0]
        self._attempts[item] += 1
        fate = draw(self.seed, item, self._attempts[item])
        if any(a <= now - self.began < b for a, b in self.outages):
            await asyncio.sleep(self.refusal_s)
            raise TransportError("no connection", name="connect", sent=False)
        if data["model"] in self.down:
            await asyncio.sleep(self.refusal_s)
            return self._reply(500, {"error": {"message": "down"}})
        if fate < self.rate_429 or not self._inside(now):
            await asyncio.sleep(self.refusal_s)
            extra = {} if self.retry_after is None else {"retry-after": self.retry_after}
            return self._reply(429, {"error": {"message": "slow down"}}, extra)
        await asyncio.sleep(self.latency_s)
        if fate < self.rate_429 + self.rate_500:
            return self._reply(500, {"error": {"message": "broke"}})
        self.paid[item] += 1
        message = {"role": "assistant", "content": f"about {item}"}
        usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        return self._reply(
            200, {"model": data["model"], "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
        )

    def _inside(self, now: float) -> bool:
        if self.rps is None:
            return True
        self._bucket = min(max(self.burst, 1.0), self._bucket + (now - self._filled) * self.rps)
        self._filled = now
        if self._bucket < 1:
            return False
        self._bucket -= 1
        return True

    def _reply(self, status: int, data: dict[str, Any], extra: dict[str, str] | None = None) -> Reply:
        self.replies[status] += 1
        return Reply(
            status, {**self.headers(self._loop.time() - self.began), **(extra or {})}, json.dumps(data).encode()
        )


@dataclass
class Run:
    """What a virtual run gave."""

    results: list[ChatResult]
    seconds: float
    endpoint: Endpoint
    engine: Engine
    ledger: MemoryLedger

    @property
    def lost(self) -> int:
        return sum(not r.ok for r in self.results)

    @property
    def paid_twice(self) -> int:
        return sum(count - 1 for count in self.endpoint.paid.values())


def ask(endpoint: Endpoint, calls: int, *, budget: Budget | None = None, **values: Any) -> Run:
    """``calls`` questions to the endpoint through the whole engine; keywords are of :class:`GatewayConfig`."""
    config = GatewayConfig(**{"base_url": "http://virtual/v1", "model": "gpt-4o-mini", "concurrency": 100, **values})
    ledger = MemoryLedger()

    async def work(loop: VirtualLoop) -> Run:
        endpoint.start(loop)
        engine = Engine(
            config,
            endpoint,
            ledger,
            prices=PriceBook(config.endpoint),
            budget=budget or Budget(),
            stats=Stats(),
            controls=Controls(config, clock=loop.time),
        )
        engine._attempts._random.seed(endpoint.seed)
        results: list[ChatResult] = []
        began = loop.time()
        await engine.complete((question(i) for i in range(calls)), results.append)
        seconds = loop.time() - began
        await engine.close()
        return Run(results, seconds, endpoint, engine, ledger)

    return run_virtual(work)
