"""Submitting, waiting, collecting, sending the rest again.

Belongs here: the order of things, so that a request is paid once and never lost. Stays out: the provider's calls
(``vitrina.llm.batch.remote``), the tables (``vitrina.llm.batch.store``), the lines (``vitrina.llm.batch.files``).

A request is in one of four states: answered (in the ledger), under way (an item of an open batch), failed (final for
this run), or to be sent. Only the last are put into a batch, and their items stand before the batch is created.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from vitrina.llm.batch.books import Books
from vitrina.llm.batch.collector import LIST_LAG, Collector
from vitrina.llm.batch.files import CHAT, MAX_BYTES, MAX_REQUESTS, Part, request_line
from vitrina.llm.batch.remote import BatchApi, BatchRefusedError, BatchServiceError
from vitrina.llm.batch.store import Batch, Item, PostgresBatches
from vitrina.llm.budget import Budget
from vitrina.llm.config import GatewayConfig
from vitrina.llm.jobs import Jobs
from vitrina.llm.ledger import Ledger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import Outcome
from vitrina.llm.pricing import PriceBook
from vitrina.llm.stats import Stats
from vitrina.llm.usual import Usual
from vitrina.llm.wire import Reading

_LOG = logging.getLogger(__name__)

_LOOKUP = 1_000
_STEP_S = 2.0


@dataclass(slots=True, frozen=True)
class BatchProgress:
    """Where the batches of a run stand. Counts of requests; ``batches`` are the provider's own words."""

    answered: int
    failed: int
    pending: int
    batches: dict[str, str] = field(default_factory=dict)


