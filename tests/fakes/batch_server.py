"""A provider's batch service with faults on demand: Files and Batch over HTTP, in a thread of the test's process.

Belongs here: the wire and the switches. It outlives a killed client, and counts what it answered by request, so that
what is paid twice is seen from its side.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.llm_replies import PROBE, PRODUCT, PRODUCT_ID


@dataclass
class Switches:
    """Shares are of requests, drawn by a hash of the question and the batch's number.

    Ids of requests would draw anew in each run: the service's port is in them.

    Attributes:
        polls: How often a batch is looked at before it has ended.
        expire: Share that the batch does not come to before its time is up.
        errors: Share that ends with a 500 in the error file.
        refuse: Share that ends with a 400 in the error file.
        truncate: Share whose answer is cut unless ``max_tokens`` is at least ``needs_tokens``.
        lose_create: How many answers to the creation of a batch are lost, after it was created.
        lose_upload: The same of uploads.
        list_lag: Calls of the list before a new batch stands in it.
        fail: Every batch ends as failed, with this message.
        first_only: Faults of rows concern the first batch alone.
        usage: Answers tell how many tokens they took.
        refuse_all: Nobody is told of batches (403).
    """

    polls: int = 1
    expire: float = 0.0
    errors: float = 0.0
    refuse: float = 0.0
    truncate: float = 0.0
    needs_tokens: int = 500
    lose_create: int = 0
    lose_upload: int = 0
    list_lag: int = 0
    fail: str = ""
    first_only: bool = True
    content: str | None = None
    usage: bool = True
    refuse_all: bool = False


@dataclass
class _Batch:
    id: str
    file: str
    metadata: dict[str, str]
    number: int
    polls: int = 0
    lists: int = 0
    status: str = "validating"
    output: str | None = None
    errors: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"total": 0, "completed": 0, "failed": 0})


class BatchServer:
    """State and handlers. ``answered`` counts answers by ``custom_id``: more than one is paid twice."""

    def __init__(self) -> None:
        self.switches = Switches()
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, _Batch] = {}
        self.answered: Counter[str] = Counter()
        self.created = self.uploads = self.online = 0
        self.base_url = ""

    def reset(self, **switches: Any) -> None:
        """New switches, nothing stored."""
        url = self.base_url
        self.__init__()  # type: ignore[misc]
        self.base_url, self.switches = url, Switches(**switches)

    def app(self) -> web.Application:
        """The routes below ``/v1``."""
        app = web.Application(client_max_size=300 * 1024 * 1024)
        app.add_routes(
            [
                web.post("/v1/files", self._upload),
                web.get("/v1/files/{id}/content", self._content),
                web.post("/v1/batches", self._create),
                web.get("/v1/batches", self._list),
                web.get("/v1/batches/{id}", self._retrieve),
                web.post("/v1/batches/{id}/cancel", self._cancel),
                web.post("/v1/chat/completions", self._chat),
            ]
        )
        return app

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert form["purpose"] == "batch"
        upload = form["file"]
        assert isinstance(upload, web.FileField)
        self.uploads += 1
        name = f"file-{self.uploads}"
        self.files[name] = upload.file.read()
        if self.switches.lose_upload > 0:
            self.switches.lose_upload -= 1
            return _lost(request)
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def _content(self, request: web.Request) -> web.Response:
        data = self.files.get(request.match_info["id"])
        if data is None:
            return web.json_response({"error": {"message": "no such file", "code": "not_found"}}, status=404)
        return web.Response(body=data, content_type="application/octet-stream")

    async def _create(self, request: web.Request) -> web.StreamResponse:
        data = await request.json()
        self.created += 1
        batch = _Batch(f"batch_{self.created}", data["input_file_id"], data.get("metadata") or {}, self.created)
        self.batches[batch.id] = batch
        if self.switches.lose_create > 0:
            self.switches.lose_create -= 1
            return _lost(request)
        return web.json_response(self._told(batch))

    async def _list(self, request: web.Request) -> web.Response:
        limit, after = int(request.query.get("limit", 20)), request.query.get("after")
        rows = list(reversed(self.batches.values()))
        for batch in rows:
            batch.lists += 1
        rows = [batch for batch in rows if batch.lists > self.switches.list_lag]
        if after:
            ids = [batch.id for batch in rows]
            rows = rows[ids.index(after) + 1 :]
        page = [self._told(batch) for batch in rows[:limit]]
        return web.json_response({"object": "list", "data": page, "has_more": len(rows) > limit})

    async def _retrieve(self, request: web.Request) -> web.Response:
        if self.switches.refuse_all:
            return web.json_response({"error": {"message": "not for you", "code": "forbidden"}}, status=403)
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response({"error": {"message": "no such batch", "code": "not_found"}}, status=404)
        batch.polls += 1
        if batch.status in ("validating", "in_progress"):
            batch.status = "in_progress"
            if batch.polls >= self.switches.polls:
                self._finish(batch)
        return web.json_response(self._told(batch))

    async def _cancel(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        if batch.status in ("validating", "in_progress"):
            self._finish(batch, cancelled=True)
        return web.json_response(self._told(batch))

    async def _chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.online += PROBE.decode() not in json.dumps(body)
        return web.json_response(self._reply(body, cut=False))

    def _finish(self, batch: _Batch, *, cancelled: bool = False) -> None:
        switches = self.switches
        if switches.fail:
            batch.status = "failed"
            return
        faults = not switches.first_only or batch.number == 1
        output, errors = [], []
        lines = self.files[batch.file].splitlines()
        for index, line in enumerate(lines):
            row = json.loads(line)
            key, body = row["custom_id"], row["body"]
            question = json.dumps([body["model"], body["messages"]], sort_keys=True)
            fate = int.from_bytes(hashlib.sha256(f"{question}/{batch.number}".encode()).digest()[:4], "big") / 2**32
            fate = fate if faults else 2.0
            if (cancelled and index % 2) or fate < switches.expire:
                code = "batch_cancelled" if cancelled else "batch_expired"
                errors.append({"custom_id": key, "response": None, "error": {"code": code, "message": "not executed"}})
            elif fate < switches.expire + switches.errors:
                errors.append(_row(key, 500, {"error": {"message": "it broke", "type": "server_error"}}))
            elif fate < switches.expire + switches.errors + switches.refuse:
                errors.append(_row(key, 400, {"error": {"message": "bad request", "code": "bad"}}))
            else:
                self.answered[key] += 1
                start = switches.expire + switches.errors + switches.refuse
                room = body.get("max_tokens") or body.get("max_completion_tokens") or 0
                cut = fate < start + switches.truncate and room < switches.needs_tokens
                output.append(_row(key, 200, self._reply(body, cut=cut)))
        expired = any(row["error"] for row in errors)
        batch.status = "cancelled" if cancelled else "expired" if expired else "completed"
        batch.counts = {"total": len(lines), "completed": len(output), "failed": len(errors)}
        batch.output, batch.errors = self._store(batch, "output", output), self._store(batch, "error", errors)

    def _store(self, batch: _Batch, kind: str, rows: list[dict[str, Any]]) -> str | None:
        if not rows:
            return None
        name = f"file-{batch.id}-{kind}"
        self.files[name] = b"".join(json.dumps(row).encode() + b"\n" for row in reversed(rows))
        return name

    def _reply(self, body: dict[str, Any], *, cut: bool) -> dict[str, Any]:
        asked = body["messages"][-1]["content"]
        content = self.switches.content or json.dumps({"answer": asked}, ensure_ascii=False)
        whole = json.dumps(body, ensure_ascii=False)
        if PROBE in whole.encode():
            content = '{"vitrina_probe": "yes", "colour": "green"}'
        if PRODUCT_ID in content and (found := PRODUCT.search(whole)):
            content = content.replace(PRODUCT_ID, found.group(1))
        content = content[:5] if cut else content
        message = {"role": "assistant", "content": content, "refusal": None}
        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        return {
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "length" if cut else "stop"}],
            **({"usage": usage} if self.switches.usage else {}),
        }

    def _told(self, batch: _Batch) -> dict[str, Any]:
        errors = {"object": "list", "data": [{"code": "invalid", "message": self.switches.fail}]}
        return {
            "id": batch.id,
            "object": "batch",
            "status": batch.status,
            "metadata": batch.metadata,
            "request_counts": batch.counts,
            "output_file_id": batch.output,
            "error_file_id": batch.errors,
            "errors": errors if batch.status == "failed" else None,
        }


def _row(key: str, status: int, body: dict[str, Any]) -> dict[str, Any]:
    response = {"status_code": status, "request_id": f"req-{key[:8]}", "body": body}
    return {"id": f"batch_req_{key[:8]}", "custom_id": key, "response": response, "error": None}


def _lost(request: web.Request) -> web.StreamResponse:
    """The work is done, and the answer never arrives."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@contextmanager
def running_batch_server() -> Iterator[BatchServer]:
    """The service on a free loopback port, in a thread, ended at exit."""
    server = BatchServer()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(server.app(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        server.base_url = f"http://127.0.0.1:{port}/v1"
        ready.set()
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    if not ready.wait(120):
        raise RuntimeError("the batch server did not start")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
