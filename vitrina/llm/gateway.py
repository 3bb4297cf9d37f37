"""The gateway as the rest of the platform uses it: synchronous, one object for one endpoint.

Belongs here: the thread with the event loop, opening and closing. Stays out: bounded feeding and progress
(``vitrina.llm.feeding``), how requests are answered (``vitrina.llm.engine``).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from vitrina.llm.budget import Budget
from vitrina.llm.capabilities import CapabilityStore
from vitrina.llm.collecting import fewer_collections
from vitrina.llm.config import GatewayConfig
from vitrina.llm.controls import Controls
from vitrina.llm.embeddings import EmbeddingBatch, embed_texts
from vitrina.llm.engine import Engine
from vitrina.llm.feeding import Progress, fed
from vitrina.llm.ledger import Ledger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import ChatResult
from vitrina.llm.predicting import Prediction, predict
from vitrina.llm.pricing import PriceBook
from vitrina.llm.purses import local_budget
from vitrina.llm.sharing import Shared
from vitrina.llm.stats import Stats
from vitrina.llm.structured import Contract
from vitrina.llm.transport import AsgiApp, AsgiTransport, ClosedTransport, HttpTransport, Transport
from vitrina.llm.usual import Usual

if TYPE_CHECKING:
    from vitrina.llm.batch.run import BatchRun
    from vitrina.llm.batch.runner import BatchProgress


class Gateway:
    """Asks one endpoint, or the embedded service when none is configured. A context manager; safe in many threads.

    Args:
        service: The ASGI application to call when ``config.base_url`` is ``None``; the default is the platform's own.
        transport: Overrides both (tests).
        capabilities: Where it is remembered what the endpoint's models can do; the default forgets.

    Raises:
        GatewayConfigError: Wrong prices or settings.
        LedgerError: The ledger is out of reach (a run's earlier spending is read here).
    """

    def __init__(
        self,
        config: GatewayConfig,
        ledger: Ledger,
        *,
        service: AsgiApp | None = None,
        transport: Callable[[GatewayConfig], Transport] | None = None,
        capabilities: CapabilityStore | None = None,
    ) -> None:
        self.config = config
        self.ledger = ledger
        self.stats = Stats()
        self._prices = PriceBook(config.endpoint, config.prices)
        self._usual = Usual()
        self._usual_begun = False
        # Processes share their limits through the ledger's database. The embedded service costs nothing and waits for
        # nobody but this process.
        dsn = None if config.embedded or config.mode == "replay" else getattr(ledger, "dsn", None)
        self._shared = None if dsn is None else Shared(config, dsn)
        self.budget: Budget = local_budget(config, ledger) if self._shared is None else self._shared.budget
        self._controls: Controls | None = None
        self._service = service
        self._transport = transport
        self._capabilities = capabilities
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._engine: Engine | None = None
        self._collected_at = float("-inf")
        self._lock = threading.Lock()
        self._runs: WeakSet[Generator[ChatResult, None, None]] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        requests: Iterable[ChatRequest],
        *,
        contract: Contract | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Iterator[ChatResult]:
        """Answers requests and yields results as they come, in any order, each request exactly once.

        ``requests`` is read in the caller's thread, as far ahead as the window allows, so it may read from a database
        and may be endless. When the caller stops early, calls on the wire are let end and recorded; a run that nobody
        read to its end is ended so when the gateway closes.

        Raises:
            LedgerError: The ledger is out of reach.
        """
        answers = self._answers(requests, contract, progress)
        self._runs.add(answers)
        return answers

    def _answers(
        self,
        requests: Iterable[ChatRequest],
        contract: Contract | None,
        progress: Callable[[Progress], None] | None,
    ) -> Generator[ChatResult, None, None]:
        if self.config.mode == "batch" and not self.config.embedded:
            yield from self.batches().run_batch(list(requests), contract=contract, on_progress=self._told(progress))
            return
        loop, engine = self._started()
        self._look_at_batches(engine)
        yield from fed(engine, loop, requests, contract=contract, progress=progress)

    def _look_at_batches(self, engine: Engine) -> None:
        """What waits in a batch is not asked and paid a second time: a look at each run, none at each call."""
        config = self.config
        if config.embedded or config.mode != "online" or config.batch_pending == "ask":
            return
        if getattr(self.ledger, "dsn", None) is None:
            return
        due = time.monotonic() - self._collected_at >= config.batch_poll_s
        engine.in_batches = self.batches().waiting(collect=due)
        if due:
            self._collected_at = time.monotonic()

    def batches(self, **limits: Any) -> BatchRun:
        """The provider's batch service at this endpoint: submit, collect, cancel, run_batch.

        Raises:
            GatewayConfigError: The embedded service, or a ledger that is not in PostgreSQL.
        """
        from vitrina.llm.batch.run import BatchRun  # only where batches are used

        loop, engine = self._started()
        return BatchRun(engine, loop, self.ledger, prices=self._prices, budget=self.budget, usual=self._usual, **limits)

    def _told(self, progress: Callable[[Progress], None] | None) -> Callable[[BatchProgress], None] | None:
        if progress is None:
            return None
        return lambda at: progress(
            Progress(at.answered + at.failed, at.answered, at.failed, self.stats.cache_hits, self.stats.cost_usd)
        )

    def ask(self, request: ChatRequest, *, contract: Contract | None = None) -> ChatResult:
        """Answers one request."""
        loop, engine = self._started()
        asked = asyncio.run_coroutine_threadsafe(engine.ask(request, contract=contract), loop)
        try:
            return asked.result()
        except BaseException:  # the caller was interrupted: nobody waits for it any more
            asked.cancel()
            raise

    def embed(
        self, texts: Iterable[str], *, purpose: str = "embedding", model: str | None = None, drop_key: str = ""
    ) -> Iterator[EmbeddingBatch]:
        """Vectors of texts, batch by batch in the order of the texts, several batches in flight.

        Raises:
            GatewayConfigError: No embedding model is named.
            EmbeddingError: A batch ended without vectors; former batches were yielded.
            LedgerError: The ledger is out of reach.
        """
        loop, engine = self._started()
        return embed_texts(engine, loop, texts, purpose=purpose, model=model, drop_key=drop_key)

    def predict(self, requests: Iterable[ChatRequest], *, batch: bool | None = None) -> Prediction:
        """What requests will cost, by what such calls took before; nothing is sent.

        Args:
            batch: By the price of the provider's batch service; ``None``: as the gateway's mode says.

        Raises:
            LedgerError: The ledger is out of reach.
        """
        _, engine = self._started()
        self._begin_usual()
        return predict(
            requests,
            key=engine.jobs.key,
            default_model=self.config.model,
            ledger=self.ledger,
            prices=self._prices,
            usual=self._usual,
            batch=self.config.mode == "batch" if batch is None else batch,
        )

    def _begin_usual(self) -> None:
        """The averages begin with what the ledger knows, once."""
        if not self._usual_begun:
            self._usual_begun = True
            self._usual.begin(self.ledger.recent_answers())

    def summary(self) -> dict[str, Any]:
        """Calls, cache hits, tokens, cost, latency, counts by outcome: plain values for asset metadata."""
        found = {"endpoint": self.config.endpoint, "model": self.config.model, **self.stats.summary()}
        if self._controls is not None:
            found["controls"] = self._controls.summary()
        if budgets := self.budget.summary():
            found["budgets"] = budgets
        return found

    def close(self) -> None:
        """Ends the thread and its connections. The ledger stays the caller's."""
        # The traceback of an error keeps the frame that reads a run: collected later, the run would miss its loop.
        for answers in list(self._runs):
            with suppress(ValueError):  # another thread is in it
                answers.close()
        with self._lock:
            loop, thread, engine = self._loop, self._thread, self._engine
            self._loop = self._thread = self._engine = None
            shared, self._shared = self._shared, None
        try:
            if loop is not None and thread is not None and engine is not None:
                asyncio.run_coroutine_threadsafe(engine.close(), loop).result()
                loop.call_soon_threadsafe(loop.stop)
                thread.join()
                loop.close()
        finally:
            if shared is not None:
                shared.close()

    def _started(self) -> tuple[asyncio.AbstractEventLoop, Engine]:
        with self._lock:
            if self._loop is None or self._engine is None:
                if self.budget.purses and not self._prices.free:
                    self._begin_usual()
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop,), name="llm-gateway", daemon=True)
                thread.start()
                self._loop, self._thread = loop, thread
                self._engine = asyncio.run_coroutine_threadsafe(self._build(), loop).result()
            return self._loop, self._engine

    async def _build(self) -> Engine:
        transport: Transport
        config = self.config
        if self._transport is not None:
            transport = self._transport(config)
        elif not config.embedded:
            transport = ClosedTransport() if config.mode == "replay" else HttpTransport(config)
        elif self._service is not None:
            transport = AsgiTransport(self._service, config)
        else:
            from vitrina.llm.service import wiring  # only where the platform's own service is used

            transport = AsgiTransport(wiring.build_app(), config)
            # A new version of the offline writer must not be answered from what the former one wrote.
            config = replace(config, cache_scope=config.cache_scope or wiring.cache_scope())
        self._controls = Controls(config) if self._shared is None else await self._shared.controls()
        return Engine(
            config,
            transport,
            self.ledger,
            prices=self._prices,
            budget=self.budget,
            stats=self.stats,
            usual=self._usual,
            capabilities=self._capabilities,
            controls=self._controls,
        )


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with fewer_collections():
        loop.run_forever()
