"""The provider's side: Files and Batch over HTTP.

Belongs here: the calls and what their answers mean. Stays out: what is remembered of batches
(``vitrina.llm.batch.store``) and when they are called (``vitrina.llm.batch.runner``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import aiohttp
import orjson

from vitrina.errors import PermanentError, RetryableError
from vitrina.llm.transport import Reply, TransportError
from vitrina.llm.wire import read_error, read_json

#: Name of the entry in a batch's metadata by which a batch is found whose creation was not heard of.
METADATA = "vitrina_batch"
TERMINAL = frozenset({"completed", "expired", "cancelled", "failed"})
_UPLOAD_S = 900.0
_TRIES = 5
_PAGES = 20


class BatchServiceError(RetryableError):
    """The batch service could not be asked; what was submitted stays submitted."""


class BatchRefusedError(PermanentError):
    """The batch service refuses: no such service at this endpoint, a wrong key, a file it does not take."""


class BatchGoneError(BatchRefusedError):
    """The endpoint does not know what was named (404)."""


class BatchTransport(Protocol):
    """What is needed of :class:`vitrina.llm.transport.HttpTransport`."""

    async def request(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        into: BinaryIO | None = None,
    ) -> Reply: ...


@dataclass(slots=True, frozen=True)
class Remote:
    """A batch as the provider tells of it."""

    id: str
    status: str
    output_file_id: str = ""
    error_file_id: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    mark: str = ""
    error: str = ""

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return self.status in TERMINAL


class BatchApi:
    """Calls, each tried again over short failures.

    Args:
        sleep: Waits between tries; tests pass their own.
    """

    def __init__(self, transport: BatchTransport, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._transport = transport
        self._sleep = sleep

    async def upload(self, path: Path, name: str) -> str:
        """Uploads a file of requests and gives its id."""
        data = await self._call("POST", "/files", file=(path, name), timeout_s=_UPLOAD_S)
        return _id(data, "the uploaded file")

    async def create(self, file_id: str, path: str, mark: str) -> Remote:
        """Creates a batch, once: when the answer is lost it is looked for by its mark before anything is sent again.

        Raises:
            BatchServiceError: It is not known whether it was created; a later look finds it.
        """
        body = orjson.dumps(
            {"input_file_id": file_id, "endpoint": path, "completion_window": "24h", "metadata": {METADATA: mark}}
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": mark}
        for turn in range(_TRIES):
            try:
                reply = await self._transport.request("POST", "/batches", body, headers=headers)
            except TransportError as error:
                if error.sent and (found := await self.find(mark)) is not None:
                    return found
                told = str(error)
            else:
                if reply.status == 200:
                    return _remote(read_json(reply) or {})
                if reply.status >= 500 and (found := await self.find(mark)) is not None:
                    return found
                told = _refusal(reply)
            await self._sleep(_wait(turn))
        raise BatchServiceError(f"A batch could not be created: {told}.", hint="Start again; nothing is sent twice.")

    async def retrieve(self, batch_id: str) -> Remote:
        """The batch as it stands."""
        return _remote(await self._call("GET", f"/batches/{batch_id}"))

    async def cancel(self, batch_id: str) -> Remote:
        """Asks for its end; what is answered by then can be collected, and is paid."""
        return _remote(await self._call("POST", f"/batches/{batch_id}/cancel"))

    async def find(self, mark: str) -> Remote | None:
        """The batch that bears a mark, among the newest ones of the account."""
        after = ""
        for _ in range(_PAGES):
            data = await self._call("GET", f"/batches?limit=100{after}")
            rows = data.get("data")
            rows = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
            for row in rows:
                if (found := _remote(row)).mark == mark:
                    return found
            if not data.get("has_more") or not rows:
                return None
            after = f"&after={rows[-1].get('id')}"
        return None

    async def download(self, file_id: str, into: BinaryIO) -> None:
        """Writes a file's content; a file that is gone gives none, and its rows are sent again."""
        for turn in range(_TRIES):
            into.seek(0)
            into.truncate()
            try:
                reply = await self._transport.request(
                    "GET", f"/files/{file_id}/content", into=into, timeout_s=_UPLOAD_S
                )
            except TransportError as error:
                told = str(error)
            else:
                if reply.status == 200:
                    return
                told = _refusal(reply)
            await self._sleep(_wait(turn))
        raise BatchServiceError(f"The answers of a batch could not be fetched: {told}.")

    async def _call(
        self, method: str, path: str, *, file: tuple[Path, str] | None = None, timeout_s: float | None = None
    ) -> dict[str, Any]:
        for turn in range(_TRIES):
            with ExitStack() as stack:
                form = None
                if file is not None:
                    form = aiohttp.FormData()
                    form.add_field("purpose", "batch")
                    handle = stack.enter_context(file[0].open("rb"))
                    form.add_field("file", handle, filename=file[1], content_type="application/jsonl")
                try:
                    reply = await self._transport.request(method, path, form, timeout_s=timeout_s)
                except TransportError as error:
                    told = str(error)
                else:
                    data = read_json(reply)
                    if reply.status == 200 and data is not None:
                        return data
                    told = _refusal(reply)
            await self._sleep(_wait(turn))
        raise BatchServiceError(f"The batch service cannot be reached: {told}.", hint="Start again later.")


def _refusal(reply: Reply) -> str:
    """Why a call failed, for those that may be tried again.

    Raises:
        BatchRefusedError: Trying again is useless.
    """
    reading = read_error(reply)
    told = reading.error or f"HTTP {reply.status}"
    if reply.status in (408, 409, 425, 429) or reply.status >= 500 or reply.status == 200:
        return told
    kind = BatchGoneError if reply.status == 404 else BatchRefusedError
    raise kind(
        f"The endpoint's batch service refuses: {told}", hint="Set AI_MODE=online where there is no batch service."
    )


def _wait(turn: int) -> float:
    return min(30.0, 1.0 * 2**turn)


def _id(data: Mapping[str, Any], what: str) -> str:
    found = data.get("id")
    if not isinstance(found, str) or not found or not found.replace("-", "").replace("_", "").isalnum():
        raise BatchServiceError(f"The batch service gave no id of {what}.")
    return found


def _remote(data: Mapping[str, Any]) -> Remote:
    counts, marks = data.get("request_counts"), data.get("metadata")
    counts = counts if isinstance(counts, Mapping) else {}
    marks = marks if isinstance(marks, Mapping) else {}
    errors = data.get("errors")
    rows = errors.get("data") if isinstance(errors, Mapping) else None
    told = [f"{row.get('code')}: {row.get('message')}" for row in rows or () if isinstance(row, Mapping)]
    return Remote(
        id=_id(data, "a batch"),
        status=str(data.get("status") or ""),
        output_file_id=str(data.get("output_file_id") or ""),
        error_file_id=str(data.get("error_file_id") or ""),
        total=_count(counts.get("total")),
        completed=_count(counts.get("completed")),
        failed=_count(counts.get("failed")),
        mark=str(marks.get(METADATA) or ""),
        error="; ".join(told)[:2_000],
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
