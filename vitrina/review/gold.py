"""Pairs whose answer is known: how a person answers them, and what follows.

Belongs here: counting right answers. Stays out: mixing them in (``queue_sql``), authoring them (``batches``).
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Count, F, Q, QuerySet

from vitrina.review.models import Batch, Decision, ReviewItem
from vitrina.review.results import GoldStanding


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


_RIGHT = Q(choice=F("item__expected"))


def _answers(batch: Batch) -> QuerySet[Decision]:
    return Decision.objects.filter(
        item__batch=batch, item__part=ReviewItem.Part.GOLD, superseded_by=None, undone_at=None
    )


def _standing(batch: Batch, answered: int, right: int) -> GoldStanding:
    share = right / answered if answered else None
    failed = share is not None and answered >= batch.gold_after and share < batch.gold_floor
    return GoldStanding(answered, right, share, failed)
