"""Accuracy over time, from pairs that were right or wrong.

What belongs here: windows of so many pairs, weeks, and the rule that says that a model got worse. Pure. What stays out:
tables, drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vitrina.statistics.intervals import Interval, Undefined, wilson

#: Pairs in a window: the interval of 0.7 is 0.63 to 0.76 then.
WINDOW = 200
#: With fewer pairs since its promotion a model is not called worse.
LEAST = 50

Judged = tuple[datetime, bool]


@dataclass(frozen=True, slots=True)
class Window:
    """Pairs that follow each other, and how many of them the model had right, with Wilson's interval."""

    begin: datetime
    end: datetime
    accuracy: Interval


def _window(rows: Sequence[Judged]) -> Window:
    found = wilson(sum(right for _, right in rows), len(rows))
    if isinstance(found, Undefined):
        raise ValueError("A window needs at least one pair.")
    return Window(rows[0][0], rows[-1][0], found)


def windows(rows: Sequence[Judged], size: int = WINDOW) -> list[Window]:
    """Windows of ``size`` pairs, oldest first, that do not overlap; the newest is full, the oldest may be short.

    Args:
        rows: When and whether the model was right, in the order of time.
    """
    first = len(rows) % size
    starts = [0] * (first > 0) + list(range(first, len(rows), size))
    return [_window(rows[start : first if start < first else start + size]) for start in starts]


def weeks(rows: Sequence[Judged]) -> dict[date, Window]:
    """By week, named by its Monday (UTC)."""
    found: dict[date, list[Judged]] = defaultdict(list)
    for when, right in rows:
        day = when.astimezone(UTC).date()
        found[day - timedelta(days=day.weekday())].append((when, right))
    return {monday: _window(own) for monday, own in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the newest window lies below what the model had at its promotion.

    Attributes:
        newest: Of at most :data:`WINDOW` pairs; ``None`` below :data:`LEAST`.
        promised: Accuracy on held-out pairs when it was promoted; ``None`` where it is not known.
    """

    newest: Interval | None
    promised: float | None
    n: int

    @property
    def worse(self) -> bool:
        """The upper bound of the newest window is below the accuracy at promotion."""
        return self.newest is not None and self.promised is not None and self.newest.high < self.promised

    @property
    def words(self) -> str:
        """One sentence."""
        if self.newest is None:
            return f"{self.n} of {LEAST} pairs that are needed to say anything."
        said = (
            f"{self.newest.estimate:.3f} [{self.newest.low:.3f}, {self.newest.high:.3f}] on the newest {self.newest.n}"
        )
        if self.promised is None:
            return f"{said}; what it had at promotion is not known."
        return f"{said}; {self.promised:.3f} at promotion: {'worse than promised' if self.worse else 'no worse'}."


def verdict(rows: Sequence[Judged], promised: float | None, *, size: int = WINDOW, least: int = LEAST) -> Verdict:
    """Judge the newest window of a model's pairs."""
    newest = list(rows)[-size:]
    found: Interval | Undefined | None = None
    if len(newest) >= least:
        found = wilson(sum(right for _, right in newest), len(newest))
    return Verdict(found if isinstance(found, Interval) else None, promised, len(newest))
