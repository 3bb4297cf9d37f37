"""How people agree, and what sways them: the figures that stand beside every set of preferences.

Belongs here: agreement, gold accuracy, share of left and of longer texts, cycles, each with ``n`` and interval or why
there is none. Stays out: formulas (``vitrina.statistics``), pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q

from vitrina.preferences.dataset.rows import Pair
from vitrina.review.models import Decision, ReviewItem
from vitrina.statistics.agreement import krippendorff_alpha
from vitrina.statistics.intervals import Interval, Undefined, wilson
from vitrina.statistics.transitivity import circular_triads

Figure = Interval | Undefined


def figures(pairs: Sequence[Pair], *, gold: bool = True) -> dict[str, Figure]:
    """Figures of pairs with votes; ``gold`` asks the tables how known pairs were answered."""
    ratings = [
        (pair.key, vote["annotator"], vote["choice"]) for pair in pairs for vote in pair.votes if vote.get("annotator")
    ]
    shown = [vote["shown"] for pair in pairs for vote in pair.votes if vote.get("shown") in ("left", "right")]
    longer = [choice for pair in pairs if (choice := _longer_chosen(pair)) is not None]
    found: dict[str, Figure] = {
        "krippendorff_alpha": krippendorff_alpha(ratings),
        "left_chosen": wilson(shown.count("left"), len(shown)),
        "longer_chosen": wilson(sum(longer), len(longer)),
        "circular_triads": cycles(pairs),
    }
    if gold:
        found["gold_accuracy"] = gold_accuracy()
    return found


def cycles(pairs: Sequence[Pair]) -> Figure:
    """Share of triads of one prompt that run in a circle (A over B, B over C, C over A)."""
    decided = [pair for pair in pairs if pair.decided]
    found = circular_triads(
        (pair.prompt_group, *((pair.text_a, pair.text_b) if pair.outcome == "a" else (pair.text_b, pair.text_a)))
        for pair in decided
    )
    return wilson(found.circular, found.triads)


def gold_accuracy() -> Figure:
    """Share of right answers to pairs whose answer is known."""
    answers = Decision.objects.filter(
        item__part=ReviewItem.Part.GOLD, action="compare", superseded_by=None, undone_at=None, voided_at=None
    )
    right = answers.filter(Q(choice=F("item__expected"))).count()
    return wilson(right, answers.count())


def as_dict(figure: Figure) -> dict[str, Any]:
    """A figure as JSON; an undefined one says why."""
    if isinstance(figure, Undefined):
        return {"n": figure.n, "undefined": figure.reason}
    return {
        "estimate": round(figure.estimate, 4), "low": round(figure.low, 4), "high": round(figure.high, 4),
        "n": figure.n,
    }  # fmt: skip


def in_words(figure: Figure) -> str:
    """``0.81 [0.74, 0.87], n = 120``."""
    if isinstance(figure, Undefined):
        return f"{figure.reason} (n = {figure.n})"
    return f"{figure.estimate:.3f} [{figure.low:.3f}, {figure.high:.3f}], n = {figure.n}"


def _longer_chosen(pair: Pair) -> bool | None:
    """Whether the longer text won; ``None`` where none won or both are equally long."""
    if not pair.decided or len(pair.text_a) == len(pair.text_b):
        return None
    return (len(pair.text_a) > len(pair.text_b)) == (pair.outcome == "a")
