"""From requests to jobs: the key, the way a request is put, the small jobs of a probe.

Belongs here: joining dialect, ladder and attempts. Stays out: cache and twins (``vitrina.llm.engine``), the loop
around a job (``vitrina.llm.attempts``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import orjson

from vitrina.llm import vision
from vitrina.llm.attempts import Attempts
from vitrina.llm.capabilities import CapabilityStore, Known
from vitrina.llm.config import GatewayConfig
from vitrina.llm.dialects import Dialect, Plan
from vitrina.llm.job import Job
from vitrina.llm.ladder import Ladder
from vitrina.llm.messages import ChatRequest, request_key
from vitrina.llm.probe import PURPOSE, learn_rung
from vitrina.llm.structured import Checked, Contract, check
from vitrina.llm.tokens import estimate_prompt_tokens
from vitrina.llm.transport import Reply, Transport
from vitrina.llm.wire import Reading, read_embeddings


class Jobs:
    """Makes the jobs of one endpoint.

    Args:
        scope: Which endpoint family answers; part of every key.
    """

    def __init__(
        self,
        config: GatewayConfig,
        transport: Transport,
        attempts: Attempts,
        capabilities: CapabilityStore,
        executor: Executor,
        *,
        scope: str,
    ) -> None:
        self._config = config
        self._transport = transport
        self._attempts = attempts
        self._scope = scope
        self.ladder = Ladder(config, capabilities, executor, self._probe)

    def key(self, request: ChatRequest) -> str:
        """See :func:`chat_key`."""
        return chat_key(request, self._config.model, self._scope)

    async def ready(self, request: ChatRequest) -> None:
        """Finds out how to put the request, where that is not known yet."""
        model = request.model or self._config.model
        if request.schema is not None and not self.ladder.knows(model):
            await self.ladder.learn(model)

    def chat(self, request: ChatRequest, key: str, contract: Contract | None, *, first_key: str | None = None) -> Job:
        """The job of a request. ``first_key`` names the request that it asks once more."""
        ladder, dialect = self.ladder, self.ladder.dialect
        plan = Plan(request, request.model or self._config.model)
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
            divertible=True,
            first_key=first_key,
            kept_body=without_pictures if vision.has_pictures(request.messages) else None,
        )

    def embedding_key(self, texts: list[str], model: str) -> str:
        """The request key of a batch of texts, whatever the encoding that is asked for."""
        return request_key({"model": model, "input": texts, "encoding_format": "float"}, scope=self._scope)

    def embedding(
        self, texts: list[str], key: str, *, model: str, purpose: str, drop_key: str, keep: bool, base64: bool
    ) -> Job:
        """The job of a batch of texts for ``/embeddings``."""
        body = {"model": model, "input": texts, "encoding_format": "base64" if base64 else "float"}
        return Job(
            key=key,
            kind="embedding",
            path=self.ladder.dialect.beside("/embeddings"),
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

    async def _probe(self, model: str, dialect: Dialect) -> tuple[Dialect, Known | None]:
        def calls(dialect: Dialect) -> Callable[[Plan, int], Awaitable[Reading]]:
            return lambda plan, limit: self._ask(dialect, plan, limit)

        return await learn_rung(model, dialect, self._transport, self._config, calls)

    async def _ask(self, dialect: Dialect, plan: Plan, limit: int) -> Reading:
        """A question of a probe: paid from the budget and written to the ledger like any other, never a cached one."""

        def read(reply: Reply) -> Reading:
            reading = dialect.read(reply, plan)  # a way that is unknown here does not make the model unknown
            return replace(reading, dead="") if reading.dead == "model" else reading

        job = Job(
            key=request_key({"probe": plan.model, "rung": str(plan.rung)}, scope=self._scope),
            kind="chat",
            path=dialect.path(),
            model=plan.model,
            purpose=PURPOSE,
            item_id="",
            drop_key="",
            limit=limit,
            body=lambda limit: dialect.body(plan, limit),
            read=read,
            prompt_tokens=lambda: estimate_prompt_tokens(plan.request.messages),
            keep=False,
        )
        return (await self._attempts.run(job)).reading


def chat_key(request: ChatRequest, default_model: str, scope: str) -> str:
    """The request key: of the canonical body, whatever way it is put on the wire; pictures count by their hash.

    Raises:
        TypeError, ValueError: The request cannot be written as JSON.
    """
    body = request.body(default_model)
    if vision.has_pictures(request.messages):
        body = vision.by_hash(body)
    return request_key(body, scope=scope, item_id=request.item_id, sample=request.sample, try_no=request.try_no)


def without_pictures(raw: bytes) -> bytes:
    """A sent body with each picture's hash in its place: the ledger keeps no megabytes of base64."""
    return orjson.dumps(vision.by_hash(orjson.loads(raw)))
