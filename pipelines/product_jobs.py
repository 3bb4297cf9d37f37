"""``process_products``: the steps of the main job for chosen products, whatever drop they came with.

Belongs here: ops over a list of product ids, for schedules and for work by hand. Stays out: the steps themselves.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.llm import LlmResource
from resources.object_store import ObjectStoreResource
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse
from vitrina.workbench.options import ProcessingOptions


class ProductSelection(ProcessingOptions, dg.Config):
    """Which products, which steps, and how."""

    product_ids: list[int]


@dg.op(description="Categories, texts and verdicts of the chosen products, and their publication.")
def process_chosen(
    context: dg.OpExecutionContext,
    config: ProductSelection,
    object_store: ObjectStoreResource,
    llm: LlmResource,
    vectors: VectorsResource,
    warehouse: Warehouse,
) -> None:
    """Only these products; one that another run works on is left to it. Tried again, it makes nothing twice."""
    from vitrina.catalog.models import Product
    from vitrina.catalog.processing import Tools, card_products, categorise_products, describe_products
    from vitrina.catalog.publishing import publish
    from vitrina.content.verdicts import moderate

    ids = list(Product.objects.filter(pk__in=config.product_ids).values_list("id", flat=True))
    if config.pictures:
        _pictures(context, ids, object_store, warehouse, refresh=config.refresh or config.force)
    with llm.gateway(context.run.run_id, context.run.tags) as gateway, vectors.index() as index:
        tools = Tools(warehouse.settings, object_store.store(), index, gateway, context.run.run_id)
        if config.categorise:
            found = categorise_products(ids, tools, refresh=config.refresh or config.force)
            context.log.info("categories: %d looked at%s", found.looked_at, _counted(found.decided))
        if config.describe:
            texts = describe_products(
                ids,
                tools,
                refresh=config.refresh or bool(config.template),
                force=_without_text_of_this(context, ids) if config.force else frozenset(),
                again=config.again,
                template=config.template,
            )
            context.log.info("texts: %d asked, %d written%s", texts.asked, texts.written, _counted(texts.failed))
            cards = card_products(ids, tools, refresh=config.refresh or config.force)
            context.log.info("cards: %d wanted, %d made%s", cards.wanted, cards.made, _counted(cards.texts.failed))
    verdicts = moderate(ids, warehouse.settings, run_id=context.run.run_id)
    context.log.info("verdicts: %d approved, %d sent to people", verdicts.approved, verdicts.sent)
    shown = publish(warehouse.settings, run_id=context.run.run_id)
    # Not of moderation: an event for a drop would say that all its products were looked at, and a condition that waits
    # for the drop's texts would take it for its own work.
    context.log_event(
        dg.AssetMaterialization(
            "published_products", metadata={"dagster/row_count": shown.visible, "chosen_products": len(ids)}
        )
    )


def _counted(counts: Mapping[str, int]) -> str:
    """What people read on the run's page behind a figure; nothing where nothing is counted."""
    return "".join(f", {name}: {number}" for name, number in sorted(counts.items()))


def _without_text_of_this(context: dg.OpExecutionContext, ids: list[int]) -> frozenset[int]:
    """Products that this run, or the one that it tries again, has not written a text for yet."""
    from vitrina.content.models import ContentVersion

    runs = [context.run.run_id, *filter(None, (context.run.parent_run_id, context.run.root_run_id))]
    written = ContentVersion.objects.filter(product__in=ids, run_id__in=runs).values_list("product_id", flat=True)
    return frozenset(ids) - frozenset(written)


def _pictures(
    context: dg.OpExecutionContext,
    ids: list[int],
    object_store: ObjectStoreResource,
    warehouse: Warehouse,
    *,
    refresh: bool,
) -> None:
    """Addresses of the products asked for, and what came measured."""
    from vitrina.catalog.models import Product
    from vitrina.images.analysis.analysing import analyse_products
    from vitrina.images.service import refresh_pictures

    store, settings = object_store.store(), warehouse.settings
    fetched = refresh_pictures(Product.objects.filter(pk__in=ids), store, settings, refresh=refresh)
    context.log.info("pictures: %d asked for%s", fetched.due, _counted(fetched.states))
    measured = analyse_products(ids, store, settings, run_id=context.run.run_id)
    context.log.info("pictures: %d there, %d analysed", measured.pictures, measured.analysed)


@dg.job(
    description="Categorise, describe and moderate chosen products.",
    executor_def=dg.in_process_executor,
    tags={"domain": "catalog"},
)
def process_products() -> None:
    """See :func:`process_chosen`."""
    process_chosen()


@dg.op(description="Delete completed and approved log entries that are older than the setting.")
def delete_old_log_entries(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
    """Failures, rejections and cases in moderation stay."""
    from vitrina.catalog.selection import old_log_entries

    context.log.info("%d entries deleted", old_log_entries(warehouse.settings.log_keep_days))


@dg.op(description="Remove files in the object store that a writer began more than a day ago and never ended.")
def remove_unfinished_files(context: dg.OpExecutionContext, object_store: ObjectStoreResource) -> None:
    """A killed process leaves them; no listing shows them."""
    day_ago = datetime.now(UTC) - timedelta(days=1)
    context.log.info("%d unfinished files removed", object_store.store().sweep(day_ago))


@dg.op(description="Delete pictures that nothing names any more, and what processing left below temp/.")
def delete_old_pictures(
    context: dg.OpExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse
) -> None:
    """What is on show stays."""
    from vitrina.images.cleaning import clean

    cleaned = clean(object_store.store(), warehouse.settings, datetime.now(UTC))
    context.log.info("%s", cleaned)


@dg.job(
    description="Keep the processing log, old pictures, and what killed writers left, from growing for ever.",
    executor_def=dg.in_process_executor,
)
def log_cleanup() -> None:
    """See :func:`delete_old_log_entries`, :func:`remove_unfinished_files` and :func:`delete_old_pictures`."""
    delete_old_log_entries()
    remove_unfinished_files()
    delete_old_pictures()
