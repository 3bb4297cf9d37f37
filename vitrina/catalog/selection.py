"""Products that scheduled work picks up (CAT-11): plain queries, newest products first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef

from vitrina.catalog.models import Drop, Product
from vitrina.content.models import ContentVersion, ProcessingLog

#: Limits of the specification.
UNCATEGORISED_LIMIT, MISSING_LIMIT, FAILED_LIMIT, FAILED_DAYS, ATTEMPTS_MAX = 100, 100, 50, 7, 3


def uncategorised(limit: int = UNCATEGORISED_LIMIT) -> list[int]:
    """Listed products without a category."""
    rows = Product.objects.filter(listed=True, drop__state=Drop.State.PARSED, category__category__isnull=True)
    return list(rows.order_by("-id").values_list("id", flat=True)[:limit])


def without_description(limit: int = MISSING_LIMIT) -> list[int]:
    """Listed products that have no text, and whose last try did not end in a failure (those are retried apart)."""
    texts = ContentVersion.objects.filter(product=OuterRef("pk"))
    failures = ProcessingLog.objects.filter(
        product=OuterRef("pk"), status=ProcessingLog.Status.FAILED,
        processing_type=ProcessingLog.Type.DESCRIPTION_ONLY,
    )  # fmt: skip
    rows = Product.objects.filter(~Exists(texts), ~Exists(failures), listed=True)
    return list(rows.order_by("-id").values_list("id", flat=True)[:limit])


def failed_recently(limit: int = FAILED_LIMIT, days: int = FAILED_DAYS) -> list[int]:
    """Products without a text whose tries failed lately, fewer than three times, with a growing pause between.

    A refusal is the model's last word on the same question and is not asked again.
    """
    now = datetime.now(UTC)
    texts = ContentVersion.objects.filter(product=OuterRef("pk"))
    failures: dict[int, list[datetime]] = {}
    rows = (
        ProcessingLog.objects.filter(
            status=ProcessingLog.Status.FAILED,
            processing_type=ProcessingLog.Type.DESCRIPTION_ONLY,
            created_at__gte=now - timedelta(days=days),
        )
        .exclude(error_class__in=["refusal", "filtered"])
        .order_by("created_at")
    )
    for product, moment in rows.values_list("product_id", "created_at"):
        failures.setdefault(product, []).append(moment)
    due = [
        product
        for product, moments in failures.items()
        if len(moments) < ATTEMPTS_MAX and now - moments[-1] >= timedelta(minutes=5 * 3 ** (len(moments) - 1))
    ]
    chosen = Product.objects.filter(~Exists(texts), pk__in=due, listed=True)
    return list(chosen.order_by("id").values_list("id", flat=True)[:limit])


def old_log_entries(days: int) -> int:
    """Delete completed and approved log entries older than ``days``; returns how many."""
    rows = ProcessingLog.objects.filter(
        status__in=[ProcessingLog.Status.COMPLETED, ProcessingLog.Status.APPROVED],
        created_at__lt=datetime.now(UTC) - timedelta(days=days),
    )
    return rows.delete()[0]
