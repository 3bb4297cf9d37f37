"""The nearest rows of the table of vectors, compared by the database server with pgvector.

Belongs here: the statements, and joining two rankings as the index joins them. Stays out: servers without the
extension (``table``), who asks when (``similar``).

Every row of the collection is compared; there is no search structure, since this is what answers while the index is
busy. Measured on 20,000 rows, two cores under a load of 7: 0.13 s by 256 dense numbers, 0.9 to 1.5 s by letter groups
(how many rows have each is counted first, and what a row shares is made a text). Millions want a Qdrant server.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from vitrina.vectors.embedders import SPARSE_BITS, SparseVector
from vitrina.vectors.index import RRF_K, SearchQuery

#: As the index does: each branch of a hybrid search brings this many times k candidates into the fusion.
_PREFETCH = 4

_AVAILABLE = "SELECT to_regtype('vector') IS NOT NULL AND to_regtype('sparsevec') IS NOT NULL"
_DENSE = """
SELECT key, 1 - (dense::vector <=> %(wanted)s::vector) FROM vectors_storedvector
WHERE collection = %(collection)s AND cardinality(dense) = %(length)s
ORDER BY dense::vector <=> %(wanted)s::vector, key LIMIT %(k)s
"""
#: Of each wanted column how many rows have it, and how many rows there are.
_FREQUENCIES = """
SELECT place, count(*),
       (SELECT count(*) FROM vectors_storedvector WHERE collection = %(collection)s AND sparse_indices <> '{}')
FROM vectors_storedvector, unnest(sparse_indices) AS place
WHERE collection = %(collection)s AND place = ANY(%(places)s::bigint[]) GROUP BY place
"""
#: Only what a row shares with the wanted columns becomes a sparsevec: the rest adds nothing to the product.
_SPARSE = """
SELECT key, -(('{' || shared.pairs || '}/' || %(columns)s)::sparsevec <#> %(wanted)s::sparsevec)
FROM vectors_storedvector CROSS JOIN LATERAL (
    SELECT string_agg((place + 1)::text || ':' || weight::real::text, ',') AS pairs
    FROM unnest(sparse_indices, sparse_values) AS one(place, weight) WHERE place = ANY(%(places)s::bigint[])
) AS shared
WHERE collection = %(collection)s AND shared.pairs IS NOT NULL
ORDER BY ('{' || shared.pairs || '}/' || %(columns)s)::sparsevec <#> %(wanted)s::sparsevec, key LIMIT %(k)s
"""


def available() -> bool:
    """Whether this database has pgvector, of a version that knows sparse vectors (0.7)."""
    with connection.cursor() as cursor:
        cursor.execute(_AVAILABLE)
        return bool(cursor.fetchone()[0])


def nearest(collection: str, query: SearchQuery) -> list[tuple[str, float]]:
    """Keys and scores of a physical collection's nearest rows, the best first; what the index would find.

    Scores are those of the index: cosine, weighted overlap, or the fused rank of both. ``query.where`` is not looked
    at: nobody who asks the table filters by payload.
    """
    if query.dense is None or query.sparse is None:
        return _by_one(collection, query.dense, query.sparse, query.k)
    rankings = (
        _by_one(collection, query.dense, None, query.k * _PREFETCH),
        _by_one(collection, None, query.sparse, query.k * _PREFETCH),
    )
    fused: dict[str, float] = {}
    for ranking in rankings:
        for place, (key, _) in enumerate(ranking):
            fused[key] = fused.get(key, 0.0) + 1.0 / (RRF_K + place)
    return sorted(fused.items(), key=lambda found: -found[1])[: query.k]


def _by_one(
    collection: str, dense: npt.NDArray[np.float32] | None, sparse: SparseVector | None, k: int
) -> list[tuple[str, float]]:  # fmt: skip
    if dense is not None:
        wanted = "[" + ",".join(map(repr, dense.tolist())) + "]"
        found = _rows(_DENSE, {"collection": collection, "wanted": wanted, "length": len(dense), "k": k})
        # A row of zeros, of a text with no known letters, has no angle.
        return [(key, 0.0 if math.isnan(score) else score) for key, score in found]
    return _by_letters(collection, sparse, k) if sparse is not None else []


def _by_letters(collection: str, sparse: SparseVector, k: int) -> list[tuple[str, float]]:
    """Weighted as the index weighs: ``ln(1 + (n - rows with it + 0.5) / (rows with it + 0.5))`` a column."""
    given = dict(zip(sparse.indices.tolist(), sparse.values.tolist(), strict=True))
    counted = _rows(_FREQUENCIES, {"collection": collection, "places": list(given)})
    if not counted:
        return []
    weights = {
        place: given[place] * math.log1p((total - rows + 0.5) / (rows + 0.5)) for place, rows, total in counted
    }  # fmt: skip
    wanted = "{" + ",".join(f"{place + 1}:{weight!r}" for place, weight in weights.items()) + f"}}/{1 << SPARSE_BITS}"
    values = {
        "collection": collection, "places": list(weights), "wanted": wanted, "columns": str(1 << SPARSE_BITS), "k": k,
    }  # fmt: skip
    return _rows(_SPARSE, values)


def _rows(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
