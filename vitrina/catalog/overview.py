"""Counts of the whole catalogue for ``vitrina status`` and the first page of the desk."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, Sum


def overview() -> dict[str, Any]:
    """Drops, rows, products, texts, review, publications, model calls and their cost."""
    from vitrina.catalog.models import Drop, Product, Publication
    from vitrina.content.models import ContentVersion
    from vitrina.llm.models import LlmAttempt
    from vitrina.review.services import open_items

    drops = Drop.objects.aggregate(
        drops=Count("id"),
        unreadable=Count("id", filter=Q(state=Drop.State.UNREADABLE)),
        waiting=Count("id", filter=Q(state=Drop.State.FOUND)),
        held=Count("id", filter=Q(gate=Drop.Gate.HELD)),
        rows=Sum("rows"),
        accepted=Sum("accepted"),
        quarantined=Sum("quarantined"),
        merged=Sum("merged"),
    )
    calls = LlmAttempt.objects.aggregate(
        calls=Count("id"), cost=Sum("cost_usd"), unknown=Count("id", filter=Q(cost_known=False))
    )
    return {
        **{
            f"drops_{name}" if name in {"unreadable", "waiting", "held"} else name: value or 0
            for name, value in drops.items()
        },
        "products": Product.objects.count(),
        "listed": Product.objects.filter(listed=True).count(),
        "with_category": Product.objects.filter(category__category__isnull=False).count(),
        "described": ContentVersion.objects.values("product").distinct().count(),
        "waiting_for_people": open_items().count(),
        "published": Publication.objects.filter(state=Publication.State.PUBLISHED).count(),
        "llm_calls": calls["calls"],
        "llm_cost_usd": calls["cost"] or 0,
        "llm_calls_of_unknown_cost": calls["unknown"],
    }
