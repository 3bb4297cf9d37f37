"""Cases about texts in the review queue: opened for what is not approved, closed when they are overtaken.

Belongs here: which case stands for which product or version. Stays out: verdicts (``verdicts``), what people decide
(``vitrina.review``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vitrina.catalog.models import Product
from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
from vitrina.review.models import ReviewItem


@dataclass(frozen=True, slots=True)
class Case:
    """A case to be open: a version that was not approved, or a product that no text could be made for."""

    key: str
    product: Product
    version: ContentVersion | None
    reasons: list[dict[str, Any]]
    priority: int


def failed_cases(products: Sequence[Product]) -> list[Case]:
    """Cases of products without a text whose last try failed, unless a person has answered since it did."""
    failures: dict[int, ProcessingLog] = {}
    rows = ProcessingLog.objects.filter(
        product__in=products, status=ProcessingLog.Status.FAILED,
        processing_type=ProcessingLog.Type.DESCRIPTION_ONLY,
    )  # fmt: skip
    for row in rows.order_by("id").defer("input_data", "stack_trace"):
        failures[row.product_id] = row
    answered = {
        item.product_id: item.resolved_at
        for item in ReviewItem.objects.filter(key__in=[f"product:{pk}" for pk in failures]).order_by("id")
        if item.state in {ReviewItem.State.REJECTED, ReviewItem.State.REPROCESS}
    }
    cases = []
    for product in products:
        failure = failures.get(product.pk)
        answer = answered.get(product.pk)
        if failure is None or (answer is not None and failure.created_at <= answer):
            continue
        reason = {
            "rule": "no_description",
            "priority": 2,
            "message_ru": "Описание не получено",
            "message_en": "No description could be made",
            "details": [f"{failure.error_class}: {failure.error_message}"[:500]],
        }
        cases.append(Case(f"product:{product.pk}", product, None, [reason], 2))
    return cases


def close_overtaken(verdicts: Sequence[Verdict]) -> None:
    """Close open cases of a product's older versions, and of a version that the rules now let pass."""
    keep = {verdict.version.product_id: verdict for verdict in verdicts}
    open_now = ReviewItem.objects.filter(
        kind=ReviewItem.Kind.TEXT, product__in=keep.keys(), state=ReviewItem.State.OPEN
    ).values_list("pk", "product_id", "version_id", "look")
    overtaken = [
        pk
        for pk, product, version, look in open_now
        # What two people decided differently about a text on show waits until another one takes its place.
        if product is not None
        and (keep[product].approved or (version != keep[product].version_id and look != ReviewItem.Look.SETTLING))
    ]
    ReviewItem.objects.filter(pk__in=overtaken).update(state=ReviewItem.State.SUPERSEDED, resolved_at=datetime.now(UTC))


def open_cases(cases: Sequence[Case], run_id: str) -> None:
    """One open case for each key; one that stands gets the newest reasons."""
    standing = {
        item.key: item
        for item in ReviewItem.objects.filter(key__in=[case.key for case in cases], state=ReviewItem.State.OPEN)
    }
    fresh = []
    for case in cases:
        item = standing.get(case.key)
        if item is None:
            fresh.append(
                ReviewItem(kind=ReviewItem.Kind.TEXT, key=case.key, product=case.product, version=case.version,
                           priority=case.priority, reasons=case.reasons, run_id=run_id)
            )  # fmt: skip
        elif item.reasons != case.reasons:
            ReviewItem.objects.filter(pk=item.pk).update(reasons=case.reasons, priority=case.priority)
    ReviewItem.objects.bulk_create(fresh, batch_size=500)
