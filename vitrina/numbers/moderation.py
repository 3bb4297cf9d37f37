"""What people decided about cases in a period, read from the decisions themselves.

Belongs here: actions, reasons, time. Stays out: comparisons (``pairs``), single people (``people``). Each statement
reads the decisions of the period by their time (index ``decisions_by_time``), and nothing older.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from vitrina.numbers.periods import Period

MOST_REASONS = 20
ACTIONS = ("approve", "edit", "reject", "reprocess")

_BY_DAY = """
SELECT (created_at AT TIME ZONE 'UTC')::date, action, count(*)
FROM review_decision
WHERE created_at >= %s AND action <> 'compare' AND superseded_by_id IS NULL AND undone_at IS NULL AND voided_at IS NULL
GROUP BY 1, 2
"""
_SECONDS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY active_ms) / 1000.0, count(*)
FROM review_decision
WHERE created_at >= %s AND action <> 'compare' AND superseded_by_id IS NULL AND undone_at IS NULL AND voided_at IS NULL
  AND active_ms IS NOT NULL
"""
_REASONS = """
SELECT reason.value, count(*)
FROM review_decision AS d
CROSS JOIN LATERAL jsonb_array_elements_text(
    CASE WHEN jsonb_typeof(d.reasons) = 'array' THEN d.reasons ELSE '[]'::jsonb END) AS reason (value)
WHERE d.created_at >= %s AND d.action IN ('reject', 'reprocess')
  AND d.superseded_by_id IS NULL AND d.undone_at IS NULL AND d.voided_at IS NULL
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Standing decisions about cases.

    Attributes:
        by_day: Action → number for each day of the period.
        reasons: Code of a reason → rejections and texts sent back that name it; one can name several.
        median_seconds: Time with the case in view; ``None`` where no page counted it.
        timed: Decisions whose time is known.
    """

    by_day: dict[str, list[int]]
    reasons: list[tuple[str, int]]
    median_seconds: float | None
    timed: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(days) for days in self.by_day.values())


def decisions(period: Period) -> Decisions:
    """Decisions of the period; three statements."""
    place: dict[date, int] = {day: number for number, day in enumerate(period.dates)}
    by_day: dict[str, list[int]] = {action: [0] * period.days for action in ACTIONS}
    for day, action, count in _rows(_BY_DAY, [period.since]):
        if day in place:
            by_day.setdefault(action, [0] * period.days)[place[day]] += count
    [(seconds, timed)] = _rows(_SECONDS, [period.since])
    return Decisions(by_day, list(_rows(_REASONS, [period.since, MOST_REASONS])), seconds, timed)


def _rows(statement: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
