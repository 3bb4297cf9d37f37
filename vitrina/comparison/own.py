"""A person's own numbers: of today, and how well they answer what is known.

Belongs here: reading them. Stays out: numbers about others (``vitrina.numbers``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from vitrina.review.models import Batch, Decision, ReviewItem, SetAside

#: Accuracy is told after so many gold answers, and anew after every further ten: a figure that moved with each answer
#: would tell which pair was gold.
GOLD_FIRST, GOLD_STEP = 20, 10


class OwnNumbers(NamedTuple):
    """What a person did.

    Attributes:
        today: Standing decisions on pairs since midnight.
        median_seconds: Of the time with a pair in view, over today's decisions; ``None`` where none was measured.
        skipped: Pairs left to others since midnight.
        gold_answered: How many gold answers the accuracy is of; 0 before the first twenty.
        gold_accuracy: Share of right ones, ``None`` before that.
    """

    today: int
    median_seconds: float | None
    skipped: int
    gold_answered: int
    gold_accuracy: float | None


def own_numbers(user: User, *, now: datetime | None = None) -> OwnNumbers:
    """The person's numbers as of ``now``."""
    moment = timezone.localtime(now or datetime.now(UTC))
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY active_ms) FROM review_decision "
            "WHERE decided_by_id = %s AND action = 'compare' AND superseded_by_id IS NULL AND undone_at IS NULL "
            "AND created_at >= %s",
            [user.pk, midnight],
        )
        today, median_ms = cursor.fetchone()
    skipped = SetAside.objects.filter(user=user, kind=SetAside.Kind.SKIP, created_at__gte=midnight).count()
    right, told = gold_told(user)
    seconds = median_ms / 1000 if median_ms is not None else None
    return OwnNumbers(today, seconds, skipped, told, right / told if told else None)


def gold_told(user: User, *, since: datetime | None = None) -> tuple[int, int]:
    """Right answers and answers to gold that the person may be told of: (0, 0) before the first twenty.

    With ``since``, those of them that were given since then: whatever period is asked for, its figures move at the same
    steps, so that looking at several periods tells no more than looking at one.
    """
    answers = _standing(user).filter(item__part=ReviewItem.Part.GOLD, voided_at=None).order_by("pk")
    counted = answers.count()
    told = counted - counted % GOLD_STEP if counted >= GOLD_FIRST else 0
    rows = answers.values_list("choice", F("item__expected"), "created_at")[:told]
    within = [choice == expected for choice, expected, at in rows if since is None or at >= since]
    return sum(within), len(within)


def answered(user: User, batch: Batch) -> int:
    """How many pairs of a batch the person answered, of whatever kind."""
    return _standing(user).filter(item__batch=batch).count()


def _standing(user: User) -> QuerySet[Decision]:
    return Decision.objects.filter(decided_by=user, action="compare", superseded_by=None, undone_at=None)
