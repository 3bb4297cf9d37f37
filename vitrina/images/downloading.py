"""Many addresses to outcomes: fetched politely, decoded in the pool, stored by content.

Belongs here: the order of work, what runs at once, what an answer makes of an address. Stays out: single requests
(``fetch``), manners (``hosts``), tables (``outcomes``): no Django here.

At most ``rooms`` files are in memory at once. Objects are put before their outcome is told, so that no row names an
object that is not there; keys are hashes, so a killed run that starts again writes the same objects.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from vitrina.errors import RetryableError
from vitrina.images.addresses import Address
from vitrina.images.fetch import Fetched, Fetcher
from vitrina.images.hosts import HOST_FAULTS, HostGate
from vitrina.images.keys import (
    CACHE_CONTROL,
    PRIVATE_CACHE_CONTROL,
    jpeg_key,
    original_key,
    thumb_key,
    webp_key,
)
from vitrina.images.pool import Decoded, DecodePool
from vitrina.images.reasons import PASSING, Reason
from vitrina.objects import ObjectMissing, ObjectStore, ObjectTooLarge

T = TypeVar("T")
_TRIES = 2
#: A second try at once may help; what the host says of the file itself stands.
_TRY_AGAIN = frozenset((Reason.UNREACHABLE, Reason.CUT_OFF, Reason.SERVER_ERROR, Reason.RATE_LIMITED))
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Due:
    """An address to be asked. ``original_key`` is set where only the derivatives are to be made again."""

    pk: int
    address: Address
    etag: str = ""
    last_modified: str = ""
    original_key: str = ""
    #: Of the row as it stands.
    state: str = "waiting"
    attempts: int = 0
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture's facts, as they stand in its row; ``reason`` where it is refused."""

    sha256: str
    size: int
    reason: Reason | None = None
    message: str = ""
    format: str = ""
    width: int | None = None
    height: int | None = None
    original_key: str = ""
    jpeg_key: str = ""
    webp_key: str = ""
    thumb_key: str = ""
    shown_width: int | None = None
    shown_height: int | None = None
    shown_size: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an address. ``picture`` is new or made anew; ``known`` names one whose row stands."""

    due: Due
    reason: Reason | None = None
    message: str = ""
    picture: Stored | None = None
    known: str = ""
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""
    #: The host is not asked before.
    until: datetime | None = None
    #: Bytes that came over the network.
    received: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A picture that needs no decoding; refused ones carry their reason."""

    sha256: str
    reason: Reason | None = None
    message: str = ""


Lookup = Callable[[str], Awaitable[Known | None]]
Record = Callable[[Outcome], Awaitable[None]]


