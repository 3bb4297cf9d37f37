"""Figures of the last days (CAT-12): those of the numbers pages, and what people decided and what waits, by kind.

Belongs here: one answer for programs. Stays out: counting processings, cost and confidence (``vitrina.numbers``).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from vitrina.numbers import periods, processing
from vitrina.review.models import Decision, ReviewItem

_MART = "processing_by_day"


def statistics(days: int = 30) -> dict[str, Any]:
    """Processings, their cost and time, decisions, and what waits.

    Processings are read from a mart, as on the pages: ``as_of`` says when it was built. Where it never was, their
    figures are ``None`` and no zeros.
    """
    period = periods.period(days)
    found = processing.statistics(period)
    built = _MART not in found.marts.missing
    counted = {
        "total": found.total, "successful": found.successful, "failed": found.failed, "by_status": found.by_status,
        "total_cost_usd": found.known_cost_usd, "unknown_costs": found.of_unknown_cost,
    }  # fmt: skip
    standing = Decision.objects.filter(
        created_at__gte=period.since, undone_at=None, superseded_by=None, voided_at=None
    )  # fmt: skip
    return {
        "days": days, "as_of": found.marts.refreshed_at if built else None,
        **(counted if built else dict.fromkeys(counted)),
        "average_confidence": found.average_confidence,
        "average_time_ms": found.average_seconds * 1000 if found.average_seconds is not None else None,
        "decisions": _counts(standing, "action"),
        "open_items": _counts(ReviewItem.objects.filter(state=ReviewItem.State.OPEN), "kind"),
    }  # fmt: skip


def _counts(rows: Any, field: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(field).annotate(n=Count("pk")).values_list(field, "n"))
