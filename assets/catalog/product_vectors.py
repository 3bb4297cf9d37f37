"""``product_vectors``: the collection that finds similar products."""

import time

import dagster as dg

from assets.catalog.parsed_products import parsed_products
from assets.catalog.partitions import DROPS
from assets.catalog.reference import refreshed, vector_metadata
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse


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
    """Collection `product_vectors`: a point for each listed product, from title, brand, source category and text.

    Sparse and dense vectors. Another embedder fills another collection with all products before searches go over to
    it. The vectors' truth is the table; the index can be rebuilt with `vitrina vectors rebuild`.
    """
    from vitrina.vectors.index import PRODUCTS

    began = time.monotonic()
    result = refreshed(PRODUCTS, context, vectors, warehouse, list(context.partition_keys))
    return dg.MaterializeResult(metadata=vector_metadata(result, time.monotonic() - began))


@dg.asset_check(
    asset=product_vectors, description="Every listed product of the drops made so far has a vector, and only those."
)
def every_product_has_a_vector(
    context: dg.AssetCheckExecutionContext, vectors: VectorsResource, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compares the table of products, the table of vectors and the index.

    Drops whose turn has not come yet do not count as missing.
    """
    from vitrina.catalog.models import Product
    from vitrina.vectors.index import PRODUCTS
    from vitrina.vectors.models import StoredVector
    from vitrina.vectors.services import active_collection

    made = context.instance.get_materialized_partitions(product_vectors.key)
    listed = Product.objects.filter(listed=True)
    wanted = {str(pk) for pk in listed.filter(drop__key__in=made).values_list("id", flat=True)}
    collection = active_collection(PRODUCTS)
    stored: set[str] = set()
    indexed = 0
    if collection is not None:
        stored = set(StoredVector.objects.filter(collection=collection.physical).values_list("key", flat=True))
        with vectors.index() as index:
            indexed = index.count(collection.index_name) if index.exists(collection.index_name) else 0
    missing = len(wanted - stored)
    left_over = len(stored - {str(pk) for pk in listed.values_list("id", flat=True)})
    return dg.AssetCheckResult(
        passed=not missing and not left_over and len(stored) == indexed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "products": len(wanted),
            "vectors": len(stored),
            "indexed": indexed,
            "missing": missing,
            "left_over": left_over,
        },
    )