@dataclass(slots=True)
class Downloader:
    """One run's work. ``slots`` is the limit over all processes."""

    fetcher: Fetcher
    pool: DecodePool
    store: ObjectStore
    gates: Mapping[str, HostGate]
    slots: Callable[[], AbstractAsyncContextManager[object]]
    known: Lookup
    record: Record
    max_bytes: int
    rooms: asyncio.Semaphore
    threads: Executor
    _making: dict[str, asyncio.Task[Known | Stored]] = field(default_factory=dict)
    #: Made by this run; their rows may not be committed yet.
    _made: dict[str, Stored] = field(default_factory=dict)

    async def run(self, due: Sequence[Due]) -> None:
        """Bring every address to an outcome.

        Raises:
            PermanentError: the object store refuses us.
            DecoderUnavailable: no decoding process can be started.
        """
        by_host: defaultdict[str, deque[Due]] = defaultdict(deque)
        for item in due:
            by_host[item.address.host].append(item)
        try:
            async with asyncio.TaskGroup() as group:
                for host, queue in by_host.items():
                    group.create_task(self._host(self.gates[host], queue))
        except BaseExceptionGroup as errors:
            # The first cause is what a person can act on; the others are mostly the same.
            first: BaseException = errors
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from errors

    async def _host(self, gate: HostGate, queue: deque[Due]) -> None:
        while queue and gate.probing and gate.closed_for is None:
            await self._one(gate, queue.popleft())
        async with asyncio.TaskGroup() as group:
            for _ in range(min(gate.concurrency, len(queue))):
                group.create_task(self._runner(gate, queue))
        while queue:
            message = f"Its host is left alone: {gate.state.message or gate.state.reason}"
            await self.record(Outcome(queue.popleft(), Reason.HOST_DOWN, message, until=gate.state.open_until))

    async def _runner(self, gate: HostGate, queue: deque[Due]) -> None:
        while queue and gate.closed_for is None:
            await self._one(gate, queue.popleft())

    async def _one(self, gate: HostGate, item: Due) -> None:
        for last in (*[False] * (_TRIES - 1), True):
            await gate.turn()
            async with self.rooms:
                fetched = await self._load(item)
                if fetched.reason is None:
                    gate.answered()
                    outcome = await self._outcome(item, fetched)
                    break
            _learn(gate, fetched)
            outcome = Outcome(item, fetched.reason, fetched.message, until=gate.state.open_until)
            if last or fetched.reason not in _TRY_AGAIN or gate.closed_for is not None:
                break
            await asyncio.sleep(_AGAIN_SECONDS)
        await self.record(outcome)

    async def _load(self, item: Due) -> Fetched:
        """The bytes of an address: of the original that is kept, of the store, or over the network."""
        if item.original_key:
            found = await self._object(item.original_key)
            if found.reason is not Reason.NOT_FOUND:
                return found
        if item.address.object_key is not None:
            return await self._object(item.address.object_key)
        async with self.slots():
            return await self.fetcher.fetch(item.address, etag=item.etag, last_modified=item.last_modified)

    async def _object(self, key: str) -> Fetched:
        try:
            return Fetched(data=await self._threaded(partial(self.store.get, key, limit=self.max_bytes)))
        except ObjectMissing as error:
            return Fetched(reason=Reason.NOT_FOUND, message=str(error))
        except ObjectTooLarge as error:
            return Fetched(reason=Reason.TOO_LARGE, message=str(error))
        except RetryableError as error:
            return Fetched(reason=Reason.STORE_DOWN, message=str(error))

    async def _outcome(self, item: Due, fetched: Fetched) -> Outcome:
        if fetched.unchanged:
            return Outcome(item, unchanged=True, etag=fetched.etag, last_modified=fetched.last_modified)
        tags = (fetched.etag, fetched.last_modified)
        received = 0 if item.original_key or item.address.object_key else len(fetched.data)
        try:
            made = await self._picture(fetched.data)
        except RetryableError as error:
            return Outcome(item, Reason.STORE_DOWN, str(error), received=received)
        picture = made if isinstance(made, Stored) else None
        return Outcome(item, made.reason, made.message, picture, made.sha256, False, *tags, received=received)

    async def _picture(self, data: bytes) -> Known | Stored:
        """The picture of these bytes; twins are made once."""
        sha256 = hashlib.sha256(data).hexdigest()
        if (made := self._made.get(sha256)) is not None:
            return made
        task = self._making.get(sha256)
        if task is not None:
            return await asyncio.shield(task)
        task = self._making[sha256] = asyncio.create_task(self._make(sha256, data))
        try:
            return await task
        finally:
            self._making.pop(sha256, None)

    async def _make(self, sha256: str, data: bytes) -> Known | Stored:
        if (known := await self.known(sha256)) is not None:
            return known
        decoded = await self.pool.decode(data)
        if decoded.reason is not None:
            made = Stored(sha256, len(data), decoded.reason, decoded.message)
        else:
            made = await self._threaded(partial(self._put, sha256, data, decoded))
        self._made[sha256] = made
        return made

    async def _threaded(self, call: Callable[[], T]) -> T:
        # Not the loop's own threads: slow name resolution would fill them.
        return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    def _put(self, sha256: str, data: bytes, decoded: Decoded) -> Stored:
        keys = (original_key(sha256, decoded.format), jpeg_key(sha256), webp_key(sha256), thumb_key(sha256))
        blobs = (data, decoded.jpeg, decoded.webp, decoded.thumb)
        kinds = (f"image/{decoded.format}", "image/jpeg", "image/webp", "image/jpeg")
        caches = (PRIVATE_CACHE_CONTROL, CACHE_CONTROL, CACHE_CONTROL, CACHE_CONTROL)
        for key, blob, kind, cache in zip(keys, blobs, kinds, caches, strict=True):
            self.store.put(key, blob, content_type=kind, cache_control=cache)
        return Stored(
            sha256, len(data), None, "", decoded.format, decoded.width, decoded.height, *keys,
            decoded.shown_width, decoded.shown_height, sum(len(blob) for blob in blobs[1:]),
        )  # fmt: skip


def _learn(gate: HostGate, fetched: Fetched) -> None:
    """What a failed request says of its host."""
    reason = fetched.reason
    if reason is None:
        return
    if reason in HOST_FAULTS:
        gate.failed(reason, fetched.message)
    elif reason not in PASSING:
        gate.answered()
    if fetched.retry_after is not None:
        gate.pause(fetched.retry_after)
