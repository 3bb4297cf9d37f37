"""``moderation``: the verdict of the rules on each new text; doubtful ones go to people."""

from typing import Any

import dagster as dg

from assets.catalog.partitions import DROPS
from assets.catalog.product_descriptions import product_descriptions
from assets.plots import bars, table
from assets.policies import ONE_RUN, RETRY, Owner, follow_drops
from resources.warehouse import Warehouse


@dg.asset(
    deps=[product_descriptions],
    partitions_def=DROPS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    automation_condition=follow_drops(),
    group_name="content",
    kinds={"python", "postgres"},
    owners=[Owner.CONTENT],
    tags={"domain": "content"},
    code_version="1",
)
def moderation(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    """Approve, or a case in the review queue with every reason. A person's verdict stands.

    `vitrina review list` shows the cases, `vitrina review show CASE` the text, `approve` and `reject` decide.
    """
    from vitrina.catalog.models import Product
    from vitrina.content.verdicts import moderate
    from vitrina.review.services import open_items

    ids = list(Product.objects.filter(drop__key__in=list(context.partition_keys)).values_list("id", flat=True))
    result = moderate(ids, warehouse.settings, run_id=context.run.run_id)
    waiting = open_items()
    preview = [
        (item.pk, item.priority, item.product.title if item.product else item.key, _why(item.reasons))
        for item in waiting[:25]
    ]
    return dg.MaterializeResult(
        metadata={
            "approved": result.approved,
            "sent_to_people": result.sent,
            "unchanged": result.unchanged,
            "without_text": result.without_text,
            "rules": table(["rule", "texts"], result.rules.most_common()),
            "rules_plot": bars(result.rules, title="Why texts go to people", x_label="texts"),
            "waiting_for_people": waiting.count(),
            "review_queue": table(["case", "priority", "product", "why"], preview),
        }
    )


def _why(reasons: list[dict[str, Any]]) -> str:
    parts = []
    for reason in reasons:
        details = ", ".join(map(str, reason.get("details", [])[:3]))
        parts.append(f"{reason.get('message_en') or reason.get('message')}: {details}")
    return "; ".join(parts)


@dg.asset_check(asset=moderation, description="Every text that rules did not approve has a case in review.")
def nothing_doubtful_is_lost(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Verdicts that say no, whose version never had a review item."""
    from django.db.models import Exists, OuterRef

    from vitrina.content.models import Verdict
    from vitrina.review.models import ReviewItem

    cases = ReviewItem.objects.filter(version=OuterRef("version"))
    lost = Verdict.objects.filter(approved=False).exclude(Exists(cases)).count()
    return dg.AssetCheckResult(passed=lost == 0, metadata={"lost": lost})
