"""Requests in, results out: cache, twins, attempts, the second call of a broken contract.

Belongs here: the asynchronous engine over one endpoint. Stays out: threads (``vitrina.llm.gateway``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson

from vitrina.llm.attempts import Attempts, Ended, Job
from vitrina.llm.batcher import Batcher
from vitrina.llm.budget import Budget
from vitrina.llm.capabilities import CapabilityStore, Known, MemoryCapabilities
from vitrina.llm.config import GatewayConfig
from vitrina.llm.controls import Controls
from vitrina.llm.dialects import Dialect, Plan
from vitrina.llm.ladder import Ladder
from vitrina.llm.ledger import Attempt, Ledger, StoredReply
from vitrina.llm.messages import ChatRequest, request_key
from vitrina.llm.outcomes import ChatResult, Outcome
from vitrina.llm.pricing import PriceBook
from vitrina.llm.probe import PURPOSE as PROBE
from vitrina.llm.probe import learn_rung
from vitrina.llm.results import from_call, from_ledger, joined
from vitrina.llm.stats import Stats
from vitrina.llm.structured import Checked, Contract, check
from vitrina.llm.tokens import estimate_prompt_tokens
from vitrina.llm.transport import Reply, Transport
from vitrina.llm.wire import Reading, read_embeddings

#: Rows and time of a group: what is committed together. A commit takes 1-5 ms, so longer waits gain nothing.
_GROUP_ROWS = 100
_GROUP_S = 0.005
_LOOKUP_KEYS = 500


class Engine:
    """One endpoint on one event loop.

    Args:
        capabilities: Where it is remembered what the endpoint's models can do; the default forgets.
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
            sleep=sleep,
        )
        self.ladder = Ladder(config, capabilities or MemoryCapabilities(), self._executor, self._probe)
        self._flying: dict[str, asyncio.Future[ChatResult]] = {}
        self._scope = config.endpoint if config.cache_scope is None else config.cache_scope

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
        result = await self._answer(request, contract)
        if result.problems and contract is not None and contract.repair is not None and result.text is not None:
            messages = contract.repair(request, result.text, result.problems)
            second = await self._answer(replace(request, messages=messages), contract)
            result = joined(result, second, request)
        self.stats.result(result.outcome, cached=result.cached)
        return result

    async def embed(self, texts: list[str], *, purpose: str, model: str, drop_key: str = "") -> Ended:
        """One batch for ``/embeddings``; the vectors are in ``reading.data``. From the ledger when it is there."""
        body = {"model": model, "input": texts, "encoding_format": "float"}
        key = request_key(body, scope=self._scope)
        keep = not self._prices.free  # vectors that cost nothing are not kept twice
        stored = await self._lookup.call(key) if keep else None
        if stored is not None and stored.status is Outcome.OK and stored.reply_body is not None:
            data = orjson.loads(stored.reply_body)
            self.stats.result(Outcome.OK, cached=True)
            return Ended(Outcome.OK, Reading(Outcome.OK, model=stored.model, data=data), cost=stored.cost_usd)
        ended = await self._attempts.run(
            Job(
                key=key,
                kind="embedding",
                path="/embeddings",
                model=model,
                purpose=purpose,
                item_id="",
                drop_key=drop_key,
                limit=None,
                body=lambda _: body,
                read=lambda reply: read_embeddings(reply, len(texts)),
                prompt_tokens=lambda: estimate_prompt_tokens({"content": text} for text in texts),
                keep=keep,
            )
        )
        self.stats.result(ended.outcome, cached=False)
        return ended

    async def close(self) -> None:
        """Ends connections, after what is on its way into the ledger is there."""
        await self._rows.finish()
        await self.ladder.close()
        await self._transport.close()
        self._executor.shutdown(wait=True)

    async def _answer(self, request: ChatRequest, contract: Contract | None) -> ChatResult:
        try:
            key = self._key(request)
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
            else:
                model = request.model or self.config.model
                if request.schema is not None and not self.ladder.knows(model):
                    await self.ladder.learn(model)
                result = from_call(request, key, await self._attempts.run(self._job(request, key, contract)))
            future.set_result(result)
            return result
        except BaseException:
            future.cancel()
            raise
        finally:
            del self._flying[key]

    def _key(self, request: ChatRequest) -> str:
        body = request.body(self.config.model)
        return request_key(
            body, scope=self._scope, item_id=request.item_id, sample=request.sample, try_no=request.try_no
        )

    def _job(self, request: ChatRequest, key: str, contract: Contract | None) -> Job:
        ladder, dialect = self.ladder, self.ladder.dialect
        plan = Plan(request, request.model or self.config.model)
        if dialect.cuts_prompts:
            plan.estimate = estimate_prompt_tokens(request.messages)

        def body(limit: int | None) -> dict[str, Any]:
            ladder.prepare(plan)
            return dialect.body(plan, limit)

        def checked(reading: Reading) -> Checked | None:
            if contract is None or reading.text is None:
                return None
            found = check(contract, request, reading.text, reading.finish_reason)
            if request.schema is not None:
                ladder.answered(plan, found)
            return found

        return Job(
            key=key,
            kind="chat",
            path=dialect.path(),
            model=plan.model,
            purpose=request.purpose,
            item_id=request.item_id,
            drop_key=request.drop_key,
            limit=request.max_tokens,
            body=body,
            read=lambda reply: dialect.read(reply, plan),
            prompt_tokens=lambda: plan.estimate or estimate_prompt_tokens(request.messages),
            check=checked,
            reroute=lambda reading: ladder.refused(plan, reading),
        )

    async def _probe(self, model: str, dialect: Dialect) -> tuple[Dialect, Known | None]:
        def calls(dialect: Dialect) -> Callable[[Plan, int], Awaitable[Reading]]:
            return lambda plan, limit: self._probe_call(dialect, plan, limit)

        return await learn_rung(model, dialect, self._transport, self.config, calls)

    async def _probe_call(self, dialect: Dialect, plan: Plan, limit: int) -> Reading:
        """A question of a probe: paid from the budget and written to the ledger like any other, never a cached one."""

        def read(reply: Reply) -> Reading:
            reading = dialect.read(reply, plan)  # a way that is unknown here does not make the model unknown
            return replace(reading, dead="") if reading.dead == "model" else reading

        job = Job(
            key=request_key({"probe": plan.model, "rung": str(plan.rung)}, scope=self._scope),
            kind="chat",
            path=dialect.path(),
            model=plan.model,
            purpose=PROBE,
            item_id="",
            drop_key="",
            limit=limit,
            body=lambda limit: dialect.body(plan, limit),
            read=read,
            prompt_tokens=lambda: estimate_prompt_tokens(plan.request.messages),
            keep=False,
        )
        return (await self._attempts.run(job)).reading


async def _stream(requests: AsyncIterable[ChatRequest] | Iterable[ChatRequest]) -> AsyncIterable[ChatRequest]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
