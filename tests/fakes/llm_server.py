"""An OpenAI-compatible server with faults on demand, in a process of its own.

Belongs here: the wire format and the faults. Every fault is drawn by a hash of (seed, item, attempt), so each client
meets the same ones, and answers are counted per item, so losses and duplicates are seen from the server's side.

The item of a request is the first ``item:NAME`` in its messages. ``GET /_stats`` gives counts, ``POST /_reset`` takes
new :class:`Faults` as a JSON object. Also a command: ``python -m tests.fakes.llm_server --faults '{"rate_429": 0.1}'``.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.fakes.llm_replies import (
    PROBE,
    PRODUCT,
    PRODUCT_ID,
    Faults,
    as_ollama,
    draw,
    embeddings,
    error,
    models,
    take,
    way,
)

_ITEM = re.compile(r"item:([^\s\"\\]+)")
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class LlmServer:
    """The server's state: one per process."""

    def __init__(self, faults: Faults) -> None:
        self.reset(faults)

    def reset(self, faults: Faults) -> None:
        self.faults = faults
        self.attempts: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.replies: Counter[str] = Counter()
        self.in_flight = self.peak = self.requests = self.probes = 0
        self.asked: Counter[str] = Counter()
        self.limits: list[int | None] = []
        self.authorizations: set[str] = set()
        self._bucket, self._filled = 0.0, time.monotonic()

    def stats(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "probes": self.probes,
            "asked": dict(self.asked),
            "peak": self.peak,
            "replies": dict(self.replies),
            "paid": dict(self.paid),
            "limits": self.limits[:1000],
            "authorizations": sorted(self.authorizations),
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request_line, *lines = head.decode("latin-1").split("\r\n")
                method, path, _ = request_line.split(" ", 2)
                headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines) if k}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if not await self._handle(method, path, headers, body, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        if path == "/_stats":
            return await _send(writer, 200, json.dumps(self.stats()).encode())
        if path == "/_reset":
            self.reset(Faults(**json.loads(body or b"{}")))
            return await _send(writer, 200, b"{}")
        if path.endswith("/models"):
            return await _send(writer, 200, models(self.faults.owner))
        if path == "/api/show":
            return await _send(writer, 200, b'{"model_info": {"fake.context_length": 40960}}')
        probe = PROBE in body
        self.probes += probe
        self.requests += not probe
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self.authorizations.add(headers.get("authorization", ""))
        try:
            return await self._answer(path, headers, body, writer)
        finally:
            self.in_flight -= 1

    async def _answer(self, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> bool:
        faults = self.faults
        data = json.loads(body) if faults.status is None else {}
        found = _ITEM.search(body.decode("utf-8", "replace"))
        item = found.group(1) if found else hashlib.sha256(body).hexdigest()[:12]
        self.attempts[item] += 1
        fate, sticky = draw(faults.seed, item, self.attempts[item]), draw(faults.seed, item, 0)
        if faults.status is not None:
            text = faults.error + (" " + json.dumps(headers) if faults.echo_headers else "")
            return await _send(writer, faults.status, error(text, "forced"), {"Location": faults.redirect or ""})
        if not self._inside_cap() or take(fate, 0.0, faults.rate_429):
            self.replies["429"] += 1
            extra = {} if faults.retry_after is None else {"Retry-After": faults.retry_after}
            return await _send(writer, 429, error("slow down", "rate_limit_exceeded"), extra)
        await asyncio.sleep(faults.latency_s)
        if not path.endswith("/embeddings") and (refusal := self._refuses(data)) is not None:
            self.replies["400"] += 1
            return await _send(writer, 400, refusal)
        start = faults.rate_429
        for name in ("rate_500", "hang", "cut", "html", "truncated_json", "empty"):
            share = getattr(faults, name)
            if take(fate, start, share):
                self.replies[name] += 1
                return await self._broken(name, path, data, item, writer)
            start += share
        if path.endswith("/embeddings"):
            if len(data["input"]) > faults.most_texts:
                told = f"This model's maximum batch size is {faults.most_texts} inputs"
                return await _send(writer, 413, error(told, "too_large"))
            if max(map(len, data["input"])) > faults.longest_text:
                return await _send(writer, 400, error("This model's maximum context length is less", "too_long"))
            self.paid[item] += 1
            return await _send(writer, 200, json.dumps(embeddings(data, packed=faults.takes_base64)).encode())
        self.limits.append(data.get("max_tokens"))
        reply = self._chat(data, item, sticky)
        if reply is None:
            self.replies["filter_400"] += 1
            return await _send(writer, 400, error("blocked by the content policy", "content_filter"))
        if PROBE not in body:
            self.paid[item] += 1
            self.asked[way(data)] += 1
        self.replies["ok"] += 1
        if path == "/api/chat":
            reply = as_ollama(reply, data, faults.reads_tokens)
        return await _send(writer, 200, json.dumps(reply, ensure_ascii=False).encode(), {"x-request-id": f"r-{item}"})

    def _chat(self, data: dict[str, Any], item: str, sticky: float) -> dict[str, Any] | None:
        faults = self.faults
        content = (faults.contents or {}).get(item) or faults.content
        content = content or json.dumps({"item": item, "text": "ответ " * 20}, ensure_ascii=False)
        if PRODUCT_ID in content and (asked := PRODUCT.search(json.dumps(data, ensure_ascii=False))):
            content = content.replace(PRODUCT_ID, asked.group(1))
        content += "x" * faults.big
        asked = way(data)
        if PROBE in json.dumps(data).encode():
            content = '{"vitrina_probe": "yes", "colour": "green"}'
        if asked != "plain" and asked in faults.ignores.split(","):
            content = "Grass is green."
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        finish, start = "stop", 0.0
        if asked == "tools" and asked not in faults.ignores.split(","):
            call = {"name": data["tools"][0]["function"]["name"], "arguments": content}
            message |= {"content": None, "tool_calls": [{"id": "c1", "type": "function", "function": call}]}
        if take(sticky, start, faults.refusal):
            message, finish = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}, "stop"
        elif take(sticky, start + faults.refusal, faults.content_filter):
            if faults.filter_as_400:
                return None
            message, finish = {"role": "assistant", "content": content[:10]}, "content_filter"
        elif (
            take(sticky, start + faults.refusal + faults.content_filter, faults.length)
            and (data.get("max_tokens") or 0) < faults.needs_tokens
        ):
            message, finish = {"role": "assistant", "content": content[: len(content) // 2]}, "length"
        reply: dict[str, Any] = {
            "id": f"chatcmpl-{item}",
            "object": "chat.completion",
            "model": data.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        }
        if faults.usage:
            reply["usage"] = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        return reply

    def _refuses(self, data: dict[str, Any]) -> bytes | None:
        faults, asked = self.faults, way(data)
        if faults.wants_max_completion_tokens and "max_tokens" in data:
            told = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return error(told, "unsupported_parameter")
        if faults.no_temperature and "temperature" in data:
            told = "Unsupported value: 'temperature' does not support 0.0. Only the default (1) value is supported."
            return error(told, "unsupported_value")
        if asked in ("plain", *faults.rungs.split(",")):
            return None
        field = "tools" if asked == "tools" else f"response_format.type {asked}"
        return error(f"{field} is not supported by this server", "invalid_request_error")

    async def _broken(
        self, name: str, path: str, data: dict[str, Any], item: str, writer: asyncio.StreamWriter
    ) -> bool:
        if name == "rate_500":
            return await _send(writer, 500, error("it broke", "server_error"))
        if name == "hang":
            await asyncio.sleep(3600)
        if name == "cut":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"id": "x"')
            await writer.drain()
            return False
        if name == "html":
            return await _send(writer, 200, b"<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"})
        self.paid[item] += 1
        full = self._chat(data, item, 2.0)
        message = full["choices"][0]["message"] if full else {}
        message["content"] = "" if name == "empty" else message["content"][:15]
        return await _send(writer, 200, json.dumps(full).encode())

    def _inside_cap(self) -> bool:
        if self.faults.rps is None:
            return True
        now = time.monotonic()
        self._bucket = min(self.faults.rps, self._bucket + (now - self._filled) * self.faults.rps)
        self._filled = now
        if self._bucket < 1:
            return False
        self._bucket -= 1
        return True


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes, extra: dict[str, str] | None = None) -> bool:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(extra or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n{lines}\r\n".encode() + body)
    await writer.drain()
    return True


class RunningServer:
    """A handle on the server process."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self._root = f"http://127.0.0.1:{port}"
        self.process = process

    def reset(self, **faults: Any) -> None:
        """New faults, all counts at zero."""
        body = json.dumps(asdict(Faults(**faults))).encode()
        urllib.request.urlopen(urllib.request.Request(self._root + "/_reset", body), timeout=120).close()

    def stats(self) -> dict[str, Any]:
        """Counts since the last reset."""
        with urllib.request.urlopen(self._root + "/_stats", timeout=120) as response:
            return json.load(response)


@contextmanager
def running_server(**faults: Any) -> Iterator[RunningServer]:
    """The server in a process of its own on a free loopback port, ended at exit."""
    command = [sys.executable, "-m", "tests.fakes.llm_server", "--faults", json.dumps(asdict(Faults(**faults)))]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            yield RunningServer(int(process.stdout.readline()), process)
        finally:
            process.kill()


async def _main(port: int, faults: Faults) -> None:
    state = LlmServer(faults)
    server = await asyncio.start_server(state.serve, "127.0.0.1", port, limit=2**20, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one; the port is the first line printed")
    parser.add_argument("--faults", default="{}", help="a JSON object of switches")
    given = parser.parse_args()
    asyncio.run(_main(given.port, Faults(**json.loads(given.faults))))
