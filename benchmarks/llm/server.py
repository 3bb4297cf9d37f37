"""An OpenAI-compatible server with faults on demand: ``python -m benchmarks.llm.server --port 0``.

Belongs here: HTTP, timing and counting, in a process of its own on loopback. 0.04 ms of processor a request (httptools
on uvloop), so it is not what limits a client on the same machine. Stays out: switches and dice
(``benchmarks.llm.faults``), bodies (``benchmarks.llm.replies``).

The item of a request is the first ``item:NAME`` in its body. What was begun is charged even when the caller is gone, as
providers do. ``GET /_stats`` counts (``/_stats?items`` by item too), ``POST /_reset`` takes :class:`Faults` as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import sys
from collections import Counter
from typing import Any, cast

import httptools
import orjson
import uvloop

from benchmarks.llm import replies
from benchmarks.llm.faults import Bucket, Faults, fate, latency, nature

_ITEM = re.compile(rb"item:([A-Za-z0-9_.-]+)")
_REASONS = {200: b"OK", 404: b"Not Found", 429: b"Too Many Requests", 500: b"Internal Server Error"}
_CUT = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"id": "chatcmpl-x", "cho'


class State:
    """What the server knows since the last reset."""

    def __init__(self, faults: Faults) -> None:
        self.reset(faults)

    def reset(self, faults: Faults) -> None:
        self.faults = faults
        self.bucket = None if faults.rps is None else Bucket(faults.rps, faults.burst)
        self.attempts: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.replies: Counter[str] = Counter()
        self.seconds: Counter[int] = Counter()
        self.good_seconds: Counter[int] = Counter()
        self.connections = self.requests = self.in_flight = self.peak = self.in_outage = 0
        self.began: float | None = None
        self.last_good = 0.0
        self.resumed: float | None = None
        self.cpu = _cpu()

    def outage(self, now: float) -> bool:
        after = self.faults.outage_after_s
        if after is None or self.began is None:
            return False
        return after <= now - self.began < after + self.faults.outage_s

    def stats(self, *, items: bool) -> dict[str, Any]:
        told: dict[str, Any] = {
            "requests": self.requests,
            "connections": self.connections,
            "in_flight": self.in_flight,
            "peak": self.peak,
            "replies": dict(self.replies),
            "items": len(self.attempts),
            "good": len(self.good),
            "paid": sum(self.paid.values()),
            "paid_twice": sum(self.paid.values()) - len(self.paid),
            "good_twice": sum(self.good.values()) - len(self.good),
            "in_outage": self.in_outage,
            "last_good_s": round(self.last_good - self.began, 3) if self.began is not None and self.last_good else None,
            "resumed_s": None if self.resumed is None or self.began is None else round(self.resumed - self.began, 3),
            "requests_by_second": _by_second(self.seconds),
            "good_by_second": _by_second(self.good_seconds),
            "cpu_ms_per_request": round((_cpu() - self.cpu) * 1000 / max(self.requests, 1), 4),
        }
        if items:
            told["attempts_by_item"], told["paid_by_item"] = dict(self.attempts), dict(self.paid)
        return told


class Connection(asyncio.Protocol):
    """One client's connection. Requests on it are answered one at a time, as HTTP/1.1 clients send them."""

    def __init__(self, state: State, loop: asyncio.AbstractEventLoop) -> None:
        self.state, self.loop = state, loop
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.url, self.parts = b"", []  # type: bytes, list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.state.connections += 1

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._close()

    # -- httptools calls these -----------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self.url, self.parts = url, []

    def on_body(self, body: bytes) -> None:
        self.parts.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self.parts)
        if self.url.startswith(b"/_"):
            self._control(body)
        else:
            self._request(body)

    # -- answers -------------------------------------------------------------------------------------

    def _control(self, body: bytes) -> None:
        if self.url.startswith(b"/_stats"):
            self._send(200, orjson.dumps(self.state.stats(items=b"items" in self.url)))
            return
        try:
            self.state.reset(Faults(**json.loads(body or b"{}")))
        except (TypeError, ValueError) as error:
            self._send(404, replies.error(str(error), "wrong_faults"))
            return
        self._send(200, b"{}")

    def _request(self, body: bytes) -> None:
        state, now = self.state, self.loop.time()
        faults = state.faults
        if state.began is None:
            state.began = now
        state.requests += 1
        state.seconds[int(now - state.began)] += 1
        state.in_flight += 1
        state.peak = max(state.peak, state.in_flight)
        found = _ITEM.search(body)
        item = found.group(1).decode() if found else "none"
        state.attempts[item] += 1
        attempt = state.attempts[item]
        if state.outage(now):
            state.in_outage += 1
            if faults.outage == "hang":
                return
            self.loop.call_later(faults.refused_s, self._answer, "outage", item, body, state)
            return
        if state.bucket is not None and not state.bucket.take(now):
            self.loop.call_later(faults.refused_s, self._answer, "rate_429", item, body, state)
            return
        kind = fate(faults, item, attempt)
        if kind == "hang":
            state.replies["hang"] += 1
            return
        wait = faults.refused_s if kind == "rate_429" else latency(faults, item, attempt)
        self.loop.call_later(wait, self._answer, kind, item, body, state)

    def _answer(self, kind: str, item: str, body: bytes, state: State) -> None:
        state.in_flight -= 1
        if kind == "" and state.outage(self.loop.time()):
            kind = "outage"  # it strikes what is under way too
        if kind == "outage" and state.faults.outage != "503":
            state.replies["outage"] += 1
            self._close()
            return
        if kind in ("", "truncated_json"):
            self._content(kind, item, body, state)
            return
        state.replies[kind] += 1
        if kind == "rate_429":
            wait = state.faults.retry_after
            extra = b"" if wait is None else b"Retry-After: " + wait.encode() + b"\r\n"
            self._send(429, replies.error("Rate limit reached, slow down.", "rate_limit_exceeded"), extra)
        elif kind == "rate_500":
            self._send(500, replies.error("The server had an error.", "server_error"))
        elif kind == "outage":
            self._send(503, replies.error("The service is unavailable.", "unavailable"))
        elif kind == "html":
            self._send(200, replies.HTML, content_type=b"text/html")
        elif kind == "cut" and self.transport is not None:
            self.transport.write(_CUT)
            self._close()

    def _content(self, kind: str, item: str, body: bytes, state: State) -> None:
        faults = state.faults
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            self._send(404, replies.error("The body is not JSON.", "bad_request"))
            return
        if b"/embeddings" in self.url:
            kind, told = "", replies.embeddings(request, usage=faults.usage)
        else:
            lasting = nature(faults, item)
            kind = lasting if lasting in ("refusal", "content_filter") else kind or lasting
            limit = request.get("max_completion_tokens") or request.get("max_tokens") or 0
            if kind == "length" and limit >= faults.needs_tokens:
                kind = ""
            told = replies.chat(request, item, kind=kind, usage=faults.usage, schema=not faults.ignores_schema)
        state.replies[kind or "ok"] += 1
        state.paid[item] += 1
        if not kind:
            state.good[item] += 1
            state.last_good = self.loop.time()
            since = state.last_good - (state.began or state.last_good)
            state.good_seconds[int(since)] += 1
            if state.resumed is None and since >= (faults.outage_after_s or 0.0) + faults.outage_s:
                state.resumed = state.last_good
        self._send(200, told)

    def _send(self, status: int, body: bytes, extra: bytes = b"", content_type: bytes = b"application/json") -> None:
        if self.transport is None or self.transport.is_closing():
            return  # the caller is gone; what it asked for is charged all the same
        state = self.state
        if state.bucket is not None and state.faults.headers:
            left, whole = int(state.bucket.level), int(state.bucket.room)
            reset = (state.bucket.room - state.bucket.level) / state.bucket.rps
            extra += b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\n" % (whole, left)
            extra += b"x-ratelimit-reset-requests: %.3fs\r\n" % reset
        self.transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nx-request-id: r%d\r\n%b\r\n%b"
            % (status, _REASONS.get(status, b"Error"), content_type, len(body), state.requests, extra, body)
        )

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()


def _by_second(counts: Counter[int]) -> list[int]:
    return [counts[second] for second in range(max(counts, default=-1) + 1)]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def serve(port: int, faults: Faults) -> None:
    """Serves until it is ended; the port is the first line that is printed."""
    loop, state = asyncio.get_running_loop(), State(faults)
    server = await loop.create_server(lambda: Connection(state, loop), "127.0.0.1", port, backlog=2048)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main() -> None:
    """Parses the command line and serves."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.llm.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--faults", default="{}", help="a JSON object of switches")
    given = parser.parse_args()
    uvloop.run(serve(given.port, Faults(**json.loads(given.faults))))


if __name__ == "__main__":
    main()
