"""Templates, how often they were used, and what became of the texts made with them (CAT-11).

Belongs here: the list with rates from the mart ``template_success``. Stays out: how templates are chosen and rated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vitrina.content.models import DescriptionTemplate
from vitrina.numbers import marts
from vitrina.statistics.intervals import Interval, Undefined, Why, wilson

MART = "template_success"
MOST = 500

_COUNTS = """
SELECT name, texts, judged, approved, approved_automatically, last_used_at FROM marts.template_success
WHERE name = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Rated:
    """A template with the texts made with it.

    Attributes:
        success: Approved of the judged texts, by rules or by people.
        automatic: Approved by the rules alone.
    """

    template: DescriptionTemplate
    texts: int
    success: Interval | Undefined
    automatic: Interval | Undefined
    last_used_at: datetime | None


def rated() -> list[Rated]:
    """Templates, the most used first; two statements."""
    templates = list(
        DescriptionTemplate.objects.select_related("category")
        .defer("content", "facts")
        .order_by("-usage_count", "name")[:MOST]
    )
    counts = {row["name"]: row for row in marts.rows(_COUNTS, [[template.name for template in templates]])}
    found = []
    for template in templates:
        row = counts.get(template.name)
        if row is None:
            nothing = Undefined(Why.NOTHING_COUNTED, 0)
            found.append(Rated(template, 0, nothing, nothing, None))
            continue
        found.append(
            Rated(
                template, row["texts"], wilson(row["approved"], row["judged"]),
                wilson(row["approved_automatically"], row["judged"]), row["last_used_at"],
            )
        )  # fmt: skip
    return found
