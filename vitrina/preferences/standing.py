"""The votes and edits that stand: the truth behind every preference.

Belongs here: reading decisions of people, un-flipped, under pseudonyms. Stays out: what they come to (``aggregation``),
tables of preferences. A vote counts once its time for undoing is over and while it is neither superseded, undone nor
voided; while its change can still be undone, it counts on. Gold and onboarding pairs are not work and never count, nor
do pairs that a moderator took out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from vitrina.preferences.aggregation import PairVote
from vitrina.review.guidelines import pseudonyms
from vitrina.review.models import Decision, Outbox, ReviewItem
from vitrina.review.outbox import PREFERENCES, UNDO_WINDOW

_CURRENT = Q(superseded_by=None, undone_at=None, voided_at=None)


@dataclass(frozen=True, slots=True)
class StandingVote:
    """One vote on a pair as it counts: in the order of the table, whatever side was shown."""

    pair: int
    criterion: str
    decision: int
    annotator: str
    choice: str
    both_bad: bool
    shown: str
    flip: bool
    guidelines: str
    active_ms: int | None

    def as_dict(self) -> dict[str, Any]:
        """What a preference keeps of it; no comment, no reason in words."""
        return {
            "annotator": self.annotator,
            "choice": self.choice,
            "both_bad": self.both_bad,
            "shown": self.shown,
            "flip": self.flip,
            "decision": self.decision,
            "guidelines": self.guidelines,
            "active_ms": self.active_ms,
        }

    def plain(self) -> PairVote:
        """The vote as aggregation takes it."""
        return PairVote(self.annotator, self.choice, self.both_bad)


def heard(claimed: Iterable[int]) -> QuerySet[Decision]:
    """Decisions that stand and that the preferences' consumer has heard of.

    Args:
        claimed: Outbox rows that this run is taking.
    """
    decided = Outbox.objects.filter(cause=Outbox.Cause.DECIDED, void_at=None)
    rows = decided.filter(
        Q(consumed_at__isnull=False) | Q(pk__in=list(claimed)), consumer=PREFERENCES, decision=OuterRef("pk")
    )
    undoable = decided.filter(decision=OuterRef("superseded_by"), available_at__gt=datetime.now(UTC))
    return Decision.objects.filter(
        Exists(rows), Q(superseded_by=None) | Exists(undoable), undone_at=None, voided_at=None
    )


def standing_votes(claimed: Iterable[int] = ()) -> dict[tuple[int, str], list[StandingVote]]:
    """(pair, criterion) → votes in the order of their decisions."""
    rows = list(
        heard(claimed)
        .filter(action="compare", item__part=ReviewItem.Part.WORK, decided_by__isnull=False)
        .exclude(item__state=ReviewItem.State.WITHDRAWN)
        .order_by("pk")
        .values_list(
            "item__pair_id", "item__batch__criterion", "pk", "decided_by", "choice", "tie_kind", "shown", "flip",
            "guidelines__topic", "guidelines__number", "active_ms",
        )
    )  # fmt: skip
    names = pseudonyms(row[3] for row in rows)
    found: dict[tuple[int, str], list[StandingVote]] = defaultdict(list)
    people: set[tuple[int, str, int]] = set()
    for pair, criterion, decision, person, choice, tie_kind, shown, flip, topic, number, active in rows:
        if (pair, criterion, person) in people:
            continue  # the same pair stood in two batches: a person's first answer counts
        people.add((pair, criterion, person))
        found[pair, criterion].append(
            StandingVote(pair, criterion, decision, names[person], choice, tie_kind == "both_bad", shown, bool(flip),
                         f"{topic} {number}" if topic else "", active)
        )  # fmt: skip
    return dict(found)


def standing_edits(claimed: Iterable[int] = ()) -> QuerySet[Decision]:
    """Edits of generated texts that stand."""
    edits = heard(claimed).filter(action="edit", item__kind=ReviewItem.Kind.TEXT, item__version__isnull=False)
    return edits.select_related("item__version", "item__product__category__category").order_by("pk")


def standing_labels() -> QuerySet[Decision]:
    """Approvals and rejections of generated texts whose time for undoing is over: labels of single texts.

    A text that was looked at again has one label all the same: that of the first decision, or of who settled it
    otherwise.
    """
    look = ReviewItem.Look
    settled = Q(item__look=look.SETTLING, action="reject") & ~Q(item__version__origin="person")
    return (
        Decision.objects.filter(
            _CURRENT, Q(item__look=look.FIRST) | settled,
            action__in=["approve", "reject"], item__kind=ReviewItem.Kind.TEXT, item__version__isnull=False,
            created_at__lte=datetime.now(UTC) - UNDO_WINDOW,
        )
        .select_related("item__version", "item__product__category__category")
        .order_by("pk")
    )  # fmt: skip
