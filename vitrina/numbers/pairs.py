"""How people agree about the pairs of a batch, and what sways them besides the texts.

Belongs here: agreement, position, length and circles, from votes that the database counted (a batch of 100,000 votes
comes back as a few dozen rows). Stays out: the mathematics (``vitrina.statistics``), single people (``people``).
Agreement, length and circles stand on work pairs; position on work and gold; onboarding counts nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from psycopg import sql

from vitrina.numbers import pairs_sql
from vitrina.numbers.people import display_name, gold_accuracy
from vitrina.numbers.remembered import remembered, states
from vitrina.review.models import Batch
from vitrina.statistics.agreement import Agreement, alpha_of_patterns
from vitrina.statistics.intervals import Interval, Undefined, wilson
from vitrina.statistics.kappas import kappa_of_cells
from vitrina.statistics.transitivity import Triads, circular_triads

MOST_BATCHES = 20
#: People in the matrix of kappas: those with the most votes.
MOST_PEOPLE = 12
#: Compared pairs that are looked at for circles.
MOST_COMPARED = 50_000


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """A batch in one line. ``votes`` are standing ones on work and gold; ``left`` of those that chose a side.

    ``state`` is that of the votes which these figures were counted from (``remembered``).
    """

    batch: Batch
    state: str
    votes: int
    people: int
    alpha: Agreement | Undefined
    left: Interval | Undefined

    @property
    def one_sided(self) -> bool:
        """Whether a half lies outside the interval: the position seems to sway."""
        return isinstance(self.left, Interval) and not self.left.holds(0.5)


@dataclass(frozen=True, slots=True)
class Details:
    """All of one batch.

    Attributes:
        people: Names of the matrix' rows and columns, the busiest first.
        kappas: Row by row; ``None`` on the diagonal.
        gold: Name → share of right answers.
        longer: Share of choices that fell on the longer text, where lengths differ.
        triads: Threes of texts of one prompt; ``circles`` is the share of circular ones.
    """

    figures: BatchFigures
    people: list[str]
    kappas: list[list[Agreement | Undefined | None]]
    gold: list[tuple[str, Interval | Undefined]]
    longer: Interval | Undefined
    triads: Triads
    circles: Interval | Undefined

    @property
    def rows(self) -> list[tuple[str, list[Agreement | Undefined | None]]]:
        """The matrix with the names of its rows."""
        return list(zip(self.people, self.kappas, strict=True))


@dataclass(frozen=True, slots=True)
class _Counted:
    """What :class:`Details` shows, with people by their ids: names may change without a vote."""

    people: list[int]
    kappas: list[list[Agreement | Undefined | None]]
    gold: list[tuple[int, Interval | Undefined]]
    longer: Interval | Undefined
    triads: Triads


_Line = tuple[int, int, "Agreement | Undefined", "Interval | Undefined"]


def batches() -> list[BatchFigures]:
    """The newest batches, each in one line."""
    return _lines(list(Batch.objects.order_by("-id")[:MOST_BATCHES]))


def details(batch: Batch, figures: BatchFigures | None = None) -> Details:
    """All figures of a batch; ``figures`` where its line was counted already."""
    figures = figures or _lines([batch])[0]
    counted = remembered("details", {batch.pk: figures.state}, _counted)[batch.pk]
    users = User.objects.in_bulk({*counted.people, *(pk for pk, _ in counted.gold)})
    return Details(
        figures,
        [display_name(users[pk]) for pk in counted.people],
        counted.kappas,
        [(display_name(users[pk]), right) for pk, right in counted.gold],
        counted.longer,
        counted.triads,
        wilson(counted.triads.circular, counted.triads.triads),
    )


def _counted(batches: Sequence[int]) -> dict[int, _Counted]:
    return {batch: _counted_one(batch) for batch in batches}


def _counted_one(batch: int) -> _Counted:
    values = {"batches": [batch], "batch": batch, "people": MOST_PEOPLE, "limit": 200}
    busiest = [row[0] for row in _rows(pairs_sql.BUSIEST, values)]
    [(longer, of)] = _rows(pairs_sql.LONGER, values)
    return _Counted(
        busiest,
        _matrix(busiest, _rows(pairs_sql.CELLS, values | {"busiest": busiest})),
        [(pk, gold_accuracy(right, answered)) for pk, right, answered in _rows(pairs_sql.GOLD, values)],
        wilson(longer, of),
        circular_triads(_rows(pairs_sql.COMPARED, values | {"limit": MOST_COMPARED})),
    )


def _lines(chosen: Sequence[Batch]) -> list[BatchFigures]:
    """Figures by line. Those that are not remembered are counted by two statements for all together."""
    known = states([batch.pk for batch in chosen])
    lines = remembered("line", known, _counted_lines)
    return [BatchFigures(batch, known[batch.pk], *lines[batch.pk]) for batch in chosen]


def _counted_lines(chosen: Sequence[int]) -> dict[int, _Line]:
    values = {"batches": list(chosen)}
    patterns: dict[int, dict[tuple[int, ...], int]] = defaultdict(dict)
    for batch_id, *counts, items in _rows(pairs_sql.PATTERNS, values):
        patterns[batch_id][tuple(counts)] = items
    sides = {row[0]: row[1:] for row in _rows(pairs_sql.SIDES, values)}
    found: dict[int, _Line] = {}
    for batch_id in chosen:
        votes, people, left, sided = sides.get(batch_id, (0, 0, 0, 0))
        alpha = alpha_of_patterns(patterns[batch_id], annotators=people)
        found[batch_id] = votes, people, alpha, wilson(left, sided)
    return found


def _matrix(people: Sequence[int], cells: Sequence[Sequence[Any]]) -> list[list[Agreement | Undefined | None]]:
    counted: dict[tuple[int, int], dict[tuple[Hashable, Hashable], int]] = defaultdict(dict)
    for first, second, one, other, count in cells:
        counted[first, second][one, other] = count
    kappas: dict[tuple[int, int], Agreement | Undefined] = {}
    for number, first in enumerate(people):
        for second in people[number + 1 :]:
            two = (min(first, second), max(first, second))
            kappas[first, second] = kappas[second, first] = kappa_of_cells(counted[two])
    return [[kappas.get((row, column)) for column in people] for row in people]


def _rows(statement: str | sql.Composed, values: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
