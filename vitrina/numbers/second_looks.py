"""How second persons agree with approvals: how many were drawn and answered, how often they said the same, about what.

Belongs here: counts of second looks, for administrators. Stays out: comparisons (``pairs``), drawing and hearing second
looks (``vitrina.review.second_looks``). Only approvals are looked at again, so the first of the two always says the
same: no agreement beyond chance can be told, whatever the share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from vitrina.numbers.people import MOST_PEOPLE, display_name
from vitrina.statistics.intervals import Interval, Undefined, Why, wilson

MOST_ROWS = 20

_OUTCOMES = "SELECT outcome, count(*) FROM review_secondlook GROUP BY 1"
_BY_RULE = """
SELECT reason.value ->> 'rule', max(reason.value ->> 'message_ru'), max(reason.value ->> 'message_en'), count(*),
       count(*) FILTER (WHERE s.outcome = 'agreed')
FROM review_secondlook AS s JOIN review_reviewitem AS i ON i.id = s.item_id
CROSS JOIN LATERAL jsonb_array_elements(i.reasons) AS reason (value)
WHERE s.outcome IN ('agreed', 'differs') GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT %s
"""
_OTHERWISE = """
SELECT d.action, coalesce(reason.value, ''), count(DISTINCT s.id)
FROM review_secondlook AS s JOIN review_decision AS d ON d.id = s.second_id
LEFT JOIN LATERAL jsonb_array_elements_text(d.reasons) AS reason (value) ON TRUE
WHERE s.outcome = 'differs' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s
"""
_SETTLED = """
SELECT count(*), count(*) FILTER (WHERE t.action = 'approve')
FROM review_secondlook AS s
JOIN review_decision AS t ON t.item_id = s.third_id AND t.undone_at IS NULL AND t.superseded_by_id IS NULL
WHERE s.outcome = 'differs'
"""
_BY_PERSON = """
SELECT d.decided_by_id, count(*), count(*) FILTER (WHERE s.outcome = 'agreed')
FROM review_secondlook AS s JOIN review_decision AS d ON d.id = s.first_id
WHERE s.outcome IN ('agreed', 'differs') AND d.decided_by_id IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A check that had sent texts to people, and how often the second look at them said what the first had said."""

    said_ru: str
    said_en: str
    agreed: Interval | Undefined


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """All second looks.

    Attributes:
        drawn: All of them; ``waiting``, ``void`` and ``let_go`` were not answered.
        agreed: Share of the answered ones in which the second person approved as well.
        kappa: Undefined: see the module.
        rules: By the check that had sent the text to people; a text can have several.
        otherwise: (action, reason, number) of second persons who decided differently.
        settled: Differences that a third person has settled; in ``upheld`` of them the first decision stands.
        people: Name of who approved → how often the second person said the same.
    """

    drawn: int
    answered: int
    waiting: int
    void: int
    let_go: int
    agreed: Interval | Undefined
    kappa: Undefined
    rules: list[Rule]
    otherwise: list[tuple[str, str, int]]
    settled: int
    upheld: int
    people: list[tuple[str, Interval | Undefined]]


def second_looks() -> SecondLooks:
    """Counts of all second looks; five statements."""
    found = dict(_rows(_OUTCOMES))
    agreed, differs = found.get("agreed", 0), found.get("differs", 0)
    answered = agreed + differs
    [(settled, upheld)] = _rows(_SETTLED)
    people = _rows(_BY_PERSON, MOST_PEOPLE)
    users = User.objects.in_bulk([row[0] for row in people])
    return SecondLooks(
        sum(found.values()), answered, found.get("waiting", 0), found.get("void", 0), found.get("let_go", 0),
        wilson(agreed, answered), Undefined(Why.CONSTANT if answered else Why.NOTHING_COUNTED, answered),
        [Rule(ru or rule, en or rule, wilson(same, n)) for rule, ru, en, n, same in _rows(_BY_RULE, MOST_ROWS)],
        _rows(_OTHERWISE, MOST_ROWS), settled, upheld,
        [(display_name(users[pk]), wilson(same, n)) for pk, n, same in people if pk in users],
    )  # fmt: skip


def _rows(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall()
