"""Vectors of the catalogue: the table that is their truth, the index that is rebuilt from it, the pointer between.

Belongs here: what is embedded when, which collection is read. Stays out: embedding and the index's back ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.fingerprints import fingerprint
from vitrina.vectors.embedders import SparseEmbedder, dense_to_bytes
from vitrina.vectors.index import Hit, SearchQuery, VectorIndex, VectorRecord, physical_name, point_id
from vitrina.vectors.models import StoredVector, VectorCollection
from vitrina.vectors.rebuild import rebuild
from vitrina.warehouse import copy_upsert

if TYPE_CHECKING:
    import numpy as np

_BATCH = 512
DenseTexts = Callable[[Sequence[str]], "Sequence[np.ndarray]"]


@dataclass(frozen=True, slots=True)
class DenseEmbedder:
    """A dense embedder behind ``/v1/embeddings``: its id, the length of its vectors, and the call."""

    id: str
    dim: int
    embed: DenseTexts


@dataclass(frozen=True, slots=True)
class Document:
    """Something to find again: natural key, the text that is embedded, what a hit brings along."""

    key: str
    text: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VectorSync:
    """Counts of one sync."""

    embedded: int
    unchanged: int
    removed: int
    indexed: int
    total: int
    physical: str


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


def active_collection(alias: str) -> VectorCollection | None:
    """What the pointer of a logical collection shows, ``None`` before the first sync."""
    return VectorCollection.objects.filter(alias=alias, is_active=True).first()


def sync(
    alias: str,
    documents: Iterable[Document],
    index: VectorIndex,
    *,
    dense: DenseEmbedder | None = None,
    complete: bool = False,
    progress: Callable[[int], None] | None = None,
) -> VectorSync:
    """Embed what is new or changed, keep it in the table, then bring the index to the table's state.

    Args:
        alias: Logical collection.
        documents: Streamed once; unchanged texts (same fingerprint, same embedder) are not embedded again.
        index: Where they become searchable.
        dense: Adds dense vectors to the sparse ones; another embedder means another physical collection.
        complete: The documents are all there are: what the table has beyond them is removed.
        progress: Called with the number of documents seen, after each batch.
    """
    sparse = SparseEmbedder()
    embedder_id = "+".join([sparse.id, *([dense.id] if dense else [])])
    physical = physical_name(alias, *embedder_id.split("+"))
    _ensure_collection(alias, physical, embedder_id, dense)
    known = dict(StoredVector.objects.filter(collection=physical).values_list("key", "fingerprint"))
    seen: set[str] = set()
    embedded = unchanged = 0
    for batch in _batches(documents):
        changed = []
        for document in batch:
            seen.add(document.key)
            mark = fingerprint(document.text, document.payload)
            if known.get(document.key) == mark:
                unchanged += 1
            else:
                changed.append((document, mark))
        if changed:
            _store(physical, embedder_id, changed, sparse, dense)
            embedded += len(changed)
        if progress is not None:
            progress(len(seen))
    removed = _remove(index, physical, known.keys() - seen) if complete else 0
    indexed = _index_pending(index, physical, dense)
    _activate(alias, physical)
    total = StoredVector.objects.filter(collection=physical).count()
    return VectorSync(embedded, unchanged, removed, indexed, total, physical)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _ensure_collection(alias: str, physical: str, embedder_id: str, dense: DenseEmbedder | None) -> None:
    VectorCollection.objects.get_or_create(
        physical=physical,
        defaults={"alias": alias, "embedder_id": embedder_id, "dense_dim": dense.dim if dense else None},
    )


def _store(
    physical: str,
    embedder_id: str,
    changed: Sequence[tuple[Document, str]],
    sparse: SparseEmbedder,
    dense: DenseEmbedder | None,
) -> None:
    texts = [document.text for document, _ in changed]
    sparse_vectors = sparse.embed(texts)
    dense_vectors: Sequence[np.ndarray | None] = dense.embed(texts) if dense else [None] * len(texts)
    rows = [
        (
            physical, document.key, UUID(point_id(physical, document.key)), embedder_id, mark,
            dense_to_bytes(vector) if vector is not None else None,
            words.indices.astype("int64").tolist(), words.values.astype("float64").tolist(), document.payload, False,
        )
        for (document, mark), words, vector in zip(changed, sparse_vectors, dense_vectors, strict=True)
    ]  # fmt: skip
    copy_upsert(
        StoredVector,
        ("collection", "key", "point_id", "embedder_id", "fingerprint", "dense", "sparse_indices", "sparse_values",
         "payload", "indexed"),
        rows,
        key=("collection", "key"),
        compare=("fingerprint", "embedder_id"),
    )  # fmt: skip


def _remove(index: VectorIndex, physical: str, keys: Iterable[str]) -> int:
    gone = sorted(keys)
    if gone:
        if index.exists(physical):
            index.delete(physical, gone)
        StoredVector.objects.filter(collection=physical, key__in=gone).delete()
    return len(gone)


def _record(row: StoredVector) -> VectorRecord:
    dense = bytes(row.dense) if row.dense is not None else None
    return VectorRecord(row.key, dense, (row.sparse_indices, row.sparse_values), row.payload)


def _index_pending(index: VectorIndex, physical: str, dense: DenseEmbedder | None) -> int:
    """Points that the table has and the index lacks. An index that was lost is loaded whole."""
    rows = StoredVector.objects.filter(collection=physical)
    dim = dense.dim if dense else None
    if not index.exists(physical):
        count = rebuild(index, physical, (_record(row) for row in rows.iterator(chunk_size=2000)), dense_dim=dim)
        rows.filter(indexed=False).update(indexed=True)
        return count
    pending = list(rows.filter(indexed=False).values_list("pk", flat=True))
    if pending:
        with index.opened(physical):
            index.upsert(
                physical, (_record(row).point() for row in rows.filter(pk__in=pending).iterator(chunk_size=2000))
            )
            index.optimize(physical)
        rows.filter(pk__in=pending).update(indexed=True)
    return len(pending)


def _activate(alias: str, physical: str) -> None:
    with transaction.atomic():
        VectorCollection.objects.filter(alias=alias, is_active=True).exclude(physical=physical).update(is_active=False)
        VectorCollection.objects.filter(physical=physical, is_active=False).update(is_active=True)


def rebuild_collection(alias: str, index: VectorIndex) -> int:
    """Load the index of a logical collection again from the table.

    Raises:
        PermanentError: nothing was ever embedded for it.
    """
    collection = active_collection(alias)
    if collection is None:
        raise PermanentError(f"Nothing has been embedded for {alias} yet.", hint="Materialise its asset first.")
    rows = StoredVector.objects.filter(collection=collection.physical)
    count = rebuild(
        index, collection.physical, (_record(row) for row in rows.iterator(chunk_size=2000)),
        dense_dim=collection.dense_dim,
    )  # fmt: skip
    rows.filter(indexed=False).update(indexed=True)
    return count


def nearest(
    alias: str, texts: Sequence[str], index: VectorIndex, *, k: int = 5, where: dict[str, Any] | None = None
) -> list[list[Hit]]:
    """Nearest documents of each text by sparse vectors; empty lists while the collection is empty."""
    collection = active_collection(alias)
    if collection is None or not texts or not index.exists(collection.physical):
        return [[] for _ in texts]
    vectors = SparseEmbedder().embed(texts)
    found: list[list[Hit]] = []
    with index.opened(collection.physical):
        for start in range(0, len(vectors), 256):
            queries = [SearchQuery(sparse=v, k=k, where=where) for v in vectors[start : start + 256]]
            found += index.search(collection.physical, queries)
    return found
