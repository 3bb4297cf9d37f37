"""How single people work in a period: how much, how fast, how well against gold, which side they choose.

Belongs here: one statement over the decisions of the period, for one person or for all. Stays out: how people agree
with each other (``pairs``), who may see it (the views). Onboarding does not count, nor what was undone or voided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.contrib.auth.models import User
from django.db import connection

from vitrina.comparison.own import GOLD_FIRST as GOLD_ITEMS
from vitrina.comparison.own import gold_told
from vitrina.numbers.periods import Period
from vitrina.statistics.intervals import Interval, Undefined, Why, wilson

MOST_PEOPLE = 200
#: A comparison is too fast below this share of everybody's median, and always below a second.
TOO_FAST_SHARE = 0.25
TOO_FAST_LEAST_MS = 1000

_MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY active_ms) FROM review_decision
WHERE created_at >= %s AND action = 'compare' AND superseded_by_id IS NULL AND undone_at IS NULL
  AND voided_at IS NULL AND active_ms IS NOT NULL
"""
_PEOPLE = """
SELECT d.decided_by_id, count(*), count(*) FILTER (WHERE d.action = 'compare'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY d.active_ms) / 1000.0, count(d.active_ms),
       count(*) FILTER (WHERE d.action = 'compare' AND d.active_ms IS NOT NULL),
       count(*) FILTER (WHERE d.action = 'compare' AND d.active_ms < %(fast)s),
       count(*) FILTER (WHERE d.shown = 'left'), count(*) FILTER (WHERE d.shown IN ('left', 'right')),
       count(*) FILTER (WHERE i.part = 'gold'), count(*) FILTER (WHERE i.part = 'gold' AND d.choice = i.expected)
FROM review_decision AS d JOIN review_reviewitem AS i ON i.id = d.item_id
WHERE d.created_at >= %(since)s AND d.decided_by_id IS NOT NULL AND i.part <> 'onboarding'
  AND d.superseded_by_id IS NULL AND d.undone_at IS NULL AND d.voided_at IS NULL
  AND (%(person)s::bigint IS NULL OR d.decided_by_id = %(person)s)
GROUP BY d.decided_by_id ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""
_SKIPS = """
SELECT user_id, count(*) FROM review_setaside
WHERE kind = 'skip' AND created_at >= %(since)s AND (%(person)s::bigint IS NULL OR user_id = %(person)s)
GROUP BY user_id
"""
_DAYS = """
SELECT (d.created_at AT TIME ZONE 'UTC')::date, d.action = 'compare', count(*)
FROM review_decision AS d JOIN review_reviewitem AS i ON i.id = d.item_id
WHERE d.decided_by_id = %(person)s AND d.created_at >= %(since)s AND i.part <> 'onboarding'
  AND d.superseded_by_id IS NULL AND d.undone_at IS NULL AND d.voided_at IS NULL
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A person's figures. ``name`` is for whoever may see it: the person, and administrators.

    Attributes:
        timed: Decisions whose time is known; the median stands on them.
        left: Share of left among comparisons that chose a side.
        too_fast: Share of timed comparisons below :func:`too_fast_ms`.
        gold: Share of right answers to gold, after :data:`GOLD_ITEMS`.
    """

    user_id: int
    name: str
    decisions: int
    comparisons: int
    median_seconds: float | None
    timed: int
    skips: int
    left: Interval | Undefined
    too_fast: Interval | Undefined
    gold: Interval | Undefined

    @property
    def one_sided(self) -> bool:
        """Whether a half lies outside the interval of the left share: position seems to decide."""
        return isinstance(self.left, Interval) and not self.left.holds(0.5)


def too_fast_ms(period: Period) -> int:
    """Below how many milliseconds a comparison of this period was hardly read."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [period.since])
        (median,) = cursor.fetchone()
    return max(TOO_FAST_LEAST_MS, round((median or 0) * TOO_FAST_SHARE))


def person(user: User, period: Period, fast_ms: int | None = None) -> Person:
    """One person's figures; zeros where nothing was decided. ``fast_ms``: where it was asked for already."""
    found = _people(period, user.pk, fast_ms)
    return found[0] if found else Person(
        user.pk, display_name(user), 0, 0, None, 0, _skips(period, user.pk).get(user.pk, 0),
        Undefined(Why.NOTHING_COUNTED, 0), Undefined(Why.NOTHING_COUNTED, 0), Undefined(Why.TOO_FEW, 0, GOLD_ITEMS),
    )  # fmt: skip


def own_person(user: User, period: Period, fast_ms: int | None = None) -> Person:
    """:func:`person` for that person's own eyes: gold moves in steps, since a figure that moved with each answer to
    gold would tell which pair was gold (``vitrina.comparison.own``)."""
    return replace(person(user, period, fast_ms), gold=gold_accuracy(*gold_told(user, since=period.since)))


def everybody(period: Period, fast_ms: int | None = None) -> list[Person]:
    """Whoever decided something, the busiest first; at most :data:`MOST_PEOPLE`."""
    return _people(period, None, fast_ms)


def by_day(user: User, period: Period) -> tuple[list[int], list[int]]:
    """Comparisons and decisions about cases, for each day."""
    place: dict[date, int] = {day: number for number, day in enumerate(period.dates)}
    comparisons, cases = [0] * period.days, [0] * period.days
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"person": user.pk, "since": period.since})
        for day, compared, count in cursor.fetchall():
            if day in place:
                (comparisons if compared else cases)[place[day]] += count
    return comparisons, cases


def display_name(user: User) -> str:
    """How a person is called on pages of administrators."""
    return user.first_name or user.email or user.username


def gold_accuracy(right: int, answered: int) -> Interval | Undefined:
    """Undefined before enough gold was answered: a few items say little, and who knows the figure may guess them."""
    return wilson(right, answered) if answered >= GOLD_ITEMS else Undefined(Why.TOO_FEW, answered, GOLD_ITEMS)


def _people(period: Period, person_id: int | None, fast_ms: int | None) -> list[Person]:
    fast = too_fast_ms(period) if fast_ms is None else fast_ms
    values = {"since": period.since, "person": person_id, "limit": MOST_PEOPLE, "fast": fast}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, values)
        found = cursor.fetchall()
    skips = _skips(period, person_id)
    users = User.objects.in_bulk([row[0] for row in found])
    return [
        Person(
            user_id, display_name(users[user_id]), decisions, compared, seconds, timed, skips.get(user_id, 0),
            wilson(left, sided), wilson(fast, timed_pairs), gold_accuracy(right, gold),
        )
        for user_id, decisions, compared, seconds, timed, timed_pairs, fast, left, sided, gold, right in found
        if user_id in users
    ]  # fmt: skip


def _skips(period: Period, person_id: int | None) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_SKIPS, {"since": period.since, "person": person_id})
        return dict(cursor.fetchall())
