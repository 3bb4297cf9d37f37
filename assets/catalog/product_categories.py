"""``product_categories``: a cascade of classifier, nearest categories, language model, person."""

import dagster as dg

from assets.answers import unanswered
from assets.catalog.parsed_products import parsed_products
from assets.catalog.partitions import DROPS
from assets.catalog.reference import category_model, category_vectors
from assets.gateways import answer_checks, answer_results, gateway_metadata, teller
from assets.plots import histogram, preview
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from assets.refresh import refresh_asked
from resources.llm import LlmResource
from resources.object_store import ObjectStoreResource
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse


@dg.asset(
    deps=[parsed_products, category_model, category_vectors],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(standing=["category_model", "category_vectors"]),
    group_name="enrichment",
    kinds={"scikitlearn", "openai"},
    owners=[Owner.CATALOG],
    tags={"domain": "catalog"},
    pool="llm",
    check_specs=answer_checks("product_categories"),
    code_version="1",
)
def product_categories(
    context: dg.AssetExecutionContext,
    object_store: ObjectStoreResource,
    llm: LlmResource,
    vectors: VectorsResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """The category of each product of the drop.

    At or above the classifier's *automatic threshold* nobody is asked; below it the language model chooses among the
    nearest categories; below the *review threshold* of the final confidence a person decides.
    """
    from vitrina.catalog.models import Product
    from vitrina.catalog.processing import Tools, categorise_products

    ids = list(Product.objects.filter(drop__key__in=list(context.partition_keys)).values_list("id", flat=True))
    review = warehouse.settings.category_review_threshold
    with llm.gateway(context.run.run_id, context.run.tags) as gateway, vectors.index() as index:
        tools = Tools(warehouse.settings, object_store.store(), index, gateway, context.run.run_id, teller(context))
        result = categorise_products(ids, tools, refresh=refresh_asked(context))
        summary = gateway.summary()
    told = gateway_metadata(summary)
    left = unanswered(
        context, "category questions", asked=result.asked, failed=result.failed, why=result.why, metadata=told
    )
    automatic = result.automatic_threshold
    marks = {"review": review} | ({"automatic": automatic} if automatic is not None else {})
    return dg.MaterializeResult(
        metadata={
            "products": result.looked_at,
            "unchanged": result.unchanged,
            "worked_on_by_another_run": result.busy,
            "decided_by": dg.MetadataValue.json(dict(result.decided)),
            "asked": result.asked,
            "left_for_later": left,
            "failed_questions": dg.MetadataValue.json(dict(result.failed)),
            "needs_person": result.needs_person,
            "automatic_threshold": (
                round(automatic, 4) if automatic is not None else "none: too few labels, everything is asked"
            ),
            "review_threshold": review,
            "cost_usd": "unknown" if result.cost_usd is None else str(result.cost_usd),
            **told,
            "preview": preview(
                ["title", "category", "confidence", "decided by"],
                [(title, path, f"{sure:.2f}", by) for title, path, sure, by in result.preview],
            ),
            "confidence_plot": histogram(
                result.confidences, title="Confidence of the answer", x_label="confidence", marks=marks
            ),
        },
        check_results=list(
            answer_results(asked=result.asked, answered=result.answered, failed=result.failed, summary=summary)
        ),
    )
