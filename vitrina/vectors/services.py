"""Vectors of the catalogue: what is embedded when.

Belongs here: keeping the table of vectors up to date, opening the index. Stays out: embedders (``embedders``,
``dense``), the pointer and the index's loads (``pointers``), what the documents are (``sources``), searching
(``searching``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vitrina.config import Settings
from vitrina.fingerprints import fingerprint
from vitrina.vectors.dense import DenseEmbedder
from vitrina.vectors.embedders import SparseEmbedder, SparseVector
from vitrina.vectors.guard import alone
from vitrina.vectors.index import VectorIndex, physical_name, point_id
from vitrina.vectors.models import StoredVector, VectorCollection
from vitrina.vectors.pointers import activate, active_collection, load_pending, remove
from vitrina.warehouse import copy_upsert

if TYPE_CHECKING:
    import numpy as np

_LOG = logging.getLogger(__name__)
#: Documents that are embedded and then committed together: eight requests of 256 texts side by side, and 25 MB of
#: vectors with 1,536 numbers. A killed sync embeds at most these again (a paid endpoint's answers are in the ledger).
_BATCH = 2_048
_HALF = 32


@dataclass(frozen=True, slots=True)
class Document:
    """Something to find again: natural key, the text that is embedded, what a hit brings along."""

    key: str
    text: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VectorSync:
    """Counts of one sync.

    Attributes:
        repaid: Documents whose text stands and whose payload is new: nothing was embedded for them.
        dense: Id of the dense embedder, ``None`` for sparse vectors alone; ``fitted_on`` texts when it is our own fit.
        calls: Requests to the embedding endpoint; ``cached`` answers came from the ledger instead.
        cost_usd: What they cost, ``None`` when it is unknown.
        searched: Whether searches read this collection now.
    """

    embedded: int
    unchanged: int
    removed: int
    indexed: int
    total: int
    physical: str
    repaid: int = 0
    dense: str | None = None
    fitted_on: int = 0
    calls: int = 0
    cached: int = 0
    cost_usd: Decimal | None = Decimal(0)
    searched: bool = True


def open_index(settings: Settings) -> VectorIndex:
    """The Qdrant server of the settings, else the embedded index below the home folder."""
    if settings.qdrant_url:
        from vitrina.vectors.qdrant import QdrantIndex

        key = settings.qdrant_api_key
        return QdrantIndex(settings.qdrant_url, api_key=key.get_secret_value() if key is not None else None)
    from vitrina.vectors.edge import EdgeIndex

    return EdgeIndex(settings.vitrina_home / "vectors")


@contextmanager
def opened_index(settings: Settings) -> Iterator[VectorIndex]:
    """The index, let go of at the end."""
    index = open_index(settings)
    try:
        yield index
    finally:
        index.close()


def sync(
    alias: str,
    documents: Iterable[Document],
    index: VectorIndex,
    *,
    dense: DenseEmbedder | None = None,
    complete: bool = False,
    everything: Callable[[], Iterable[Document]] | None = None,
    obsolete: Callable[[str], Iterable[str]] | None = None,
    progress: Callable[[int], None] | None = None,
) -> VectorSync:
    """Embed what is new or changed, keep it in the table, then bring the index to the table's state.

    Syncs of one logical collection wait for each other. The index is opened for parts of a second, never while an
    embedder is asked.

    Args:
        alias: Logical collection.
        documents: Streamed once; unchanged texts (same fingerprint, same embedder) are not embedded again.
        index: Where they become searchable.
        dense: Adds dense vectors to the sparse ones; another embedder means another physical collection.
        complete: The documents are all there are: what the table has beyond them is removed.
        everything: All documents there are. With another embedder than the one that is searched now, these are
            embedded instead of ``documents``; searches change over when they are all there. Without it (and not
            ``complete``) searches stay where they are.
        obsolete: Physical collection → keys in it that exist no longer.
        progress: Called with the number of documents seen, after each batch.
    """
    embedder_id = "+".join([SparseEmbedder.id, *([dense.id] if dense else [])])
    physical = physical_name(alias, *embedder_id.split("+", 1))
    with alone(alias):
        searched = active_collection(alias)
        collection, _ = VectorCollection.objects.get_or_create(
            physical=physical,
            defaults={"alias": alias, "embedder_id": embedder_id, "dense_dim": dense.dim if dense else None},
        )
        if searched is not None and searched.pk != collection.pk and not complete and everything is not None:
            documents, complete = everything(), True
        writer = _Writer(collection, dense)
        for batch in _batches(documents):
            writer.add(batch)
            if progress is not None:
                progress(len(writer.seen))
        gone = writer.known.keys() - writer.seen if complete else set()
        if obsolete is not None:
            gone = gone | set(obsolete(physical)) - writer.seen
        removed = remove(collection, index, gone)
        indexed = load_pending(collection, index)
        if complete or searched is None or searched.pk == collection.pk:
            activate(collection)
        total = StoredVector.objects.filter(collection=physical).count()
        figures = dense.summary() if dense else {}
        return VectorSync(
            writer.embedded, writer.unchanged, removed, indexed, total, physical,
            repaid=writer.repaid, dense=dense.id if dense else None, fitted_on=dense.texts if dense else 0,
            calls=figures.get("calls", 0), cached=figures.get("cache_hits", 0),
            cost_usd=None if figures.get("unknown_cost_calls") else figures.get("cost_usd", Decimal(0)),
            searched=collection.is_active,
        )  # fmt: skip


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _mark(document: Document) -> str:
    """Half of it stands for the text, half for the payload: a new payload alone embeds nothing."""
    return fingerprint(document.text)[:_HALF] + fingerprint(document.payload)[:_HALF]


class _Writer:
    """Brings the table to the documents, batch by batch, each committed before the next is embedded."""

    def __init__(self, collection: VectorCollection, dense: DenseEmbedder | None) -> None:
        self._collection, self._dense, self._sparse = collection, dense, SparseEmbedder()
        rows = StoredVector.objects.filter(collection=collection.physical, embedder_id=collection.embedder_id)
        self.known: dict[str, str] = dict(rows.values_list("key", "fingerprint"))
        self.seen: set[str] = set()
        self.embedded = self.unchanged = self.repaid = 0

    def add(self, batch: Sequence[Document]) -> None:
        """Unchanged ones are counted, the rest is written."""
        changed: dict[str, tuple[Document, str]] = {}
        payloads: dict[str, tuple[Document, str]] = {}
        for document in batch:
            self.seen.add(document.key)
            mark, before = _mark(document), self.known.get(document.key, "")
            if mark == before:
                self.unchanged += 1
            elif mark[:_HALF] == before[:_HALF]:
                payloads[document.key] = document, mark
            else:
                changed[document.key] = document, mark
            self.known[document.key] = mark
        if payloads:
            self._write(list(payloads.values()), (), ())
            self.repaid += len(payloads)
        if changed:
            documents = [document for document, _ in changed.values()]
            self._write(list(changed.values()), *self._vectors([document.text for document in documents]))
            self.embedded += len(changed)

    def _vectors(self, texts: list[str]) -> tuple[Sequence[SparseVector], Sequence[np.ndarray | None]]:
        unique = list(dict.fromkeys(texts))  # shops repeat titles; an endpoint need not be paid twice for one
        dense: dict[str, np.ndarray] = {}
        if self._dense is not None:
            dense = dict(zip(unique, self._dense.embed(unique), strict=True))
        return self._sparse.embed(texts), [dense.get(text) for text in texts]

    def _write(
        self,
        documents: Sequence[tuple[Document, str]],
        sparse: Sequence[SparseVector],
        dense: Sequence[np.ndarray | None],
    ) -> None:
        physical, embedder_id = self._collection.physical, self._collection.embedder_id
        columns = ["collection", "key", "point_id", "embedder_id", "fingerprint", "payload", "indexed"]
        rows: list[tuple[Any, ...]] = [
            (physical, document.key, UUID(point_id(physical, document.key)), embedder_id, mark, document.payload, False)
            for document, mark in documents
        ]
        if sparse:
            columns += ["dense", "sparse_indices", "sparse_values"]
            rows = [
                (*row, None if vector is None else vector.tolist(), words.indices.astype("int64").tolist(),
                 words.values.astype("float64").tolist())
                for row, words, vector in zip(rows, sparse, dense, strict=True)
            ]  # fmt: skip
        copy_upsert(
            StoredVector, columns, rows, key=("collection", "key"), compare=("fingerprint", "embedder_id", "indexed")
        )
