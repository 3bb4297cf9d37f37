"""``product_descriptions``: texts for products, written by the configured model or the offline writer."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.answers import unanswered
from assets.catalog.choices import choice_metadata
from assets.catalog.partitions import DROPS
from assets.catalog.product_categories import product_categories
from assets.catalog.reference import template_vectors, templates
from assets.gateways import answer_checks, answer_results, gateway_metadata, teller
from assets.plots import histogram, table
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from assets.refresh import refresh_asked
from resources.llm import LlmResource
from resources.object_store import ObjectStoreResource
from resources.vectors import VectorsResource
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.content.describing import DescribeResult


@dg.asset(
    deps=[product_categories, templates, template_vectors],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(standing=["templates", "template_vectors"]),
    group_name="content",
    kinds={"openai", "postgres"},
    owners=[Owner.CONTENT],
    tags={"domain": "content"},
    pool="llm",
    check_specs=answer_checks("product_descriptions"),
    code_version="1",
)
def product_descriptions(
    context: dg.AssetExecutionContext,
    object_store: ObjectStoreResource,
    llm: LlmResource,
    vectors: VectorsResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """A description for each product of the drop whose own facts are new; the others are not asked for again.

    Every answer stands in the ledger before it counts: a killed run, started again, pays only for what was in flight.
    A new prompt, template or model reaches products that have a text only in a backfill. With `BEST_OF` above 1 several
    texts are written for each, and the reward model in use keeps one; the others are kept beside it with their scores.
    """
    from vitrina.catalog.models import Product
    from vitrina.catalog.processing import Tools, describe_products
    from vitrina.preferences.choosing import Tally

    ids = list(Product.objects.filter(drop__key__in=list(context.partition_keys)).values_list("id", flat=True))
    with llm.gateway(context.run.run_id, context.run.tags) as gateway, vectors.index() as index:
        tools = Tools(warehouse.settings, object_store.store(), index, gateway, context.run.run_id, teller(context))
        tally = Tally()
        result = describe_products(ids, tools, refresh=refresh_asked(context), tally=tally)
        summary = gateway.summary()
    left = unanswered(
        context,
        "descriptions",
        asked=result.asked,
        failed=result.failed,
        why=result.why,
        metadata=gateway_metadata(summary),
    )
    best_of: dict[str, Any] = {}
    if (count := tools.settings.best_of) > 1:
        best_of = {"texts_asked": result.asked * count, **choice_metadata(context, tally)}
    answered = result.written + result.same
    return dg.MaterializeResult(
        metadata={**_metadata(result, summary), "left_for_later": left, **best_of},
        check_results=list(
            answer_results(asked=result.asked, answered=answered, failed=result.failed, summary=summary)
        ),
    )


def _metadata(result: "DescribeResult", summary: dict[str, Any]) -> dict[str, Any]:
    cost = "unknown" if result.cost_usd is None else str(result.cost_usd)
    return {
        "model": f"{summary['model']} ({summary['endpoint']})",
        "asked": result.asked,
        "written": result.written,
        "unchanged": result.fresh_enough + result.same,
        "worked_on_by_another_run": result.busy,
        "failed": sum(result.failed.values()),
        "failed_by_class": dg.MetadataValue.json(dict(result.failed)),
        "repaired": result.repaired,
        "tokens": result.tokens,
        "cost_usd": cost,
        **gateway_metadata(summary),
        "texts": table(["title", "text"], result.preview, cut=600),
        "words_plot": histogram(
            [float(count) for count in result.words],
            title="Words in a text",
            x_label="words",
            y_label="texts",
            marks={"150": 150, "250": 250},
        ),
    }


@dg.asset_check(asset=product_descriptions, description="Every newest machine text follows the contract's form.")
def texts_follow_the_contract(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Counts texts whose stored violations are errors other than too few words, which moderation explains."""
    from vitrina.content.models import ContentVersion

    wrong = 0
    total = 0
    worst: list[tuple[int, str]] = []
    for product, found in ContentVersion.objects.exclude(origin="person").values_list("product_id", "violations"):
        total += 1
        errors = [v["rule"] for v in found if v["severity"] == "error" and not v["rule"].startswith("too_few")]
        if errors:
            wrong += 1
            worst.append((product, ", ".join(errors)))
    return dg.AssetCheckResult(
        passed=wrong == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"texts": total, "wrong": wrong, "products": table(["product", "rules"], worst[:30])},
    )
