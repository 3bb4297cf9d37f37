"""What the platform did in a period, from the marts: drops, texts, publications, cost, confidence (CAT-12).

Belongs here: figures of the overview that marts hold. Stays out: what people decided (``moderation``), drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from vitrina.numbers import marts
from vitrina.numbers.periods import Period
from vitrina.statistics.intervals import Interval, Undefined, wilson

MARTS = ("work_by_day", "processing_by_day", "confidence_by_day", "ai_cost")
STEPS = 20
MOST_COSTS = 40
#: What each status of the processing log is counted as.
SUCCESSFUL = ("completed", "approved")
FAILED = ("failed",)

_WORK = "SELECT * FROM marts.work_by_day WHERE day >= %s ORDER BY day"
_PROCESSING = """
SELECT status, sum(processings)::bigint AS processings, sum(known_cost_usd) AS known_cost_usd,
       sum(processings_of_unknown_cost)::bigint AS unknown, sum(processing_time_ms)::bigint AS ms
FROM marts.processing_by_day WHERE day >= %s GROUP BY status ORDER BY 2 DESC
"""
_CONFIDENCE = """
SELECT what, step, sum(answers)::bigint AS answers, sum(confidence_total)::float8 AS total
FROM marts.confidence_by_day WHERE day >= %s GROUP BY what, step ORDER BY what, step
"""
_COST = """
SELECT model, purpose, sum(attempts)::bigint AS attempts, sum(failed)::bigint AS failed,
       sum(prompt_tokens + completion_tokens)::bigint AS tokens, sum(known_cost_usd) AS known_cost_usd,
       sum(attempts_of_unknown_cost)::bigint AS unknown
FROM marts.ai_cost WHERE day >= %s GROUP BY model, purpose ORDER BY 6 DESC, 3 DESC, 1, 2 LIMIT %s
"""
_COST_TOTAL = """
SELECT coalesce(sum(attempts), 0)::bigint AS attempts, coalesce(sum(known_cost_usd), 0) AS known_cost_usd,
       coalesce(sum(attempts_of_unknown_cost), 0)::bigint AS unknown, count(DISTINCT (model, purpose)) AS kinds
FROM marts.ai_cost WHERE day >= %s
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Money of a model for a purpose. ``unknown`` attempts have no price: what they cost is not in the sum."""

    model: str
    purpose: str
    attempts: int
    failed: int
    tokens: int
    known_cost_usd: Decimal
    unknown: int


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure answers are: their number in each of twenty steps from 0 to 1, and the mean."""

    answers: list[int] = field(default_factory=lambda: [0] * STEPS)
    total: float = 0.0

    @property
    def n(self) -> int:
        """Answers."""
        return sum(self.answers)

    @property
    def mean(self) -> float | None:
        """``None`` where there is none."""
        return self.total / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Work:
    """Sums and days of what was done; days without work are there with zeros."""

    days: list[dict[str, Any]]

    def total(self, name: str) -> int:
        """Sum of a column over the period."""
        return sum(day[name] for day in self.days)

    def values(self, name: str) -> list[float]:
        """A column, day by day."""
        return [float(day[name]) for day in self.days]

    @property
    def automatic(self) -> Interval | Undefined:
        """Share of the judged texts of machines that the rules let pass without a person."""
        return wilson(self.total("approved_automatically"), self.total("judged"))


#: Columns of ``work_by_day``.
COLUMNS = ("drops", "rows_read", "accepted", "quarantined", "new_products", "texts", "texts_by_people", "judged",
           "approved_automatically", "sent_to_people", "published")  # fmt: skip


def work(period: Period) -> Work:
    """What was done on each day."""
    found: dict[date, dict[str, Any]] = {row["day"]: row for row in marts.rows(_WORK, [period.first])}
    return Work(
        [
            {name: int(found[day][name]) if day in found else 0 for name in COLUMNS} | {"day": day}
            for day in period.dates
        ]
    )


def costs(period: Period) -> tuple[list[Cost], Cost, int]:
    """The dearest models and purposes, the sum over all of them, and how many of them there are."""
    found = [Cost(**row) for row in marts.rows(_COST, [period.first, MOST_COSTS])]
    row = next(iter(marts.rows(_COST_TOTAL, [period.first])), None)
    if row is None:
        return [], Cost("", "", 0, 0, 0, Decimal(0), 0), 0
    return found, Cost("", "", row["attempts"], 0, 0, row["known_cost_usd"], row["unknown"]), row["kinds"]


def confidences(period: Period) -> dict[str, Confidence]:
    """``category`` and ``text`` → how sure."""
    found = {"category": Confidence(), "text": Confidence()}
    totals = dict.fromkeys(found, 0.0)
    for row in marts.rows(_CONFIDENCE, [period.first]):
        if row["what"] in found:
            found[row["what"]].answers[row["step"]] += row["answers"]
            totals[row["what"]] += row["total"]
    return {what: Confidence(one.answers, totals[what]) for what, one in found.items()}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The processing log of a period (CAT-12). Means are ``None`` where nothing was processed."""

    days: int
    total: int
    successful: int
    failed: int
    by_status: dict[str, int]
    average_confidence: float | None
    known_cost_usd: Decimal
    of_unknown_cost: int
    average_seconds: float | None
    marts: marts.Standing


def statistics(period: Period, sure: Confidence | None = None) -> Statistics:
    """Total, successful, failed, by status, mean confidence of categories, cost and mean time of processing.

    Args:
        period: Its days.
        sure: How sure categories were in it, where that is read already.
    """
    sure = confidences(period)["category"] if sure is None else sure
    found = marts.rows(_PROCESSING, [period.first])
    by_status = {row["status"]: row["processings"] for row in found}
    total = sum(by_status.values())
    return Statistics(
        days=period.days,
        total=total,
        successful=sum(by_status.get(status, 0) for status in SUCCESSFUL),
        failed=sum(by_status.get(status, 0) for status in FAILED),
        by_status=by_status,
        average_confidence=sure.mean,
        known_cost_usd=sum((row["known_cost_usd"] for row in found), Decimal(0)),
        of_unknown_cost=sum(row["unknown"] for row in found),
        average_seconds=sum(row["ms"] for row in found) / total / 1000 if total else None,
        marts=marts.standing(*MARTS),
    )
