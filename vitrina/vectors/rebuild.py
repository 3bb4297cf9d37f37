"""Building a collection again from the vectors in the database.

Belongs here: the bulk load. Stays out: reading the database and switching the pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vitrina.vectors.index import VectorIndex, VectorIndexError, VectorPoint, VectorRecord


def rebuild(
    index: VectorIndex,
    physical: str,
    records: Iterable[VectorRecord],
    *,
    dense_dim: int | None = None,
    sparse: bool = True,
) -> int:
    """Drop the collection, load all records, build its search structures.

    Searches of a collection that is being built again find less meanwhile: to rebuild under readers, load another
    physical name and switch the pointer.

    Args:
        records: Streamed once; memory holds one batch.
        dense_dim, sparse: The collection's shape, as for ``ensure``.

    Returns:
        Number of points, as the index counts them.

    Raises:
        VectorIndexError: Fewer points in the index than records with different keys were written.
    """
    keys: set[str] = set()

    def points() -> Iterator[VectorPoint]:
        for record in records:
            keys.add(record.key)
            yield record.point()

    index.drop(physical)
    index.ensure(physical, dense_dim=dense_dim, sparse=sparse)
    with index.opened(physical):
        index.upsert(physical, points())
        index.optimize(physical)
        count = index.count(physical)
    if count != len(keys):
        raise VectorIndexError(
            f"{physical} holds {count} points after a rebuild from {len(keys)} records.", hint="Rebuild it again."
        )
    return count
