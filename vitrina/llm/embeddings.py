"""Vectors of texts through the gateway.

Belongs here: batches for ``/embeddings`` and their order. Stays out: where vectors live (``vitrina.vectors``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from decimal import Decimal

from vitrina.errors import RetryableError
from vitrina.llm.attempts import Ended
from vitrina.llm.engine import Engine
from vitrina.llm.outcomes import GatewayConfigError, Outcome, Usage
from vitrina.llm.tokens import estimate_tokens

#: OpenAI takes 300,000 tokens a request; estimates are rough, so stay well below.
_BATCH_TOKENS = 150_000


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

    ``model`` is what the server says it used, else what was asked for.
    """

    start: int
    vectors: list[list[float]]
    model: str
    usage: Usage
    cost_usd: Decimal | None


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
    flying: deque[tuple[int, int, Future[Ended]]] = deque()
    try:
        for start, batch in split(texts, engine.config.embedding_batch):
            call = engine.embed(batch, purpose=purpose, model=model, drop_key=drop_key)
            flying.append((start, len(batch), asyncio.run_coroutine_threadsafe(call, loop)))
            if len(flying) >= engine.config.concurrency:
                yield _collect(*flying.popleft(), model)
        while flying:
            yield _collect(*flying.popleft(), model)
    finally:
        for _, _, future in flying:
            future.cancel()


def split(texts: Iterable[str], size: int) -> Iterator[tuple[int, list[str]]]:
    """Batches of at most ``size`` texts and about 150,000 tokens, with the index of their first text."""
    start, tokens = 0, 0
    batch: list[str] = []
    for index, text in enumerate(texts):
        more = estimate_tokens(text)
        if batch and (len(batch) >= size or tokens + more > _BATCH_TOKENS):
            yield start, batch
            start, batch, tokens = index, [], 0
        batch.append(text or " ")  # servers refuse an empty text
        tokens += more
    if batch:
        yield start, batch


def _collect(start: int, count: int, future: Future[Ended], model: str) -> EmbeddingBatch:
    ended = future.result()
    data = ended.reading.data
    if ended.outcome is not Outcome.OK or data is None:
        told = ended.reading.error or str(ended.outcome)
        raise EmbeddingError(
            f"Texts {start} to {start + count - 1} got no vectors: {told}.",
            outcome=ended.outcome,
            start=start,
            count=count,
        )
    rows = sorted(data["data"], key=lambda row: row["index"])
    vectors = [[float(value) for value in row["embedding"]] for row in rows]
    return EmbeddingBatch(start, vectors, ended.reading.model or model, ended.usage, ended.cost)
