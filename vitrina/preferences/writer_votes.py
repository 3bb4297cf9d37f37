"""The decided pairs of two writers, as ratings take them. Stays out: the ratings (``ratings``)."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import F

from vitrina.preferences.models import Preference
from vitrina.preferences.ratings import Comparison


def comparisons() -> dict[str, list[Comparison]]:
    """Contract → decided pairs of different writers that people voted on."""
    rows = Preference.objects.filter(
        source=Preference.Source.VOTES, outcome__in=["a", "b"], product__isnull=False
    ).exclude(writer_a="").exclude(writer_b="").exclude(writer_a=F("writer_b"))  # fmt: skip
    found: dict[str, list[Comparison]] = defaultdict(list)
    values = rows.order_by("pk").values_list(
        "contract", "product_id", "outcome", "writer_a", "writer_b", "text_a", "text_b"
    )
    for contract, product, outcome, writer_a, writer_b, text_a, text_b in values.iterator(chunk_size=2000):
        sides = [(writer_a, len(text_a)), (writer_b, len(text_b))]
        (winner, more), (loser, less) = sides if outcome == "a" else reversed(sides)
        found[contract].append(Comparison(product, winner, loser, more, less))
    return dict(found)
