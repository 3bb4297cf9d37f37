"""All that an endpoint can do, for ``vitrina llm probe``.

Belongs here: :func:`probe` and its questions beyond the schema. Stays out: what the gateway itself needs to know
(``vitrina.llm.probe``). Nothing is written to the ledger: a person asks, for a dozen small answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from vitrina.llm import vision
from vitrina.llm.capabilities import Capabilities, Known
from vitrina.llm.config import GatewayConfig
from vitrina.llm.dialects import Plan, Rung, by_address, by_models
from vitrina.llm.dialects.ollama import OllamaDialect, server_root
from vitrina.llm.ladder import quirk_of
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import Outcome
from vitrina.llm.probe import PURPOSE, climb, get_json
from vitrina.llm.transport import HttpTransport, Reply, ReplyTooLargeError, Transport, TransportError
from vitrina.llm.wire import Reading, read_embeddings, read_json

_MOST_MODELS = 200
_CONTEXT_KEYS = ("max_model_len", "context_length", "max_context_length", "context_window", "loaded_context_length")


def probe(config: GatewayConfig, *, transport: Callable[[GatewayConfig], Transport] | None = None) -> Capabilities:
    """Asks an endpoint what it can do: at most about a dozen small calls of ``config.model``.

    With an empty ``config.model`` the first of the endpoint's list of models is taken. Never raises for what an
    endpoint does: ``error`` tells why nothing was found out. An endpoint that hangs takes ``config.timeout_s`` twice.

    Args:
        transport: Overrides HTTP (tests, the embedded service).
    """
    return asyncio.run(_probe(config, transport or HttpTransport))


async def _probe(config: GatewayConfig, make: Callable[[GatewayConfig], Transport]) -> Capabilities:
    transport = make(config)
    try:
        return await _Survey(config, transport).run()
    finally:
        await transport.close()


def known(found: Capabilities) -> Known | None:
    """What the gateway should remember of it; ``None`` when nothing certain was found out."""
    if found.error or found.rung is None:
        return None
    reason = "; ".join(f"{rung}: {what}" for rung, what in found.rungs.items())
    return Known(found.dialect, found.rung, frozenset(found.quirks), reason=f"vitrina llm probe: {reason}")


class _Survey:
    def __init__(self, config: GatewayConfig, transport: Transport) -> None:
        self.config = config
        self.transport = transport
        self.dialect = by_address(config)
        self.quirks: frozenset[str] = frozenset()
        self.latency_ms: int | None = None
        self.usage: bool | None = None

    async def run(self) -> Capabilities:
        config = self.config
        models = await get_json(self.transport, self.dialect.beside("/models"))
        if config.dialect == "auto" and self.dialect.name == "compatible":
            self.dialect = by_models(models, config) or self.dialect
        rows = _rows(models)
        names = tuple(name for row in rows if isinstance(name := row.get("id"), str) and name)
        # Without a list a question by any name tells why, and servers of a single model answer it.
        model = config.model or (names[0] if names else "default")
        found = Capabilities(config.endpoint, model, self.dialect.name, models=names[:_MOST_MODELS])
        climbed = await climb(model, self.dialect, self._call, every=True)
        last = climbed.last
        if not climbed.conclusive:
            told = last.error if last is not None else None
            return replace(found, rungs=climbed.told, error=told or "The endpoint gave no answer.")
        tools = climbed.told.get(Rung.TOOLS)
        sees, takes = await self._vision(model)
        return replace(
            found,
            rung=climbed.rung,
            rungs=climbed.told,
            quirks=tuple(sorted(self.quirks)),
            tools=None if tools is None else tools == "works",
            vision=takes,
            sees=sees,
            embedding_model=config.embedding_model,
            embedding_size=await self._embeddings(),
            context_tokens=await self._context(model, rows),
            usage=self.usage,
            streaming=await self._streaming(model),
            latency_ms=self.latency_ms,
        )

    async def _call(self, plan: Plan, limit: int) -> Reading:
        for _ in range(3):  # each refused field is left out, and asked again
            plan.quirks = self.quirks
            began = time.monotonic()
            body = orjson.dumps(self.dialect.body(plan, limit))
            reading = await self._post(self.dialect.path(), body, plan)
            quirk = None if reading.outcome is Outcome.OK else quirk_of(f"{reading.error}", plan)
            if quirk is None:
                break
            self.quirks |= {quirk}
        if reading.outcome is Outcome.OK:
            self.latency_ms = self.latency_ms or int((time.monotonic() - began) * 1000)
            self.usage = bool(self.usage) or reading.usage is not None
        return reading

    async def _post(self, path: str, body: bytes, plan: Plan) -> Reading:
        try:
            return self.dialect.read(self._blotted(await self.transport.post(path, body)), plan)
        except (TransportError, ReplyTooLargeError) as error:
            return Reading(Outcome.TRANSPORT, error=str(error) or "the reply is too large")

    def _blotted(self, reply: Reply) -> Reply:
        """An endpoint may echo the key in its errors, and a report is shown."""
        key = self.config.secret
        return reply if not key else replace(reply, body=reply.body.replace(key.encode(), b"***"))

    async def _vision(self, model: str) -> tuple[bool | None, bool | None]:
        part = vision.image_part(vision.plain_png(64, 64, (220, 20, 20)), "image/png")
        question = {"type": "text", "text": "What colour is this picture? One word."}
        request = ChatRequest(({"role": "user", "content": [question, part]},), PURPOSE, model=model, max_tokens=512)
        reading = await self._call(Plan(request, model, estimate=400), 512)
        if reading.outcome is not Outcome.OK or reading.text is None:
            return (None, False) if reading.outcome is Outcome.PERMANENT else (None, None)
        return "red" in reading.text.lower(), True

    async def _embeddings(self) -> int | None:
        if not self.config.embedding_model:
            return None
        body = {"model": self.config.embedding_model, "input": ["витрина"], "encoding_format": "float"}
        try:
            reading = read_embeddings(
                await self.transport.post(self.dialect.beside("/embeddings"), orjson.dumps(body)), 1
            )
        except (TransportError, ReplyTooLargeError):
            return None
        return len(reading.data["data"][0]["embedding"]) if reading.outcome is Outcome.OK and reading.data else 0

    async def _streaming(self, model: str) -> bool | None:
        request = ChatRequest(({"role": "user", "content": "Say yes."},), PURPOSE, model=model, max_tokens=16)
        plan = Plan(request, model, quirks=self.quirks, estimate=16)
        body = {**self.dialect.body(plan, 16), "stream": True}
        try:
            reply = await self.transport.post(self.dialect.path(), orjson.dumps(body))
        except (TransportError, ReplyTooLargeError):
            return None
        kind = reply.headers.get("content-type", "")
        return reply.status == 200 and kind.startswith(("text/event-stream", "application/x-ndjson"))

    async def _context(self, model: str, rows: list[Mapping[str, Any]]) -> int | None:
        if isinstance(self.dialect, OllamaDialect):
            return await self._ollama_context(self.dialect, model)
        for row in rows:
            if row.get("id") != model:
                continue
            told = [row.get(key) for key in _CONTEXT_KEYS]
            meta = row.get("meta")
            told.append(meta.get("n_ctx_train") if isinstance(meta, Mapping) else None)
            if self.dialect.name == "llamacpp" and (size := await self._llamacpp_context()) is not None:
                return size
            return next((size for size in told if isinstance(size, int) and size > 0), None)
        return None

    async def _llamacpp_context(self) -> int | None:
        props = await get_json(self.transport, f"{server_root(self.config.endpoint)}/props") or {}
        settings = props.get("default_generation_settings")
        size = settings.get("n_ctx") if isinstance(settings, Mapping) else None
        return size if isinstance(size, int) else None

    async def _ollama_context(self, dialect: OllamaDialect, model: str) -> int | None:
        try:
            reply = await self.transport.post(f"{dialect.root}/api/show", orjson.dumps({"model": model}))
        except (TransportError, ReplyTooLargeError):
            return None
        info = (read_json(reply) or {}).get("model_info")
        if not isinstance(info, Mapping):
            return None
        return next((v for k, v in info.items() if k.endswith(".context_length") and isinstance(v, int)), None)


def _rows(models: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    rows = models.get("data") if models is not None else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
