"""``product_vectors``: the collection that finds similar products."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.catalog.parsed_products import parsed_products
from assets.catalog.partitions import DROPS
from assets.catalog.reference import vector_metadata
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.vectors.services import Document


@dg.asset(
    deps=[parsed_products],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(),
    group_name="enrichment",
    kinds={"qdrant"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    pool="vectors",
    code_version="1",
)
def product_vectors(
    context: dg.AssetExecutionContext, vectors: VectorsResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Collection `product_vectors`: a point for each product, from title, brand, source category and text.

    The vectors' truth is the table; the index can be rebuilt with `vitrina vectors rebuild`.
    """
    from vitrina.catalog.models import Product
    from vitrina.vectors.index import PRODUCTS
    from vitrina.vectors.services import sync

    products = Product.objects.filter(drop__key__in=list(context.partition_keys)).order_by("id")

    def documents() -> Iterator["Document"]:
        from vitrina.vectors.services import Document

        fields = ("id", "title", "brand", "category_hint", "description", "source__slug")
        for pk, title, brand, hint, text, source in products.values_list(*fields).iterator(chunk_size=2000):
            parts = [title, brand or "", hint or "", (text or "")[:500]]
            yield Document(str(pk), " ".join(part for part in parts if part), {"source": source})

    with vectors.index() as index:
        result = sync(
            PRODUCTS, documents(), index, progress=lambda done: context.log.info("%d products looked at", done)
        )
    return dg.MaterializeResult(metadata=vector_metadata(result))


@dg.asset_check(asset=product_vectors, description="As many vectors as products, and the index holds them all.")
def every_product_has_a_vector(vectors: VectorsResource, warehouse: Warehouse) -> dg.AssetCheckResult:
    """Compares the table of products, the table of vectors and the index."""
    from vitrina.catalog.models import Product
    from vitrina.vectors.index import PRODUCTS
    from vitrina.vectors.models import StoredVector
    from vitrina.vectors.services import active_collection

    products = Product.objects.count()
    collection = active_collection(PRODUCTS)
    stored = StoredVector.objects.filter(collection=collection.physical).count() if collection else 0
    indexed = 0
    if collection is not None:
        with vectors.index() as index:
            indexed = index.count(collection.physical)
    return dg.AssetCheckResult(
        passed=stored == indexed and stored <= products,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"products": products, "vectors": stored, "indexed": indexed, "missing": products - stored},
    )