class BatchRunner:
    """Batches of one endpoint. All coroutines run on one event loop.

    Args:
        stopped: Why nothing may be sent for a purpose and model, see :meth:`vitrina.llm.controls.Controls.stopped`.
        max_requests, max_bytes: Limits of a file.
        list_lag: How long a batch that may have been created is looked for.
    """

    def __init__(
        self,
        config: GatewayConfig,
        api: BatchApi,
        ledger: Ledger,
        store: PostgresBatches,
        jobs: Jobs,
        *,
        prices: PriceBook,
        budget: Budget,
        stats: Stats,
        usual: Usual | None = None,
        stopped: Callable[[str, str], str | None] = lambda purpose, model: None,  # noqa: ARG005
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        max_requests: int = MAX_REQUESTS,
        max_bytes: int = MAX_BYTES,
        list_lag: timedelta = LIST_LAG,
    ) -> None:
        self._config = config
        self._api = api
        self._ledger = ledger
        self._store = store
        self._jobs = jobs
        self._budget = budget
        self._stopped = stopped
        self.books = Books(config, prices, budget, usual or Usual())
        self._collector = Collector(config, api, ledger, store, self.books, stats, sleep=sleep, list_lag=list_lag)
        self._sleep = sleep
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self.failed = self.books.failed
        self.paid = self.books.paid

    async def submit(self, requests: Iterable[ChatRequest]) -> list[str]:
        """Puts what has no answer and is not under way into batches, and gives the provider's ids of them.

        Requests that cannot be sent (stopped by an operator, no budget, larger than a file) are in ``failed`` then.
        """
        self.books.open_again()
        try:
            async with self._locked():
                return await self._submitted(requests)
        finally:
            self.books.give_back()

    async def _submitted(self, requests: Iterable[ChatRequest]) -> list[str]:
        parts: dict[str, Part] = {}
        ids: list[str] = []
        with tempfile.TemporaryDirectory(prefix="vitrina-batch-") as folder:
            async for key, request in self._unsent(requests):
                await self._jobs.ready(request)
                model = request.model or self._config.model
                made = await self._line(key, request)
                if made is None:
                    continue
                line, item = made
                part = parts.get(model)
                if part is not None and not part.fits(len(line), self._max_requests, self._max_bytes):
                    ids.append(await self._send(parts.pop(model)))
                    part = None
                if part is None:
                    part = parts[model] = Part(Path(folder) / f"{uuid.uuid4()}.jsonl", model)
                part.add(line, item)
            for part in parts.values():
                ids.append(await self._send(part))
        return ids

    async def collect(self, *, wait: bool = True) -> int:
        """Fetches the answers of every batch of the endpoint that has ended, and gives how many rows were written.

        Killed in the middle, it is simply done again: a row's id is made of its batch and key.

        Args:
            wait: For another process that submits or collects; else that one's work is left to it.
        """
        async with self._locked(wait=wait) as mine:
            return await self._collector.collect() if mine else 0

    async def cancel(self) -> list[str]:
        """Asks the provider to end every open batch of the endpoint; answers so far are collected as usual."""
        ids = []
        for batch in await asyncio.to_thread(self._store.open, self._config.endpoint):
            if batch.status == "submitted":
                await self._api.cancel(batch.remote_id)
                ids.append(batch.remote_id)
        return ids

    async def run(
        self,
        requests: Sequence[ChatRequest],
        *,
        poll_s: float | None = None,
        wait_s: float | None = None,
        on_progress: Callable[[BatchProgress], None] | None = None,
    ) -> set[str]:
        """Submits, waits, collects and sends the rest again, until every request has its end or the time is up.

        An operator's stop ends the waiting: the provider works on, and a later run takes its answers.

        Returns:
            The keys that are still under way; a later run takes their answers.
        """
        poll = self._config.batch_poll_s if poll_s is None else poll_s
        until = time.monotonic() + (self._config.batch_wait_s if wait_s is None else wait_s)
        by_key = {self._jobs.key(request): request for request in requests}
        await self.collect()
        while True:
            await self.submit(by_key.values())
            pending = await self._pending(by_key)
            if not pending or self._all_stopped(by_key, pending):
                return pending
            await self._rest(poll, by_key, pending)
            while pending:
                try:
                    await self.collect()
                except BatchServiceError as error:  # an outage within a day of waiting is no reason to give up
                    _LOG.warning("%s", error)
                pending = await self._pending(by_key)
                if on_progress is not None:
                    states = {key: f"{remote.status} {remote.completed}/{remote.total}" for key, remote in
                              self._collector.remotes.items()}  # fmt: skip
                    done = len(by_key) - len(pending)
                    failed = sum(key in self.failed for key in by_key)
                    on_progress(BatchProgress(done - failed, failed, len(pending), states))
                if not pending:
                    break
                if time.monotonic() >= until or self._all_stopped(by_key, pending):
                    return pending
                await self._rest(poll, by_key, pending)

    async def _rest(self, seconds: float, by_key: dict[str, ChatRequest], pending: set[str]) -> None:
        """Waits for the next look at the batches, in steps, since a stop may come any time."""
        while seconds > 0 and not self._all_stopped(by_key, pending):
            await self._sleep(min(seconds, _STEP_S))
            seconds -= _STEP_S

    def _all_stopped(self, by_key: dict[str, ChatRequest], pending: set[str]) -> bool:
        """Whether an operator stopped everything that is waited for."""
        groups = {(by_key[key].purpose, by_key[key].model or self._config.model) for key in pending}
        return bool(groups) and all(self._stopped(purpose, model) is not None for purpose, model in groups)

    @asynccontextmanager
    async def _locked(self, *, wait: bool = True) -> AsyncIterator[bool]:
        lock = self._store.lock(self._config.endpoint, wait=wait)
        mine = await asyncio.to_thread(lock.__enter__)
        try:
            yield mine
        finally:
            await asyncio.to_thread(lock.__exit__, None, None, None)

    async def _unsent(self, requests: Iterable[ChatRequest]) -> Any:
        group: dict[str, ChatRequest] = {}
        seen: set[str] = set()
        for request in requests:
            key = self._jobs.key(request)
            if key in seen or key in self.failed:
                continue
            seen.add(key)
            group[key] = request
            if len(group) >= _LOOKUP:
                async for found in self._without_answer(group):
                    yield found
                group = {}
        async for found in self._without_answer(group):
            yield found

    async def _without_answer(self, group: dict[str, ChatRequest]) -> Any:
        if not group:
            return
        answered = await asyncio.to_thread(self._ledger.lookup, list(group))
        under_way = await asyncio.to_thread(self._store.pending, list(group))
        for key, request in group.items():
            if key not in answered and key not in under_way:
                yield key, request

    async def _pending(self, by_key: dict[str, ChatRequest]) -> set[str]:
        keys = list(by_key)
        found: set[str] = set()
        for start in range(0, len(keys), 10_000):
            found |= await asyncio.to_thread(self._store.pending, keys[start : start + 10_000])
        return found

    async def _line(self, key: str, request: ChatRequest) -> tuple[bytes, Item] | None:
        job = self._jobs.chat(request, key, None)
        if (reason := self._stopped(job.purpose, job.model)) is not None:
            self.failed[key] = Reading(Outcome.STOPPED, error=reason, error_class="stopped")
            return None
        tried = self.books.tried(key, request.max_tokens)
        body = orjson.dumps(job.body(tried.limit))
        line = request_line(key, body)
        if len(line) > self._max_bytes:
            told = f"The request has {len(line)} bytes; a batch file takes {self._max_bytes}."
            self.failed[key] = Reading(Outcome.PERMANENT, error=told, error_class="request")
            return None
        if (reason := await self.books.reserve(key, job, tried.limit)) is not None:
            self.failed[key] = Reading(Outcome.BUDGET, error=reason, error_class="budget")
            return None
        tried.sent += 1
        kept = body if job.kept_body is None else job.kept_body(body)
        held = self.books.held(key)
        names = tuple(purse.name for purse in held.purses)
        usd = held.amount if names else None
        return line, Item(key, request.purpose, request.item_id, request.drop_key, kept, tried.sent, usd, names)

    async def _send(self, part: Part) -> str:
        part.file.close()
        config = self._config
        batch = Batch(config.endpoint, CHAT, part.model, config.run_id, len(part.items))
        await asyncio.to_thread(lambda: self._store.prepare(batch, part.items, holder=self._budget.holder))
        self.books.hand_over(item.key for item in part.items)
        try:
            file_id = await self._api.upload(part.path, f"vitrina-{batch.id}.jsonl")
            await asyncio.to_thread(self._store.uploaded, batch, file_id)
            remote = await self._api.create(file_id, CHAT, str(batch.id))
        except BatchRefusedError as error:  # the provider has no such batch; anything else is cleared up by a collect
            told = str(error)
            await asyncio.to_thread(lambda: self._store.end(batch, status="failed", error=told))
            raise
        await asyncio.to_thread(self._store.submitted, batch, remote.id, remote.status)
        part.path.unlink()
        return remote.id
