"""``product_cards``: short texts for lists and adverts, the best of several writers."""

import dagster as dg

from assets.answers import unanswered
from assets.catalog.choices import choice_metadata
from assets.catalog.partitions import DROPS
from assets.catalog.product_categories import product_categories
from assets.gateways import answer_checks, answer_results, gateway_metadata
from assets.plots import table
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from assets.refresh import refresh_asked
from resources.llm import LlmResource
from resources.object_store import ObjectStoreResource
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse


@dg.asset(
    deps=[product_categories],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(),
    group_name="content",
    kinds={"openai", "postgres"},
    owners=[Owner.CONTENT],
    tags={"domain": "content"},
    pool="llm",
    check_specs=answer_checks("product_cards"),
    code_version="1",
)
def product_cards(
    context: dg.AssetExecutionContext,
    object_store: ObjectStoreResource,
    llm: LlmResource,
    vectors: VectorsResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """A card of 160 to 380 characters for each product of the drop whose own facts are new.

    The embedded writer writes them at no cost, or with `CARD_WRITER=model` the configured model. With `BEST_OF` above 1
    each writes several, a promoted policy writes as many beside it, and the reward model in use keeps one. A text that
    says what the facts do not loses to every one that does not, and is never exported.
    """
    from vitrina.catalog.models import Product
    from vitrina.catalog.processing import Tools, card_products

    ids = list(Product.objects.filter(drop__key__in=list(context.partition_keys)).values_list("id", flat=True))
    with llm.gateway(context.run.run_id, context.run.tags) as gateway, vectors.index() as index:
        tools = Tools(warehouse.settings, object_store.store(), index, gateway, context.run.run_id)
        result = card_products(ids, tools, refresh=refresh_asked(context))
        summary = gateway.summary()
    texts = result.texts
    left = 0
    if result.missing:
        left = unanswered(context, "cards", asked=texts.asked, failed=texts.failed, why=texts.why)
    elif texts.failed:
        context.log.warning("Some writers wrote nothing: %s", "; ".join(texts.why.values()))
    return dg.MaterializeResult(
        metadata={
            "made": result.made,
            "unchanged": result.unchanged,
            "worked_on_by_another_run": result.busy,
            "without_a_card": result.missing,
            "left_for_later": left,
            "texts_asked": texts.asked,
            "texts_written": texts.written,
            "texts_standing": texts.standing,
            "texts_failed": dg.MetadataValue.json(dict(texts.failed)),
            "tokens": texts.tokens,
            "cost_usd": "unknown" if texts.cost_usd is None else str(texts.cost_usd),
            "cards": table(["product", "card", "writer"], result.preview, cut=400),
            **gateway_metadata(summary),
            **choice_metadata(context, result.tally),
        },
        check_results=list(
            answer_results(asked=texts.asked, answered=texts.answered, failed=texts.failed, summary=summary)
        ),
    )


@dg.asset_check(asset=product_cards, description="Every card that may be shown keeps its contract.")
def cards_keep_their_contract(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Counts cards that are marked as fit though a rule of theirs is broken; and those that are not shown."""
    from vitrina.preferences.choosing import broken
    from vitrina.preferences.models import ProductCard

    shown = ProductCard.objects.filter(fit=True).select_related("candidate")
    wrong = [(card.product_id, rule) for card in shown.iterator(chunk_size=2000) if (rule := broken(card.candidate))]
    return dg.AssetCheckResult(
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "cards": shown.count(),
            "not_shown": ProductCard.objects.filter(fit=False).count(),
            "wrong": table(["product", "rule"], wrong[:30]),
        },
    )
