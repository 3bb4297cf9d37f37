"""Which collection is read, and bringing the index to the table's state behind its readers.

Belongs here: the pointer from a logical to a physical collection, loads of the index, dropping what nobody reads.
Stays out: embedding (``services``).

A search never meets a half-filled collection: a collection that is read and must be loaded anew is loaded under the
name of its next generation, and the row that names it is switched when everything is there.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from vitrina.errors import PermanentError
from vitrina.vectors.guard import alone
from vitrina.vectors.index import CATEGORIES, PRODUCTS, TEMPLATES, VectorIndex, VectorRecord
from vitrina.vectors.models import StoredVector, VectorCollection, generation_name
from vitrina.vectors.rebuild import rebuild

#: Points of one opening of the embedded index: 0.3 s, so that searches between them wait no longer.
_CHUNK = 4_000
#: From so many new points on, search structures are built at once; before that the engine scans them.
_OPTIMIZE_FROM = 2_000


def active_collection(alias: str) -> VectorCollection | None:
    """What the pointer of a logical collection shows, ``None`` before the first sync."""
    return VectorCollection.objects.filter(alias=alias, is_active=True).first()


def activate(collection: VectorCollection) -> None:
    """Let searches read this collection."""
    with transaction.atomic():
        others = VectorCollection.objects.filter(alias=collection.alias, is_active=True).exclude(pk=collection.pk)
        others.update(is_active=False)
        VectorCollection.objects.filter(pk=collection.pk, is_active=False).update(is_active=True)
    collection.is_active = True


def load(collection: VectorCollection, index: VectorIndex) -> int:
    """Load the whole index of a collection from the table; readers go on with the former load until it is there.

    Returns:
        Points in the index.
    """
    rows = StoredVector.objects.filter(collection=collection.physical)
    former = collection.index_name
    generation = collection.generation + 1 if collection.is_active else collection.generation
    name = generation_name(collection.physical, generation)
    count = rebuild(
        index, name, (record(row) for row in rows.iterator(chunk_size=2000)), dense_dim=collection.dense_dim
    )
    rows.filter(indexed=False).update(indexed=True)
    VectorCollection.objects.filter(pk=collection.pk).update(generation=generation)
    collection.generation = generation
    if former != name:
        index.drop(former)
    return count


def load_pending(collection: VectorCollection, index: VectorIndex) -> int:
    """Write the points that the table has and the index lacks; an index that was lost is loaded whole."""
    if not index.exists(collection.index_name):
        return load(collection, index)
    rows = StoredVector.objects.filter(collection=collection.physical)
    pending = list(rows.filter(indexed=False).values_list("pk", flat=True))
    for start in range(0, len(pending), _CHUNK):
        chunk = rows.filter(pk__in=pending[start : start + _CHUNK])
        points = [record(row).point() for row in chunk.iterator(chunk_size=2000)]
        index.upsert(collection.index_name, points)
        chunk.update(indexed=True)
    if len(pending) >= _OPTIMIZE_FROM:
        index.optimize(collection.index_name)
    return len(pending)


def remove(collection: VectorCollection, index: VectorIndex, keys: Iterable[str]) -> int:
    """Take points out of index and table; returns how many."""
    gone = sorted(keys)
    if gone:
        if index.exists(collection.index_name):
            index.delete(collection.index_name, gone)
        StoredVector.objects.filter(collection=collection.physical, key__in=gone).delete()
    return len(gone)


def record(row: StoredVector) -> VectorRecord:
    """A row as the index takes it."""
    dense = bytes(row.dense) if row.dense is not None else None
    return VectorRecord(row.key, dense, (row.sparse_indices, row.sparse_values), row.payload)


def rebuild_collection(alias: str, index: VectorIndex) -> int:
    """Load the index of a logical collection again from the table, behind its readers.

    Raises:
        PermanentError: nothing was ever embedded for it.
    """
    with alone(alias):
        collection = active_collection(alias)
        if collection is None:
            known = sorted({CATEGORIES, TEMPLATES, PRODUCTS, *VectorCollection.objects.values_list("alias", flat=True)})
            if alias not in known:
                raise PermanentError(
                    f"There is no collection {alias!r}.", hint=f"The collections are {', '.join(known)}."
                )
            raise PermanentError(f"Nothing has been embedded for {alias} yet.", hint="Materialise its asset first.")
        return load(collection, index)


def prune(index: VectorIndex) -> list[str]:
    """Drop what no pointer shows: collections of former embedders with their vectors, loads that were cut off.

    Returns:
        Names of what was dropped.
    """
    gone: set[str] = set()
    for alias in sorted(set(VectorCollection.objects.values_list("alias", flat=True))):
        with alone(alias):
            rows = list(VectorCollection.objects.filter(alias=alias))
            read = {row.index_name for row in rows if row.is_active}
            if not read:
                continue
            names = {name for name in index.collections() if name.startswith(f"{alias}__")} - read
            old = [row.physical for row in rows if not row.is_active]
            for name in names:
                index.drop(name)
            StoredVector.objects.filter(collection__in=old).delete()
            VectorCollection.objects.filter(physical__in=old).delete()
            gone |= names | set(old)
    return sorted(gone)
