"""Finding what is near to texts, by the index.

Belongs here: what a search asks the index for, and an index that was lost meanwhile. Stays out: pages that cannot wait
for the index (``similar``), embedding documents (``services``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vitrina.config import Settings, get_settings
from vitrina.llm.embeddings import EmbeddingError
from vitrina.llm.outcomes import Outcome
from vitrina.vectors.dense import in_mode, open_named
from vitrina.vectors.embedders import SparseEmbedder, SparseVector
from vitrina.vectors.index import RRF_K, Hit, SearchQuery, VectorIndex, VectorIndexError
from vitrina.vectors.models import VectorCollection
from vitrina.vectors.pointers import active_collection, rebuild_collection

if TYPE_CHECKING:
    import numpy as np

_LOG = logging.getLogger(__name__)
#: Queries of one opening of the index.
_QUERIES = 256


def nearest(
    alias: str,
    texts: Sequence[str],
    index: VectorIndex,
    *,
    k: int = 5,
    where: dict[str, Any] | None = None,
    mode: str | None = None,
) -> list[list[Hit]]:
    """Nearest documents of each text, by sparse, dense or both vectors as ``VECTOR_SEARCH`` says for the collection.

    Empty lists while the collection is empty. The score of a hybrid search is scaled to 0…1: first in both is 1.

    Args:
        mode: Of the gateway, instead of ``AI_MODE``. A replay knows only vectors that stand in the ledger; texts
            without one are searched by their sparse vectors.
    """
    if not texts:
        return []
    collection = active_collection(alias)
    if collection is None:
        return [[] for _ in texts]
    settings = in_mode(get_settings(), mode)
    mode = settings.vector_search.get(alias, "hybrid")
    dense: Sequence[np.ndarray | None] = [None] * len(texts)
    if mode != "sparse" and collection.dense_id is not None:
        dense = _query_vectors(settings, collection.dense_id, texts)
    sparse: Sequence[SparseVector | None] = SparseEmbedder().embed(texts)
    if mode == "dense":
        sparse = [words if vector is None else None for words, vector in zip(sparse, dense, strict=True)]
    queries = [SearchQuery(vector, words, k, where) for vector, words in zip(dense, sparse, strict=True)]
    return [
        [Hit(hit.key, min(hit.score * RRF_K / 2, 1.0), hit.payload) for hit in found] if query.fused else found
        for query, found in zip(queries, _search(collection, queries, index), strict=True)
    ]


def _query_vectors(settings: Settings, dense_id: str, texts: Sequence[str]) -> list[np.ndarray | None]:
    with open_named(settings, dense_id, purpose="search") as embedder:
        if embedder is None:
            # Another embedder's vectors would mean nothing in this collection.
            _LOG.warning(
                "%s is out of reach of the settings: searching by sparse vectors until the next sync", dense_id
            )
            return [None] * len(texts)
        unique = list(dict.fromkeys(texts))
        try:
            vectors = dict(zip(unique, embedder.embed(unique), strict=True))
        except EmbeddingError as error:
            if error.outcome is not Outcome.NOT_IN_LEDGER:
                raise
            _LOG.warning("the ledger lacks vectors of what is searched for: searching by sparse vectors")
            return [None] * len(texts)
    return [vectors[text] if vectors[text].any() else None for text in texts]


def _search(collection: VectorCollection, queries: Sequence[SearchQuery], index: VectorIndex) -> list[list[Hit]]:
    """In short openings. The collection may be loaded anew meanwhile: then its next load is read."""
    found: list[list[Hit]] = []
    for start in range(0, len(queries), _QUERIES):
        part = queries[start : start + _QUERIES]
        try:
            found += index.search(collection.index_name, part)
        except VectorIndexError:
            if index.exists(collection.index_name):
                raise
            collection.refresh_from_db()
            if not index.exists(collection.index_name):
                # The index was lost, or another Qdrant server is configured: the table has everything.
                rebuild_collection(collection.alias, index)
                collection.refresh_from_db()
            found += index.search(collection.index_name, part)
    return found
