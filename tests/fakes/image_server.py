"""A host of pictures on loopback, with switches for everything that hosts do.

Belongs here: answering, and counting what was asked. Stays out: pictures with a meaning.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web


@dataclass
class Answer:
    """What a path gives. ``cut`` sends fewer bytes than it promises; ``etag`` answers conditions with 304."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    cut: int = 0
    chunked: bool = False
    etag: str = ""
    #: Answers before this one, each once.
    first: list[Answer] = field(default_factory=list)


@dataclass
class ImageHost:
    """``answers`` by path; ``asked`` counts requests; ``at_once`` is the most that were open together."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    headers_seen: list[Mapping[str, str]] = field(default_factory=list)
    bodies_sent: int = 0
    open: int = 0
    at_once: int = 0
    down: bool = False

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}/{path.lstrip('/')}"

    def put(self, path: str, body: bytes, **more: object) -> str:
        """Serve a body under a path; its address."""
        self.answers[f"/{path.lstrip('/')}"] = Answer(body, etag=f'"{sha256(body).hexdigest()[:8]}"', **more)  # type: ignore[arg-type]
        return self.url(path)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        self.headers_seen.append(dict(request.headers))
        self.open += 1
        self.at_once = max(self.at_once, self.open)
        try:
            return await self._answer(request)
        finally:
            self.open -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        answer = self.answers.get(request.path) or Answer(b"no such file", 404)
        if answer.first:
            answer = answer.first.pop(0)
        await asyncio.sleep(answer.seconds)
        if answer.etag and request.headers.get("If-None-Match") == answer.etag:
            return web.Response(status=304, headers={"ETag": answer.etag})
        headers = {**({"ETag": answer.etag} if answer.etag else {}), **answer.headers}
        self.bodies_sent += 1
        if answer.cut:
            response = web.StreamResponse(status=answer.status, headers=headers)
            response.content_length = len(answer.body)
            await response.prepare(request)
            await response.write(answer.body[: -answer.cut])
            if request.transport is not None:
                request.transport.close()
            return response
        reply = web.Response(status=answer.status, body=answer.body, headers=headers)
        if answer.chunked:
            reply.enable_chunked_encoding()
        return reply


@contextmanager
def image_host() -> Iterator[ImageHost]:
    """A running host; its thread ends with the block."""
    host = ImageHost()
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", host._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.port = runner.addresses[0][1]
        ready.set()
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    if not ready.wait(120):
        raise RuntimeError("the image host did not start")
    try:
        yield host
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def picture(seed: int = 0, *, size: tuple[int, int] = (400, 300), kind: str = "JPEG", **options: object) -> bytes:
    """A small picture whose bytes differ by seed."""
    from PIL import Image

    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.paste(((seed * 53) % 256, (seed * 101) % 256, (seed * 197) % 256), (20, 20, size[0] // 2, size[1] // 2))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
