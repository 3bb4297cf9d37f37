"""Figures of the last days (CAT-12): one pass over the log, one over decisions, one over open items.

Belongs here: counting. Stays out: plots and pages (``vitrina.numbers``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Q, Sum

from vitrina.categories.models import ProductCategory
from vitrina.content.models import ProcessingLog
from vitrina.review.models import Decision, ReviewItem

_Status = ProcessingLog.Status
SUCCESSFUL = (_Status.COMPLETED, _Status.APPROVED)


def statistics(days: int = 30) -> dict[str, Any]:
    """Processings, their cost and time, decisions, and what waits."""
    since = datetime.now(UTC) - timedelta(days=days)
    log = ProcessingLog.objects.filter(created_at__gte=since)
    row = log.aggregate(
        total=Count("pk"),
        successful=Count("pk", filter=Q(status__in=SUCCESSFUL)),
        failed=Count("pk", filter=Q(status=_Status.FAILED)),
        cost=Sum("cost_usd"),
        unknown=Count("pk", filter=Q(cost_usd__isnull=True)),
        time=Avg("processing_time_ms"),
    )
    confidence = ProductCategory.objects.filter(updated_at__gte=since, category__isnull=False)
    standing = Decision.objects.filter(created_at__gte=since, undone_at=None, superseded_by=None, voided_at=None)
    waiting = ReviewItem.objects.filter(state=ReviewItem.State.OPEN)
    return {
        "days": days, "total": row["total"], "successful": row["successful"], "failed": row["failed"],
        "average_confidence": confidence.aggregate(value=Avg("confidence"))["value"],
        "total_cost_usd": row["cost"] or Decimal(0), "unknown_costs": row["unknown"], "average_time_ms": row["time"],
        "by_status": _counts(log, "status"), "decisions": _counts(standing, "action"),
        "open_items": _counts(waiting, "kind"),
    }  # fmt: skip


def _counts(rows: Any, field: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(field).annotate(n=Count("pk")).values_list(field, "n"))
