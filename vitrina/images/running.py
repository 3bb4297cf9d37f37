"""One run's event loop: fetcher, pool, store and tables joined, outcomes committed as they come.

Belongs here: the joins and the counts. Stays out: which addresses are due (``service``), what an outcome makes of a row
(``outcomes``). Django is used in one thread of its own: its connections do not cross threads, and a commit must not
stop the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from django.db import connections

from vitrina.config import Settings
from vitrina.images import outcomes
from vitrina.images.addresses import AddressRules, parse_hosts
from vitrina.images.assigning import Assigned
from vitrina.images.downloading import Downloader, Due, Known, Outcome
from vitrina.images.fetch import Fetcher
from vitrina.images.hosts import HostGate
from vitrina.images.models import PictureUrl
from vitrina.images.pool import DecodePool
from vitrina.llm.slots import SharedSlots
from vitrina.objects import ObjectStore
from vitrina.project.database import database_url, psycopg_dsn

T = TypeVar("T")

#: Outcomes are committed when so many are there, or so long after the first.
_FLUSH_ROWS, _FLUSH_SECONDS = 50, 1.0
_STORE_AT_ONCE = 8
_TELL_SECONDS = 10.0


@dataclass(slots=True)
class FetchResult:
    """What one call did. ``states`` and ``reasons`` count the addresses that were asked."""

    assigned: Assigned = field(default_factory=Assigned)
    due: int = 0
    busy: int = 0
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    new_pictures: int = 0
    received_bytes: int = 0
    stored_bytes: int = 0
    hosts_left_alone: list[str] = field(default_factory=list)
    seconds: float = 0.0
    #: Addresses whose picture is there now and was not before.
    completed: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """Told every few seconds."""

    done: int
    due: int
    states: Counter[str]
    seconds: float


Tell = Callable[[Progress], None]


def rules_of(settings: Settings) -> AddressRules:
    """What the settings let be asked."""
    return AddressRules(parse_hosts(settings.image_allow_hosts), settings.cdn_prefix or "")


class Run:
    """One event loop's work on one group of addresses."""

    def __init__(
        self,
        store: ObjectStore,
        settings: Settings,
        result: FetchResult,
        *,
        refresh: bool = False,
        tell: Tell | None = None,
    ) -> None:
        self.store, self.settings, self.result, self.refresh, self.tell = store, settings, result, refresh, tell
        self.began = self.flushed = self.told = time.monotonic()
        self.waiting: list[Outcome] = []
        self.counted: set[str] = set()
        self.database = ThreadPoolExecutor(1, "pictures-database")
        self.flushing = asyncio.Lock()

    async def work(self, due: Sequence[Due]) -> None:
        """Fetch, decode, store, commit.

        Raises:
            PermanentError: the object store refuses us.
            DecoderUnavailable: no decoding process can be started.
        """
        settings = self.settings
        gates = await self._gates({item.address.host for item in due})
        threads = ThreadPoolExecutor(_STORE_AT_ONCE, "pictures-store")
        fetcher = Fetcher(
            rules_of(settings), max_bytes=settings.image_max_bytes, seconds=settings.image_timeout_seconds
        )
        pool = DecodePool(
            settings.image_workers, memory_mb=settings.image_decode_memory_mb, seconds=settings.image_decode_seconds
        )
        slots = SharedSlots(psycopg_dsn(database_url(settings)), "image", settings.image_concurrency)
        rooms = asyncio.Semaphore(settings.image_concurrency + 2 * settings.image_workers)
        try:
            async with fetcher, pool:
                await Downloader(
                    fetcher, pool, self.store, gates, slots.holding, self._known, self._record,
                    settings.image_max_bytes, rooms, threads,
                ).run(due)  # fmt: skip
        finally:
            slots.close()
            # Whatever ended the run: what is stored is written down.
            await self._flush()
            await self._in_database(partial(outcomes.save_hosts, [gate.state for gate in gates.values()]))
            await self._in_database(connections.close_all)
            self.database.shutdown()
            threads.shutdown(wait=False)
        alone = {name for name, gate in gates.items() if gate.closed_for is not None}
        self.result.hosts_left_alone = sorted(alone.union(self.result.hosts_left_alone))

    async def _gates(self, hosts: set[str]) -> dict[str, HostGate]:
        settings = self.settings
        states = await self._in_database(partial(outcomes.load_hosts, hosts))
        return {
            name: HostGate(state, settings.image_host_concurrency, settings.image_host_interval_seconds)
            if name
            else HostGate(state, _STORE_AT_ONCE, 0.0)
            for name, state in states.items()
        }

    async def _in_database(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.database, call)

    async def _known(self, sha256: str) -> Known | None:
        return await self._in_database(partial(outcomes.known_picture, sha256, refresh=self.refresh))

    async def _record(self, outcome: Outcome) -> None:
        self.waiting.append(outcome)
        now = time.monotonic()
        if len(self.waiting) >= _FLUSH_ROWS or now - self.flushed > _FLUSH_SECONDS:
            await self._flush()
        if self.tell is not None and now - self.told > _TELL_SECONDS:
            self.told = now
            self.tell(Progress(self.result.states.total(), self.result.due, self.result.states, now - self.began))

    async def _flush(self) -> None:
        async with self.flushing:
            batch, self.waiting = self.waiting, []
            self.flushed = time.monotonic()
            if not batch:
                return
            states = await self._in_database(partial(outcomes.write, batch, datetime.now(UTC)))
            self._count(batch, states)

    def _count(self, batch: Sequence[Outcome], states: dict[int, str]) -> None:
        result = self.result
        for outcome in batch:
            state = states[outcome.due.pk]
            result.states[state] += 1
            if outcome.reason is not None:
                result.reasons[outcome.reason.value] += 1
            result.unchanged += outcome.unchanged
            result.received_bytes += outcome.received
            made = outcome.picture
            if made is not None and made.reason is None and made.sha256 not in self.counted:
                self.counted.add(made.sha256)
                result.new_pictures += 1
                result.stored_bytes += made.size + made.shown_size
            shown = state == PictureUrl.State.STORED and not outcome.unchanged
            if shown and (outcome.picture is not None or outcome.known != outcome.due.picture):
                result.completed.append(outcome.due.pk)
