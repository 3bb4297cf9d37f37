"""``published_products`` and ``storefront_export``: what buyers see."""

import dagster as dg

from assets.catalog.columns import PUBLICATION, table_schema
from assets.catalog.moderation import moderation
from assets.catalog.parsed_products import parsed_products
from assets.catalog.product_cards import product_cards
from assets.catalog.product_images import product_images
from assets.plots import histogram, preview, table
from assets.policies import RETRY, Owner, follow_catalogue
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse


@dg.asset(
    deps=[parsed_products, moderation, product_images],
    retry_policy=RETRY,
    automation_condition=follow_catalogue(not_before="moderation", completed_later=["product_images"]),
    group_name="storefront",
    kinds={"postgres"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    code_version="1",
)
def published_products(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    """Publications: approved texts with today's prices, for drops and products whose gate is open.

    A new price within the bounds follows by itself; a larger step waits for a person while the old price stays.
    Pictures are not waited for: what is stored later is shown later, without asking anyone.
    """
    from vitrina.catalog.models import Publication
    from vitrina.catalog.publishing import publish

    result = publish(warehouse.settings, run_id=context.run.run_id)
    shown = Publication.objects.filter(state=Publication.State.PUBLISHED).select_related("version", "category")
    newest = shown.order_by("-updated_at").values_list("version__title", "category__path_ru", "price", "currency")[:15]
    confidence = list(shown.values_list("product__category__confidence", flat=True)[:20_000])
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": result.visible,
            "new": result.published,
            "updated": result.updated,
            "unchanged": result.unchanged,
            "delisted": result.delisted,
            "prices_waiting_for_people": result.prices_held,
            "decisions_consumed": result.consumed,
            "held_back": dg.MetadataValue.json(dict(result.held)),
            "preview": preview(["title", "category", "price", "currency"], list(newest)),
            "confidence_plot": histogram(
                [float(value) for value in confidence if value is not None],
                title="Confidence of the category",
                x_label="confidence",
                marks={"review": warehouse.settings.category_review_threshold},
            ),
            "dagster/column_schema": table_schema(Publication, PUBLICATION),
        }
    )


@dg.asset_check(asset=published_products, description="Nothing is on show that moderation, a gate or a list forbids.")
def only_approved_is_published(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Published rows whose version has no approving verdict, or whose product is no longer listed."""
    from django.db.models import Q

    from vitrina.catalog.models import Publication

    shown = Publication.objects.filter(state=Publication.State.PUBLISHED)
    wrong = shown.filter(
        Q(version__verdict__isnull=True) | Q(version__verdict__approved=False) | Q(product__listed=False)
    )
    return dg.AssetCheckResult(passed=not wrong.exists(), metadata={"published": shown.count(), "wrong": wrong.count()})


@dg.asset(
    deps=[published_products, product_cards],
    retry_policy=RETRY,
    automation_condition=follow_catalogue(not_before="published_products", completed_later=["product_cards"]),
    group_name="storefront",
    kinds={"json", "csv", "xml"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    code_version="1",
)
def storefront_export(object_store: ObjectStoreResource, warehouse: Warehouse) -> dg.MaterializeResult:
    """The published catalogue as JSON Lines, CSV (safe against formulas) and a Yandex Market YML feed.

    Short cards go along in the first two; the feed has no place for them.
    """
    from vitrina.storefront.export import export_storefront

    result = export_storefront(object_store.store(), warehouse.settings)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": result.products,
            "changed": dg.MetadataValue.bool(result.changed),
            "place": dg.MetadataValue.path(result.place),
            "files": table(["file", "bytes", "products"], [(f.key, f.size, f.products) for f in result.files]),
            "left_out_of_yml": table(["product", "rule"], result.left_out[:30]),
        }
    )
