"""Drops with how far they have come, and their rows in quarantine.

Belongs here: a page of drops, one drop, its quarantined rows. What intake counted is read from the drop itself; how
many of its products are described, in review and published from the mart ``drop_funnel``. Stays out: intake, the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from vitrina.catalog.models import Drop, QuarantinedRow
from vitrina.numbers import marts

MART = "drop_funnel"
STEPS = ("products", "categorised", "described", "approved", "in_review", "published")
#: Characters of a raw row that a page shows; the whole is in the table.
RAW = 600

_FUNNEL = """
SELECT drop_key, products, categorised, described, approved, in_review, published FROM marts.drop_funnel
WHERE drop_key = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """A drop, and where its products stand; ``steps`` is ``None`` where the mart does not know the drop yet."""

    drop: Drop
    steps: dict[str, int] | None

    @property
    def files(self) -> int:
        """Files of the drop."""
        return len(self.drop.files) or 1

    @property
    def published_share(self) -> float | None:
        """Published of its products."""
        return self.steps["published"] / self.steps["products"] if self.steps and self.steps["products"] else None


def drops(state: str = "", words: str = "") -> QuerySet[Drop]:
    """Drops, the newest first.

    Args:
        state: found, parsed, unreadable, held (by the gate), quarantined (with such rows), or empty for all.
        words: Part of a name or source.
    """
    found = Drop.objects.select_related("source").defer("confirmed", "columns", "notes").order_by("-modified_at", "-pk")
    if state in Drop.State.values:
        found = found.filter(state=state)
    elif state == "held":
        found = found.filter(gate=Drop.Gate.HELD)
    elif state == "quarantined":
        found = found.filter(quarantined__gt=0)
    return found.filter(key__icontains=words) if words else found


def progress(chosen: Sequence[Drop]) -> list[Progress]:
    """Where the products of some drops stand; one statement over the mart."""
    steps: dict[str, dict[str, Any]] = {
        row["drop_key"]: {step: row[step] for step in STEPS}
        for row in marts.rows(_FUNNEL, [[drop.key for drop in chosen]])
    }
    return [Progress(drop, steps.get(drop.key)) for drop in chosen]


def quarantine(drop: Drop, reason: str = "") -> QuerySet[QuarantinedRow]:
    """Rows of a drop that are no products, in the order of its files."""
    rows = drop.quarantine.order_by("ordinal")
    return rows.filter(reason=reason) if reason else rows
