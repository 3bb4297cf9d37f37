"""The team's board: a week of comparisons of those who want the team to see theirs.

Belongs here: whether there is a board, who stands on it, and their figures. Stays out: one's own page and what
administrators see (``people``).

It is by name, never by speed or count: who is ranked by speed reads less. Agreement with the others is left out, since
a figure that moves with each answer would tell what others said of that pair; gold moves in the steps in which people
are told of their own (``vitrina.comparison.own``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q

from vitrina.accounts.roles import Access, Role, may_open
from vitrina.comparison.own import gold_told
from vitrina.config import get_settings
from vitrina.desk.names import short_name
from vitrina.numbers.people import gold_accuracy
from vitrina.numbers.periods import period
from vitrina.review.errors import Forbidden
from vitrina.review.models import BoardConsent
from vitrina.statistics.intervals import Interval, Undefined

DAYS = 7
_WORK = """
SELECT d.decided_by_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY d.active_ms) / 1000.0, count(d.active_ms)
FROM review_decision AS d JOIN review_reviewitem AS i ON i.id = d.item_id
WHERE d.action = 'compare' AND d.superseded_by_id IS NULL AND d.undone_at IS NULL AND d.voided_at IS NULL
  AND i.part <> 'onboarding' AND d.created_at >= %(since)s AND d.decided_by_id = ANY(%(people)s)
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A week of one person. ``timed``: comparisons whose time is known; the median stands on them."""

    name: str
    comparisons: int
    median_seconds: float | None
    timed: int
    gold: Interval | Undefined


@dataclass(frozen=True, slots=True)
class Board:
    """What a person sees of it. ``shown``: they stand on it themselves; ``members`` is empty where they do not."""

    shown: bool
    members: Sequence[Member]


def board_for(user: User, *, now: datetime | None = None) -> Board | None:
    """The board as a person may see it; ``None`` where there is none, or none for them.

    Who wants to see the others is seen by them: nobody looks on from outside.
    """
    if not _is_for(user):
        return None
    members = _members()
    shown = any(one.pk == user.pk for one in members)
    return Board(shown, _figures(members, now) if shown else ())


def show(user: User, *, to_team: bool) -> None:
    """Stand on the board from now on, or no more.

    Raises:
        Forbidden: There is no board, or none for this person. Whoever stands on it may leave it all the same.
    """
    if not to_team:
        BoardConsent.objects.filter(user=user).delete()
        return
    if not _is_for(user):
        raise Forbidden("There is no board of the team here.")
    BoardConsent.objects.get_or_create(user=user)


def _is_for(user: User) -> bool:
    return get_settings().desk_team_board and may_open(user, Access.ANNOTATOR)


def _members() -> list[User]:
    """Who agreed, and still compares here."""
    able = Q(groups__name__in=[Role.ANNOTATOR.value, Role.ADMIN.value]) | Q(is_superuser=True)
    agreed = BoardConsent.objects.values("user")
    return list(User.objects.filter(able, pk__in=agreed, is_active=True).distinct())


def _figures(members: Sequence[User], now: datetime | None) -> list[Member]:
    since = period(DAYS, now=now).since
    with connection.cursor() as cursor:
        cursor.execute(_WORK, {"since": since, "people": [one.pk for one in members]})
        work = {row[0]: row[1:] for row in cursor.fetchall()}
    found = []
    for one in members:
        comparisons, seconds, timed = work.get(one.pk, (0, None, 0))
        gold = gold_accuracy(*gold_told(one, since=since))
        found.append(Member(short_name(one), comparisons, seconds, timed, gold))
    return sorted(found, key=lambda one: one.name.casefold())
