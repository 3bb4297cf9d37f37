"""What fills the dense place of the collections: the configured model, else a fit of our own, both by ``/embeddings``.

Belongs here: which embedder that is now, its id, the call through the gateway. Stays out: the wire and the ledger
(``vitrina.llm``), what is embedded (``services``).

An embedder's id is the fit's hash, or model, endpoint and length of vectors: whatever changes them makes other
collections, so vectors of two embedders never meet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from django.db import transaction

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.llm.config import EMBEDDED_ENDPOINT, GatewayConfig
from vitrina.llm.embeddings import EmbeddingBatch, EmbeddingError
from vitrina.llm.gateway import Gateway
from vitrina.llm.outcomes import Outcome
from vitrina.llm.wiring import embedding_config, open_gateway
from vitrina.vectors.fits import is_fit_id, save_fit
from vitrina.vectors.guard import alone
from vitrina.vectors.models import DenseModel
from vitrina.vectors.ngrams import MAX_CHARS

_FAMILY = "lsa"
_ID_LENGTH = 150
#: Fewer texts give directions that say nothing. Sparse vectors stand alone until there are more.
MIN_TEXTS = 50
_PROBE = "размер"

Vectors = Sequence[npt.NDArray[np.float32]]


def in_mode(settings: Settings, mode: str | None) -> Settings:
    """The settings of a run whose tag chose another mode than ``AI_MODE``: a replay asks no model for vectors."""
    return settings.model_copy(update={"ai_mode": mode}) if mode else settings


@dataclass(frozen=True, slots=True)
class DenseEmbedder:
    """A dense embedder: its id, the length of its vectors, the call, and figures of the calls so far.

    Attributes:
        embed: Texts → one float32 vector each, in order.
        summary: Plain values as of :meth:`vitrina.llm.gateway.Gateway.summary`.
        texts: Texts that a fit of our own was made from; 0 for a model behind an endpoint.
    """

    id: str
    dim: int
    embed: Callable[[Sequence[str]], Vectors]
    summary: Callable[[], dict[str, Any]] = field(default=lambda: {})
    texts: int = 0


@contextmanager
def open_dense(
    settings: Settings, *, corpus: Callable[[], Iterable[str]], purpose: str = "embedding", run_id: str = ""
) -> Iterator[DenseEmbedder | None]:
    """The embedder of the settings, made or asked for its dimension when it is used for the first time.

    Args:
        corpus: Texts to fit on, read only when there is no fit yet.
        purpose, run_id: Written to the ledger.

    Yields:
        ``None`` while there are too few texts for a fit: vectors are sparse alone then.

    Raises:
        GatewayConfigError: The settings name a model without its endpoint.
        EmbeddingError: The configured endpoint gives no vectors.
    """
    known = current(settings) or _first(settings, corpus)
    if known is None:
        yield None
        return
    with _gateway(settings, embedding_config(settings, run_id=run_id), known) as gateway:
        yield _embedder(known, gateway, purpose)


@contextmanager
def open_named(settings: Settings, embedder_id: str, *, purpose: str) -> Iterator[DenseEmbedder | None]:
    """The embedder that a collection was made with, ``None`` when the settings no longer reach it."""
    known = DenseModel.objects.filter(embedder_id=embedder_id).first()
    config = embedding_config(settings)
    if known is not None and known.endpoint == EMBEDDED_ENDPOINT:
        config = embedding_config(settings, embedded=True)
    elif known is None or known.endpoint != config.endpoint:
        yield None
        return
    with _gateway(settings, config, known) as gateway:
        yield _embedder(known, gateway, purpose)


def current(settings: Settings) -> DenseModel | None:
    """The active embedder of the settings, ``None`` before its first use."""
    endpoint, model = _asked_for(settings)
    return DenseModel.objects.filter(endpoint=endpoint, model=model, is_active=True).first()


def refit(settings: Settings, corpus: Callable[[], Iterable[str]]) -> DenseModel | None:
    """A new fit on today's texts, or the dimension of the configured model asked again; it becomes the active one.

    The same texts give the same fit under the same id. ``None``: too few texts.
    """
    with alone("embedder"):
        return _make(settings, corpus)


def _asked_for(settings: Settings) -> tuple[str, str]:
    config = embedding_config(settings)
    return config.endpoint, (config.embedding_model or _FAMILY)


def _gateway(settings: Settings, config: GatewayConfig, known: DenseModel) -> AbstractContextManager[Gateway]:
    # Answers of a model that changed behind its name must not come back from the ledger for the new one.
    return open_gateway(settings, config=replace(config, cache_scope=known.embedder_id))


def _first(settings: Settings, corpus: Callable[[], Iterable[str]]) -> DenseModel | None:
    with alone("embedder"):  # two runs at once must not fit two
        return current(settings) or _make(settings, corpus)


def _make(settings: Settings, corpus: Callable[[], Iterable[str]]) -> DenseModel | None:
    endpoint, model = _asked_for(settings)
    if endpoint != EMBEDDED_ENDPOINT:
        config = replace(embedding_config(settings), cache_scope=f"probe {uuid4()}")  # asked, whatever it said before
        with open_gateway(settings, config=config) as gateway:
            [batch] = _asked(model, gateway.embed([_PROBE], purpose="embedding_probe", model=model))
        dim = len(batch.vectors[0])
        return _keep(endpoint, model, _remote_id(endpoint, model, dim), dim, 0)
    texts = list(dict.fromkeys(text for text in corpus() if text.strip()))
    if len(texts) < MIN_TEXTS:
        return None
    from vitrina.objects import open_store
    from vitrina.vectors.embedders import LsaEmbedder

    fit = LsaEmbedder.fit(texts)
    save_fit(open_store(settings), fit)
    return _keep(endpoint, model, fit.id, fit.dim, fit.n_texts)


def _keep(endpoint: str, model: str, embedder_id: str, dim: int, texts: int) -> DenseModel:
    with transaction.atomic():
        DenseModel.objects.filter(endpoint=endpoint, model=model, is_active=True).update(is_active=False)
        row, _ = DenseModel.objects.update_or_create(
            embedder_id=embedder_id,
            defaults={"endpoint": endpoint, "model": model, "dim": dim, "texts": texts, "is_active": True},
        )
    return row


def _remote_id(endpoint: str, model: str, dim: int) -> str:
    name = f"{model}@{endpoint}#{dim}"
    if len(name) <= _ID_LENGTH:
        return name
    return f"{name[: _ID_LENGTH - 13]}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _asked(model: str, batches: Iterator[EmbeddingBatch]) -> Iterator[EmbeddingBatch]:
    try:
        yield from batches
    except EmbeddingError as error:
        if error.outcome is not Outcome.PERMANENT:
            raise
        if is_fit_id(model):
            raise PermanentError(
                f"The fit {model} cannot be used: its file in the object store is missing or damaged.",
                hint="Make a new one: vitrina vectors rebuild --refit",
            ) from error
        raise PermanentError(
            error.message, hint="Check AI_EMBEDDING_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY."
        ) from error


def _embedder(known: DenseModel, gateway: Gateway, purpose: str) -> DenseEmbedder:
    wire_name = known.embedder_id if known.endpoint == EMBEDDED_ENDPOINT else known.model

    def embed(texts: Sequence[str]) -> Vectors:
        found: list[npt.NDArray[np.float32]] = []
        short = (text[:MAX_CHARS] for text in texts)
        for batch in _asked(wire_name, gateway.embed(short, purpose=purpose, model=wire_name)):
            rows = np.asarray(batch.vectors, dtype=np.float32)
            if rows.shape[1] != known.dim:
                raise PermanentError(
                    f"{known.model} answers vectors of {rows.shape[1]} numbers; its collections have {known.dim}.",
                    hint="The model changed behind its name: run `vitrina vectors rebuild --refit`.",
                )
            if not np.isfinite(rows).all():
                raise PermanentError(f"{known.model} answers vectors with numbers that are not finite.")
            found.extend(rows)
        return found

    return DenseEmbedder(known.embedder_id, known.dim, embed, gateway.summary, known.texts)
