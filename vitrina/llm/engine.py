"""Requests in, results out: cache, twins, attempts, the second call of a broken contract.

Belongs here: the asynchronous engine over one endpoint. Stays out: threads (``vitrina.llm.gateway``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from vitrina.llm.attempts import Attempts
from vitrina.llm.batcher import Batcher
from vitrina.llm.budget import Budget
from vitrina.llm.capabilities import CapabilityStore, MemoryCapabilities
from vitrina.llm.config import GatewayConfig
from vitrina.llm.controls import Controls
from vitrina.llm.job import Ended
from vitrina.llm.jobs import Jobs
from vitrina.llm.ledger import Attempt, Ledger, StoredReply
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import ChatResult, Outcome
from vitrina.llm.pricing import PriceBook
from vitrina.llm.rephrase import neutral
from vitrina.llm.results import NOT_THERE, from_call, from_ledger, joined, not_in_ledger, pending
from vitrina.llm.stats import Stats
from vitrina.llm.structured import Contract
from vitrina.llm.transport import Reply, Transport
from vitrina.llm.usual import Usual
from vitrina.llm.wire import Reading, read_embeddings

#: Rows and time of a group: what is committed together. A commit takes 1-5 ms, so longer waits gain nothing.
_GROUP_ROWS = 100
_GROUP_S = 0.004
_LOOKUP_KEYS = 500


class Engine:
    """One endpoint on one event loop.

    Args:
        capabilities: Where it is remembered what the endpoint's models can do; the default forgets.
        usual: What calls mostly take; the default begins knowing nothing.
        controls: Rate, breakers and slots; the default counts the calls of this engine alone.
        sleep: Waits between attempts; tests pass their own.
    """

    def __init__(
        self,
        config: GatewayConfig,
        transport: Transport,
        ledger: Ledger,
        *,
        prices: PriceBook,
        budget: Budget,
        stats: Stats,
        capabilities: CapabilityStore | None = None,
        controls: Controls | None = None,
        usual: Usual | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.config = config
        self.stats = stats
        self._prices = prices
        self._transport = transport
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="llm-ledger")
        self._lookup: Batcher[str, StoredReply | None] = Batcher(
            lambda keys: (lambda found: [found.get(key) for key in keys])(ledger.lookup(keys)),
            self._executor,
            max_size=_LOOKUP_KEYS,
            linger_s=0.001,
        )
        self._rows: Batcher[Attempt, None] = Batcher(
            lambda rows: [ledger.record(rows)] * len(rows),  # type: ignore[func-returns-value]
            self._executor,
            max_size=_GROUP_ROWS,
            linger_s=_GROUP_S,
        )
        self.controls = controls or Controls(config, sleep=sleep)
        self._attempts = Attempts(
            config,
            transport,
            controls=self.controls,
            record=self._rows.call,
            prices=prices,
            budget=budget,
            stats=stats,
            usual=usual,
            sleep=sleep,
        )
        self._flying: dict[str, asyncio.Future[ChatResult]] = {}
        #: Keys of questions that wait in a batch of the provider: they are not asked and paid a second time.
        self.in_batches: frozenset[str] = frozenset()
        self.jobs = Jobs(
            config,
            transport,
            self._attempts,
            capabilities or MemoryCapabilities(),
            self._executor,
            scope=config.endpoint if config.cache_scope is None else config.cache_scope,
        )

    async def complete(
        self,
        requests: AsyncIterable[ChatRequest] | Iterable[ChatRequest],
        on_result: Callable[[ChatResult], None],
        *,
        contract: Contract | None = None,
    ) -> None:
        """Answers all requests; each result is handed to ``on_result`` as it comes, each request ends exactly once.

        Raises:
            LedgerError: The ledger is out of reach; results so far were handed out.
        """
        places = asyncio.Semaphore(self.window)

        async def one(request: ChatRequest) -> None:
            try:
                on_result(await self.ask(request, contract=contract))
            finally:
                places.release()

        try:
            async with asyncio.TaskGroup() as group:
                async for request in _stream(requests):
                    await places.acquire()
                    group.create_task(one(request))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    @property
    def window(self) -> int:
        """Requests under way at once, those that wait for their next attempt included: bounds the memory."""
        return max(64, self.config.concurrency * 4)

    @property
    def sending(self) -> set[asyncio.Task[Any] | None]:
        """Tasks with a call on the wire or on its way into the ledger."""
        return self._attempts.sending

    async def ask(self, request: ChatRequest, *, contract: Contract | None = None) -> ChatResult:
        """Answers one request: from the ledger, from a twin in flight, or by calling."""
        first_key = self._first_key(request)
        result = await self._answer(request, contract, first_key)
        first_key = (
            first_key or result.key or None
        )  # what is asked in its place: together they are one failure, or none
        if result.problems and contract is not None and contract.repair is not None and result.text is not None:
            messages = contract.repair(request, result.text, result.problems)
            second = await self._answer(replace(request, messages=messages), contract, first_key)
            result = joined(result, second, request)
        if result.outcome is Outcome.REFUSAL and self.config.retry.max_rephrased > 0:
            rephrase = neutral if contract is None else contract.rephrase
            if rephrase is not None:
                second = await self._answer(replace(request, messages=rephrase(request)), contract, first_key)
                result = replace(joined(result, second, request), repaired=second.repaired)
        self.stats.result(result.outcome, cached=result.cached)
        return result

    async def embed(self, texts: list[str], *, purpose: str, model: str, drop_key: str = "") -> Ended:
        """One batch for ``/embeddings``; the vectors are in ``reading.data``. From the ledger when it is there."""
        key = self.jobs.embedding_key(texts, model)
        keep = not self._prices.free  # vectors that cost nothing are not kept twice
        stored = await self._lookup.call(key) if keep else None
        if stored is not None and stored.status is Outcome.OK and stored.reply_body is not None:
            reading = read_embeddings(Reply(200, {}, stored.reply_body), len(texts))
            if reading.outcome is Outcome.OK:
                self.stats.result(Outcome.OK, cached=True)
                return Ended(Outcome.OK, replace(reading, model=stored.model), cost=stored.cost_usd)
        if self.config.mode == "replay" and not self.config.embedded:
            self.stats.result(Outcome.NOT_IN_LEDGER, cached=False)
            return Ended(Outcome.NOT_IN_LEDGER, Reading(Outcome.NOT_IN_LEDGER, error=NOT_THERE))
        ended = await self._attempts.run(
            self.jobs.embedding(
                texts,
                key,
                model=model,
                purpose=purpose,
                drop_key=drop_key,
                keep=keep,
                base64=self.jobs.ladder.dialect.name == "openai",
            )
        )
        self.stats.result(ended.outcome, cached=False)
        return ended

    async def close(self) -> None:
        """Ends connections, after what is on its way into the ledger is there."""
        await self._rows.finish()
        await self.jobs.ladder.close()
        await self._transport.close()
        self._executor.shutdown(wait=True)

    def _first_key(self, request: ChatRequest) -> str | None:
        """The key of the try that a raised ``try_no`` stands for."""
        if not request.try_no:
            return None
        try:
            return self.jobs.key(replace(request, try_no=0))
        except (TypeError, ValueError):  # cannot be written as JSON: told when it is asked
            return None

    async def _answer(
        self, request: ChatRequest, contract: Contract | None, first_key: str | None = None
    ) -> ChatResult:
        try:
            key = self.jobs.key(request)
        except (TypeError, ValueError) as error:  # a lone surrogate in scraped text, a number that JSON has not
            told = f"The request cannot be written as JSON: {error}."
            return ChatResult(request, Outcome.PERMANENT, error=told, error_class="request")
        while (twin := self._flying.get(key)) is not None:
            try:
                result = await asyncio.shield(twin)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not twin.cancelled() or (task is not None and task.cancelling()):
                    raise
                continue  # the twin was given up: ask in its place
            return replace(result, request=request, cached=True, attempts=0)
        future: asyncio.Future[ChatResult] = asyncio.get_running_loop().create_future()
        self._flying[key] = future
        try:
            stored = await self._lookup.call(key)
            if stored is not None:
                result = from_ledger(request, key, stored, contract)
            elif key in self.in_batches:
                result = pending(request, key)
            elif self.config.mode == "replay":
                result = not_in_ledger(request, key)
            else:
                await self.jobs.ready(request)
                ended = await self._attempts.run(self.jobs.chat(request, key, contract, first_key=first_key))
                if ended.diverted:
                    result = await self._diverted(request, contract, ended, first_key)
                else:
                    result = from_call(request, key, ended)
            future.set_result(result)
            return result
        except BaseException:
            future.cancel()
            raise
        finally:
            del self._flying[key]

    async def _diverted(
        self, request: ChatRequest, contract: Contract | None, ended: Ended, first_key: str | None
    ) -> ChatResult:
        """The fallback model's answer, under its own key: when the wanted model is back, the question is open again."""
        second = await self._answer(replace(request, model=self.config.fallback_model), contract, first_key)
        first = ChatResult(request, Outcome.TRANSPORT, usage=ended.usage, cost_usd=ended.cost, attempts=ended.attempts)
        result = joined(first, second, request)
        return replace(result, key=second.key, cached=second.cached, repaired=second.repaired, text=second.text)


async def _stream(requests: AsyncIterable[ChatRequest] | Iterable[ChatRequest]) -> AsyncIterable[ChatRequest]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
