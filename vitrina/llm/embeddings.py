"""Vectors of texts through the gateway.

Belongs here: batches for ``/embeddings`` and their order. Stays out: where vectors live (``vitrina.vectors``).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from decimal import Decimal

from vitrina.errors import RetryableError
from vitrina.llm.engine import Engine
from vitrina.llm.outcomes import GatewayConfigError, Outcome, Usage
from vitrina.llm.tokens import estimate_tokens

#: OpenAI takes 300,000 tokens a request; estimates are rough, so stay well below.
_BATCH_TOKENS = 150_000
#: OpenAI takes 8,192 tokens a text; longer ones are cut here to about that, and once more where a server takes less.
_TEXT_TOKENS = 8_192
_MOST_CUTS = 5
_TOO_LARGE = re.compile(
    r"HTTP 413|too large|too long|too many (inputs|tokens)|maximum (context|input|batch)|context (length|size)|"
    r"batch size|exceeds? the|max_(tokens|batch)|at most \d+",
    re.IGNORECASE,
)


class EmbeddingError(RetryableError):
    """A batch ended without vectors.

    Args:
        outcome: How it ended.
        start, count: Which of the texts it held.
    """

    def __init__(self, message: str, *, outcome: Outcome, start: int, count: int) -> None:
        super().__init__(message, hint="Start again; vectors that were handed out are not asked for again.")
        self.outcome = outcome
        self.start = start
        self.count = count


@dataclass(slots=True, frozen=True)
class EmbeddingBatch:
    """Vectors of ``texts[start : start + len(vectors)]``, each a list of floats of one length.

    ``model`` is what the server says it used, else what was asked for. ``cut`` are indexes of texts whose end was left
    out because the model takes no longer ones.
    """

    start: int
    vectors: list[list[float]]
    model: str
    usage: Usage
    cost_usd: Decimal | None
    cut: tuple[int, ...] = ()


def embed_texts(
    engine: Engine,
    loop: asyncio.AbstractEventLoop,
    texts: Iterable[str],
    *,
    purpose: str,
    model: str | None,
    drop_key: str,
) -> Iterator[EmbeddingBatch]:
    """See :meth:`vitrina.llm.gateway.Gateway.embed`."""
    name = model or engine.config.embedding_model
    if not name:
        raise GatewayConfigError("No embedding model is named.", hint="Set AI_EMBEDDING_MODEL.")
    return _batches(engine, loop, texts, purpose, name, drop_key)


def _batches(
    engine: Engine, loop: asyncio.AbstractEventLoop, texts: Iterable[str], purpose: str, model: str, drop_key: str
) -> Iterator[EmbeddingBatch]:
    flying: deque[Future[EmbeddingBatch]] = deque()
    asked = _Asked(engine, purpose, model, drop_key)
    try:
        for start, batch in split(texts, engine.config.embedding_batch):
            flying.append(asyncio.run_coroutine_threadsafe(asked.embed(start, batch), loop))
            if len(flying) >= engine.config.concurrency:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
    finally:
        for future in flying:
            future.cancel()


class _Asked:
    """Batches of one call of :func:`embed_texts`; learns how many texts the server takes at once."""

    def __init__(self, engine: Engine, purpose: str, model: str, drop_key: str) -> None:
        self._engine = engine
        self._purpose = purpose
        self._model = model
        self._drop_key = drop_key
        self._most = engine.config.embedding_batch

    async def embed(self, start: int, texts: list[str]) -> EmbeddingBatch:
        """Vectors of a batch, in smaller ones where the server takes no such large one.

        Raises:
            EmbeddingError: It got no vectors.
        """
        fitted = [_fitted(text) for text in texts]
        cut = tuple(start + at for at, (text, short) in enumerate(zip(texts, fitted, strict=True)) if text != short)
        batch, _ = await self._embed(start, fitted)
        return replace(batch, cut=tuple(sorted({*batch.cut, *cut}))) if cut else batch

    async def _embed(self, start: int, texts: list[str], *, cuts: int = 0) -> tuple[EmbeddingBatch, bool]:
        """Also tells whether some part of it was refused."""
        if len(texts) > self._most:
            return await self._halves(start, texts)
        ended = await self._engine.embed(texts, purpose=self._purpose, model=self._model, drop_key=self._drop_key)
        data = ended.reading.data
        if ended.outcome is Outcome.OK and data is not None:
            rows = sorted(data["data"], key=lambda row: row["index"])
            vectors = [[float(value) for value in row["embedding"]] for row in rows]
            model = ended.reading.model or self._model
            return EmbeddingBatch(start, vectors, model, ended.usage, ended.cost, (start,) if cuts else ()), False
        told = ended.reading.error or str(ended.outcome)
        if ended.outcome is Outcome.PERMANENT and not ended.reading.dead and _TOO_LARGE.search(told):
            if len(texts) > 1:
                batch, deeper = await self._halves(start, texts)
                if not deeper:  # the number of texts was it, and not one long text among them
                    self._most = min(self._most, (len(texts) + 1) // 2)
                return batch, True
            if cuts < _MOST_CUTS and len(texts[0]) > 1:
                batch, _ = await self._embed(start, [texts[0][: len(texts[0]) // 2]], cuts=cuts + 1)
                return batch, True
        raise EmbeddingError(
            f"Texts {start} to {start + len(texts) - 1} got no vectors: {told}.",
            outcome=ended.outcome,
            start=start,
            count=len(texts),
        )

    async def _halves(self, start: int, texts: list[str]) -> tuple[EmbeddingBatch, bool]:
        middle = (len(texts) + 1) // 2
        one, first = await self._embed(start, texts[:middle])
        two, second = await self._embed(start + middle, texts[middle:])
        known = one.cost_usd is not None and two.cost_usd is not None
        cost = (one.cost_usd or Decimal(0)) + (two.cost_usd or Decimal(0)) if known else None
        vectors, cut = [*one.vectors, *two.vectors], (*one.cut, *two.cut)
        return EmbeddingBatch(start, vectors, two.model, one.usage + two.usage, cost, cut), first or second


def _fitted(text: str) -> str:
    tokens = estimate_tokens(text)
    return text if tokens <= _TEXT_TOKENS else text[: int(len(text) * _TEXT_TOKENS / tokens)]


def split(texts: Iterable[str], size: int) -> Iterator[tuple[int, list[str]]]:
    """Batches of at most ``size`` texts and about 150,000 tokens, with the index of their first text."""
    start, tokens = 0, 0
    batch: list[str] = []
    for index, text in enumerate(texts):
        more = min(estimate_tokens(text), _TEXT_TOKENS)
        if batch and (len(batch) >= size or tokens + more > _BATCH_TOKENS):
            yield start, batch
            start, batch, tokens = index, [], 0
        batch.append(text or " ")  # servers refuse an empty text
        tokens += more
    if batch:
        yield start, batch
