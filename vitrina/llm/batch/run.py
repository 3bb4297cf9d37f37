"""A run of requests through the batch service, as :meth:`vitrina.llm.gateway.Gateway.run` gives results.

Belongs here: joining runner, contracts and the second calls of broken ones. Stays out: batches themselves.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from vitrina.llm import results
from vitrina.llm.batch.remote import BatchApi, BatchRefusedError, BatchServiceError, BatchTransport
from vitrina.llm.batch.runner import BatchProgress, BatchRunner
from vitrina.llm.batch.store import PostgresBatches
from vitrina.llm.budget import Budget
from vitrina.llm.config import GatewayConfig
from vitrina.llm.engine import Engine
from vitrina.llm.ledger import Attempt, Ledger, StoredReply
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import ChatResult, GatewayConfigError, Outcome
from vitrina.llm.pricing import PriceBook
from vitrina.llm.results import from_ledger, joined
from vitrina.llm.stats import Stats
from vitrina.llm.structured import Contract
from vitrina.llm.transport import HttpTransport
from vitrina.llm.usual import Usual

_LOG = logging.getLogger(__name__)
_JUDGED = uuid.UUID("0d4c4a86-51d2-4c55-8f0e-3c1e2d7b9a10")

_LOOKUP = 500
_LEFT = "The request was not sent: the run's time was up. A later run sends it."


class BatchRun:
    """Batches of one gateway. Methods block; the work is done on the gateway's event loop.

    Raises:
        GatewayConfigError: Batches need an HTTP endpoint and a ledger in PostgreSQL.
    """

    def __init__(
        self,
        engine: Engine,
        loop: asyncio.AbstractEventLoop,
        ledger: Ledger,
        *,
        prices: PriceBook,
        budget: Budget,
        usual: Usual | None = None,
        transport: Callable[[GatewayConfig], BatchTransport] = HttpTransport,
        **limits: Any,
    ) -> None:
        dsn = getattr(ledger, "dsn", None)
        if engine.config.embedded or dsn is None:
            raise GatewayConfigError(
                "Batch mode needs an endpoint with a batch service and a ledger in PostgreSQL.",
                hint="Set OPENAI_BASE_URL, or AI_MODE=online.",
            )
        self._engine = engine
        self._loop = loop
        self._ledger = ledger
        self._prices = prices
        self._budget = budget
        self._usual = usual
        self._transport = transport
        self._limits = limits
        self._store = PostgresBatches(dsn)
        self._stats: Stats = engine.stats

    def submit(self, requests: Iterable[ChatRequest]) -> list[str]:
        """Puts what has no answer and is not under way into batches; the provider's ids of them.

        Raises:
            BatchRefusedError: There is no batch service, or it does not take this.
            BatchServiceError: It cannot be reached; what was submitted is found again.
        """
        with self._runner() as runner:
            return self._wait(runner.submit(requests))

    def collect(self) -> int:
        """Takes the answers of all batches of the endpoint that have ended into the ledger; how many requests ended."""
        with self._runner() as runner:
            return self._wait(runner.collect())

    def waiting(self, *, collect: bool = True) -> frozenset[str]:
        """Keys of the requests that wait in batches of the endpoint.

        Args:
            collect: Take what has ended first. A service that cannot be asked, or another process that collects just
                now, is no reason to wait: the requests stay as they are.
        """
        keys = self._store.waiting(self._engine.config.endpoint)
        if not keys or not collect:
            return keys
        try:
            with self._runner() as runner:
                self._wait(runner.collect(wait=False))
        except (BatchServiceError, BatchRefusedError) as error:
            _LOG.warning("Answers of batches were not collected: %s", error)
        return self._store.waiting(self._engine.config.endpoint)

    def cancel(self) -> list[str]:
        """Asks the provider to end all open batches of the endpoint; the ids of them."""
        with self._runner() as runner:
            return self._wait(runner.cancel())

    def run_batch(
        self,
        requests: Sequence[ChatRequest],
        *,
        poll_s: float | None = None,
        wait_s: float | None = None,
        on_progress: Callable[[BatchProgress], None] | None = None,
        contract: Contract | None = None,
    ) -> Iterator[ChatResult]:
        """Submits, waits, collects, and gives a result for each request.

        What is still under way when the time is up ends as ``pending``: a later run takes its answer. An answer that
        breaks its contract gets its second call in a further batch.
        """
        requests = list(requests)
        good: list[ChatRequest] = []
        for request in requests:
            try:
                self._engine.jobs.key(request)
            except (TypeError, ValueError) as error:
                told = f"The request cannot be written as JSON: {error}."
                yield self._ended(ChatResult(request, Outcome.PERMANENT, error=told, error_class="request"))
            else:
                good.append(request)
        with self._runner() as runner:
            wait: dict[str, Any] = {"poll_s": poll_s, "wait_s": wait_s, "on_progress": on_progress}
            pending = self._wait(runner.run(good, **wait))
            broken: list[tuple[ChatResult, ChatRequest]] = []
            for result in self._results(runner, good, pending, contract):
                if result.problems and contract is not None and contract.repair is not None and result.text is not None:
                    messages = contract.repair(result.request, result.text, result.problems)
                    broken.append((result, replace(result.request, messages=messages)))
                else:
                    yield self._ended(result)
            if not broken:
                return
            seconds = [request for _, request in broken]
            pending = self._wait(runner.run(seconds, **wait))
            by_key = {result.key: result for result in self._results(runner, seconds, pending, contract)}
            for first, second in broken:
                found = by_key[self._engine.jobs.key(second)]
                yield self._ended(joined(first, found, first.request), first_key=first.key)

    def _results(
        self, runner: BatchRunner, requests: Sequence[ChatRequest], pending: set[str], contract: Contract | None
    ) -> Iterator[ChatResult]:
        for start in range(0, len(requests), _LOOKUP):
            group = [(self._engine.jobs.key(request), request) for request in requests[start : start + _LOOKUP]]
            stored = self._ledger.lookup([key for key, _ in group])
            for key, request in group:
                yield self._result(runner, key, request, stored.get(key), key in pending, contract)

    def _result(
        self,
        runner: BatchRunner,
        key: str,
        request: ChatRequest,
        stored: StoredReply | None,
        pending: bool,
        contract: Contract | None,
    ) -> ChatResult:
        if stored is not None:
            result = from_ledger(request, key, stored, contract)
            paid = key in runner.paid
            return replace(result, cached=not paid, attempts=runner.books.tried(key).sent if paid else 0)
        failed = runner.failed.get(key)
        if failed is not None:
            return ChatResult(
                request, failed.outcome, key=key, error=failed.error, error_class=failed.error_class, text=failed.text
            )
        return results.pending(request, key, results.PENDING if pending else _LEFT)

    def _ended(self, result: ChatResult, *, first_key: str | None = None) -> ChatResult:
        self._stats.result(result.outcome, cached=result.cached)
        if result.outcome is Outcome.INVALID and result.problems:
            self._ledger.record([self._broken(result, first_key)])
        return result

    def _broken(self, result: ChatResult, first_key: str | None) -> Attempt:
        """The row by which a person finds a broken contract: its answer's own row was written before it was judged."""
        request, config, told = result.request, self._engine.config, "; ".join(result.problems)
        return Attempt(
            id=uuid.uuid5(_JUDGED, f"{result.key}/{told}"),  # judged again by a later run, it is the same row
            key=result.key,
            model=result.model or request.model or config.model,
            status=Outcome.INVALID,
            created_at=datetime.now(UTC),
            attempt=0,
            purpose=request.purpose,
            item_id=request.item_id,
            endpoint=config.endpoint,
            provider=self._prices.provider,
            ended=True,
            error_class="contract",
            error=told,
            cost_usd=Decimal(0),
            price_source="not sent",
            run_id=config.run_id,
            drop_key=request.drop_key,
            first_key=None if first_key == result.key else first_key,
        )

    @contextmanager
    def _runner(self) -> Iterator[BatchRunner]:
        async def make() -> BatchTransport:
            return self._transport(self._engine.config)

        transport = self._wait(make())
        try:
            yield BatchRunner(
                self._engine.config,
                BatchApi(transport),
                self._ledger,
                self._store,
                self._engine.jobs,
                prices=self._prices,
                budget=self._budget,
                stats=self._stats,
                usual=self._usual,
                stopped=self._engine.controls.stopped,
                **self._limits,
            )
        finally:
            close = getattr(transport, "close", None)
            if close is not None:
                self._wait(close())

    def _wait(self, work: Any) -> Any:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise
