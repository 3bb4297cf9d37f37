"""Bringing collections up to date and looking into them."""

from __future__ import annotations

from tests.vectors.embedding_server import KINDS
from vitrina.config import Settings
from vitrina.vectors.index import PRODUCTS, VectorIndex

PRICES = "models: {small: {input_per_mtok: '1000', output_per_mtok: '0'}}"
ANY = " ".join(KINDS)


def refresh(index: VectorIndex, settings: Settings, **values):
    from vitrina.vectors.sources import refresh as run

    return run(PRODUCTS, index, settings, **values)


def found(index: VectorIndex, text: str, k: int = 5) -> list[str]:
    from vitrina.catalog.models import Product
    from vitrina.vectors.searching import nearest

    hits = nearest(PRODUCTS, [text], index, k=k)[0]
    names = {str(pk): title for pk, title in Product.objects.values_list("id", "title")}
    return [names[hit.key] for hit in hits]


def embedding_rows():
    from vitrina.llm.models import LlmAttempt

    return LlmAttempt.objects.filter(kind="embedding", purpose="embedding")


def nothing_is_mixed() -> bool:
    from vitrina.vectors.embedders import dense_from_bytes
    from vitrina.vectors.models import StoredVector, VectorCollection

    for collection in VectorCollection.objects.all():
        rows = StoredVector.objects.filter(collection=collection.physical)
        if set(rows.values_list("embedder_id", flat=True)) - {collection.embedder_id}:
            return False
        if {len(dense_from_bytes(row.dense)) if row.dense else None for row in rows} - {collection.dense_dim}:
            return False
    return True
