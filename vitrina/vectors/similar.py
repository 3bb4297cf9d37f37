"""Products that are near to a product or to a phrase, whatever the index is busy with.

Belongs here: asking the index for a short time, and the table of vectors where it does not answer. Stays out: how the
table is compared (``pgvector``, ``table``), how vectors are made (``services``), pages.

The table is the truth of all vectors, so comparing all its rows finds what the index would, exactly.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vitrina.config import Settings
from vitrina.errors import VitrinaError
from vitrina.vectors import pgvector, table
from vitrina.vectors.embedders import SparseEmbedder, SparseVector, dense_from_bytes
from vitrina.vectors.index import PRODUCTS, Hit, SearchQuery, VectorIndex
from vitrina.vectors.models import StoredVector, VectorCollection
from vitrina.vectors.pointers import active_collection

_LOG = logging.getLogger(__name__)
#: How long a page waits for the one opener of the embedded index.
WAIT_SECONDS = 1.5
_IN_A_HURRY = {"ai_timeout_seconds": 5.0, "ai_outage_patience_seconds": 0.0, "ai_rate_limit_patience_seconds": 1.0}


class By(StrEnum):
    """Who answered."""

    INDEX = "index"
    #: PostgreSQL, with pgvector.
    SERVER = "server"
    #: This process, row by row: PostgreSQL has no pgvector.
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Near:
    """Products, the nearest first.

    Attributes:
        scores: Product id → score, 0 to 1; of the same search they can be compared.
        by: Who answered.
        busy: Why the index did not.
        empty: There is nothing to compare: no vectors yet, or the product has none.
        letters: Only common letters were compared: the embedding model did not answer.
    """

    scores: dict[int, float]
    by: By = By.INDEX
    busy: str = ""
    empty: bool = False
    letters: bool = False


def similar_to_product(
    product_id: int, settings: Settings, *, k: int = 50, index: VectorIndex | None = None
) -> Near:  # fmt: skip
    """Products near to one, by its own stored vectors: nothing is embedded."""
    collection = active_collection(PRODUCTS)
    rows = StoredVector.objects.filter(key=str(product_id))
    row = rows.filter(collection=collection.physical).first() if collection is not None else None
    if collection is None or row is None:
        return Near({}, empty=True)
    dense = dense_from_bytes(row.dense) if row.dense else None
    found = _found(collection, _query(settings, dense, _sparse(row), k + 1), settings, index)
    found.scores.pop(product_id, None)
    return found


def similar_to_phrase(phrase: str, settings: Settings, *, k: int = 50, index: VectorIndex | None = None) -> Near:
    """Products near to words that a person typed. Where the embedding model does not answer, by letters alone."""
    collection = active_collection(PRODUCTS)
    [sparse] = SparseEmbedder().embed([phrase])
    if collection is None or not len(sparse.indices):
        return Near({}, empty=True)
    dense, letters = _embedded(phrase, collection, settings)
    found = _found(collection, _query(settings, dense, sparse, k), settings, index)
    return replace(found, letters=letters)


def _embedded(
    phrase: str, collection: VectorCollection, settings: Settings
) -> tuple[npt.NDArray[np.float32] | None, bool]:  # fmt: skip
    """The phrase's dense vector, and whether the model failed to give one. A person waits: nothing is waited for."""
    from vitrina.vectors.dense import open_named

    if collection.dense_id is None or settings.vector_search.get(PRODUCTS, "hybrid") == "sparse":
        return None, False
    hurried = settings.model_copy(update=_IN_A_HURRY)
    try:
        with open_named(hurried, collection.dense_id, purpose="search") as embedder:
            if embedder is None:
                return None, True
            [vector] = embedder.embed([phrase])
    except VitrinaError as error:
        _LOG.warning("a phrase could not be embedded: %s", error)
        return None, True
    return (vector if vector.any() else None), False


def _query(
    settings: Settings, dense: npt.NDArray[np.float32] | None, sparse: SparseVector | None, k: int
) -> SearchQuery:
    mode = settings.vector_search.get(PRODUCTS, "hybrid")
    if dense is not None and sparse is not None and mode != "hybrid":
        dense, sparse = (dense, None) if mode == "dense" else (None, sparse)
    return SearchQuery(dense, sparse, k)


def _found(collection: VectorCollection, query: SearchQuery, settings: Settings, index: VectorIndex | None) -> Near:
    try:
        [hits] = _asked(collection, query, settings, index)
    except VitrinaError as error:
        _LOG.warning("the vector index did not answer a search: %s", error)
        if pgvector.available():
            found = pgvector.nearest(collection.physical, query)
            return Near(_shares(found, query), By.SERVER, busy=error.message)
        found = table.nearest(collection.physical, query)
        return Near(_as_they_are(found), By.TABLE, busy=error.message)
    return Near(_shares([(hit.key, hit.score) for hit in hits], query))


def _shares(found: list[tuple[str, float]], query: SearchQuery) -> dict[int, float]:
    """A cosine as it is; fused and weighted scores have scales of their own: they are shares of the best."""
    if query.sparse is None:
        return _as_they_are(found)
    best = max((score for _, score in found), default=0.0) or 1.0
    return _as_they_are([(key, score / best) for key, score in found])


def _as_they_are(found: list[tuple[str, float]]) -> dict[int, float]:
    return {int(key): max(min(score, 1.0), 0.0) for key, score in found}


def _asked(
    collection: VectorCollection, query: SearchQuery, settings: Settings, index: VectorIndex | None
) -> list[list[Hit]]:
    if index is not None:
        return index.search(collection.index_name, [query])
    opened = _open(settings)
    try:
        return opened.search(collection.index_name, [query])
    finally:
        opened.close()


def _open(settings: Settings) -> VectorIndex:
    """The index of the settings; of the embedded one a page waits for its turn for a moment only."""
    if settings.qdrant_url:
        from vitrina.vectors.services import open_index

        return open_index(settings)
    from vitrina.vectors.edge import EdgeIndex

    return EdgeIndex(settings.vitrina_home / "vectors", lock_timeout=WAIT_SECONDS)


def _sparse(row: StoredVector) -> SparseVector | None:
    if not row.sparse_indices:
        return None
    return SparseVector(np.asarray(row.sparse_indices, np.uint32), np.asarray(row.sparse_values, np.float32))
