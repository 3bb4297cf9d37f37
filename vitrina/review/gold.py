"""Pairs whose answer is known: how a person answers them, and what follows.

Belongs here: making a pair of a batch a known one, counting right answers. Stays out: mixing them in (``queue_sql``),
adding new pairs and copying known ones (``batches``).
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from vitrina.review.access import ADMIN, require
from vitrina.review.comparing import UNLIMITED
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.models import Batch, Decision, ReviewItem, Watermark
from vitrina.review.results import GoldStanding

CHOICES = ("A", "B", "E")


def make_known(
    by: User, item_id: int, *, expected: str, explanation: str = "", part: str = ReviewItem.Part.GOLD
) -> ReviewItem:
    """Make a pair of the work gold or onboarding, or change the answer that is expected of one.

    Answers that were given already are judged anew.

    Args:
        by: An administrator.
        item_id: A pair; one of the work must never have been answered, nor be held by anybody.
        expected: ``A``, ``B`` or ``E``, in the order of the table.
        explanation: What the person is told after the answer; onboarding only, and needed there.
        part: gold or onboarding.

    Raises:
        Conflict: Somebody holds the pair, or it was answered once, or its batch is closed.
        NotDecidable: There is no such pair, answer or part.
    """
    require(by, ADMIN)
    if expected not in CHOICES:
        raise NotDecidable("A known pair needs its answer.", hint=f"Choose one of {', '.join(CHOICES)}.")
    if part not in {ReviewItem.Part.GOLD, ReviewItem.Part.ONBOARDING}:
        raise NotDecidable(f"There is no kind {part} of known pairs.")
    if part == ReviewItem.Part.ONBOARDING and not explanation.strip():
        raise NotDecidable("An onboarding pair explains its answer.", hint="Write why that is the answer.")
    with transaction.atomic():
        item = _pair(item_id)
        if item.part != part:
            _untouched(item)
            item.part, item.need, item.state = part, UNLIMITED, ReviewItem.State.OPEN
        item.expected, item.explanation = expected, explanation.strip()
        item.save(update_fields=["part", "need", "state", "expected", "explanation"])
    return item


def make_work(by: User, item_id: int) -> ReviewItem:
    """Give a known pair that nobody ever answered back to the work of its batch.

    Raises:
        Conflict: It was answered once, somebody holds it, or its batch is closed.
    """
    require(by, ADMIN)
    with transaction.atomic():
        item = _pair(item_id)
        if item.part != ReviewItem.Part.WORK:
            _untouched(item)
            item.part, item.expected, item.explanation = ReviewItem.Part.WORK, "", ""
            item.need = item.batch.overlap if item.batch is not None else 1
            item.save(update_fields=["part", "need", "expected", "explanation"])
            Watermark.objects.filter(batch=item.batch).delete()
    return item


def gold_standing(user: User, batch: Batch) -> GoldStanding:
    """How a person answers the gold of a batch; judged as failed only after ``gold_after`` answers."""
    row = _answers(batch).filter(decided_by=user).aggregate(answered=Count("pk"), right=Count("pk", filter=_RIGHT))
    return _standing(batch, row["answered"], row["right"])


def failing(batch: Batch) -> dict[int, GoldStanding]:
    """User id → standing, of those who fail the gold of a batch: the flag that an administrator sees."""
    rows = _answers(batch).values("decided_by").annotate(answered=Count("pk"), right=Count("pk", filter=_RIGHT))
    found = {row["decided_by"]: _standing(batch, row["answered"], row["right"]) for row in rows.order_by()}
    return {user: standing for user, standing in found.items() if standing.failed}


def stopped(user: User, batch: Batch) -> bool:
    """Whether the batch gives this person nothing more, because of the gold."""
    return batch.gold_action == Batch.GoldAction.STOP and gold_standing(user, batch).failed


def _pair(item_id: int) -> ReviewItem:
    """The pair, locked, of a batch that is not closed."""
    item = ReviewItem.objects.select_for_update(of=("self",)).select_related("batch").filter(pk=item_id).first()
    if item is None or item.batch is None:
        raise NotDecidable(f"There is no pair {item_id}.")
    if item.batch.state == Batch.State.CLOSED:
        raise Conflict(f"The batch {item.batch.name} is closed.", reason="closed", state=item.state)
    return item


def _untouched(item: ReviewItem) -> None:
    if item.state == ReviewItem.State.FLAGGED:
        raise Conflict("This pair waits for a moderator.", reason="flagged", state=item.state)
    if item.held:
        raise Conflict("Somebody is looking at this pair.", hint="Try again later.", reason="held", state=item.state)
    if item.decisions.exists():
        # One that was taken back too: whether pipelines were told of a decision follows from what its pair was then,
        # and reconciliation reads it of what the pair is now.
        raise Conflict("This pair was answered once.", hint="Choose another one.", reason="answered", state=item.state)


_RIGHT = Q(choice=F("item__expected"))


def _answers(batch: Batch) -> QuerySet[Decision]:
    return Decision.objects.filter(
        item__batch=batch, item__part=ReviewItem.Part.GOLD, superseded_by=None, undone_at=None, voided_at=None
    )


def _standing(batch: Batch, answered: int, right: int) -> GoldStanding:
    share = right / answered if answered else None
    failed = share is not None and answered >= batch.gold_after and share < batch.gold_floor
    return GoldStanding(answered, right, share, failed)
