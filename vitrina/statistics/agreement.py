"""How well people who label the same items agree, beyond what chance would give.

Belongs here: Krippendorff's alpha and Fleiss' kappa for labels without an order, and how agreement gets its interval.
Stays out: two people alone (``kappas``), which decisions count, and un-flipping them. Intervals come from drawing whole
items anew (percentile bootstrap); a draw in which the figure has no meaning is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vitrina.statistics.intervals import LEVEL, Interval, Undefined, Why

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 1_000


class Rating(NamedTuple):
    """A label that an annotator gave to an item. ``None`` is a label that is missing."""

    item: Hashable
    annotator: Hashable
    label: Hashable


Ratings = Iterable[Rating | tuple[Hashable, Hashable, Hashable]]


@dataclass(frozen=True, slots=True)
class Agreement(Interval):
    """Agreement, its interval, the items it stands on (``n``), their labels and how many people gave them."""

    labels: int = 0
    annotators: int = 0


def krippendorff_alpha(
    ratings: Ratings,
    *,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Agreement | Undefined:
    """Krippendorff's alpha for nominal labels (Krippendorff 2011). Missing labels and any number of people are fine.

    Items with one label say nothing of agreement and are left out.

    Raises:
        ValueError: A person labelled an item twice (pass decisions that stand, not their history).
    """
    return _of_ratings(coded(ratings), _alpha, seed=seed, level=level, resamples=resamples)


def alpha_of_patterns(
    patterns: Mapping[tuple[int, ...], int],
    *,
    annotators: int,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Agreement | Undefined:
    """Krippendorff's alpha where a database counted already.

    Args:
        patterns: How many labels of each kind an item has (``(2, 0, 1)``: two A, no B, one E) → how many such items.
        annotators: How many people gave them.
    """
    paired = {pattern: times for pattern, times in patterns.items() if sum(pattern) > 1 and times}
    if not paired:
        items = sum(patterns.values())
        return Undefined(Why.NO_OVERLAP if items else Why.NOTHING_COUNTED, items)
    return _of_patterns(paired, annotators, _alpha, seed=seed, level=level, resamples=resamples)


def fleiss_kappa(
    ratings: Ratings,
    *,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Agreement | Undefined:
    """Fleiss' kappa (Fleiss 1971): every item must have equally many labels, at least two.

    Raises:
        ValueError: A person labelled an item twice.
    """
    found = coded(ratings)
    sizes = found.counts().sum(axis=1)
    if len(sizes) and sizes.min() != sizes.max():
        return Undefined(Why.UNEQUAL_LABELS, len(sizes))
    return _of_ratings(found, _fleiss, seed=seed, level=level, resamples=resamples)


@dataclass(frozen=True, slots=True)
class Coded:
    """Ratings as numbers: each rating's item, annotator and label by its place in the order of first appearance."""

    item: np.ndarray
    annotator: np.ndarray
    label: np.ndarray
    annotators: tuple[Hashable, ...]
    labels: tuple[Hashable, ...]

    def counts(self) -> np.ndarray:
        """How many labels of each kind an item has, shape (items, labels)."""
        import numpy as np

        items, kinds = int(self.item.max()) + 1 if len(self.item) else 0, len(self.labels)
        return np.bincount(self.item * kinds + self.label, minlength=items * kinds).reshape(items, kinds)


def coded(ratings: Ratings) -> Coded:
    """Ratings as numbers; missing labels are left out.

    Raises:
        ValueError: A person labelled an item twice.
    """
    import numpy as np

    items: dict[Hashable, int] = {}
    people: dict[Hashable, int] = {}
    labels: dict[Hashable, int] = {}
    rows = []
    for item, person, label in ratings:
        if label is not None:
            place = items.setdefault(item, len(items)), people.setdefault(person, len(people))
            rows.append((*place, labels.setdefault(label, len(labels))))
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    both, first = np.unique(table[:, 0] * max(len(people), 1) + table[:, 1], return_index=True)
    if len(both) < len(rows):
        again = int(np.setdiff1d(np.arange(len(rows)), first)[0])
        of, who = tuple(items)[rows[again][0]], tuple(people)[rows[again][1]]
        raise ValueError(f"annotator {who!r} labelled item {of!r} twice")
    return Coded(table[:, 0], table[:, 1], table[:, 2], tuple(people), tuple(labels))


def _of_ratings(
    found: Coded,
    figure: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    seed: int,
    level: float,
    resamples: int,
) -> Agreement | Undefined:
    """A figure of items with two and more labels, with its interval.

    Items with the same labels count as one pattern with a weight, so that drawing 100,000 items costs as little as
    drawing 100: a few dozen patterns are all there is.
    """
    import numpy as np

    counts = found.counts()
    several = counts.sum(axis=1) > 1 if len(counts) else np.zeros(0, dtype=bool)
    if not several.any():
        return Undefined(Why.NO_OVERLAP if len(counts) else Why.NOTHING_COUNTED, len(counts))
    unique, first, times = np.unique(counts[several], axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    patterns = {tuple(map(int, unique[place])): int(times[place]) for place in order}
    people = len(np.unique(found.annotator[several[found.item]]))
    return _of_patterns(patterns, people, figure, seed=seed, level=level, resamples=resamples)


def _of_patterns(
    patterns: Mapping[tuple[int, ...], int],
    annotators: int,
    figure: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    seed: int,
    level: float,
    resamples: int,
) -> Agreement | Undefined:
    import numpy as np

    counts = np.array(list(patterns), dtype=float)
    times = np.array(list(patterns.values()))
    n = int(times.sum())
    if n == 1:
        return Undefined(Why.TOO_FEW, 1, 2)

    def of(weights: np.ndarray) -> np.ndarray:
        return figure(weights, counts)

    if (counts.sum(axis=0) > 0).sum() == 1:
        return Undefined(Why.ONE_LABEL, n)
    estimate = float(of(times[None, :].astype(float))[0])
    low, high = bounds(of, times, n, seed=seed, level=level, resamples=resamples)
    return Agreement(estimate, low, high, n, level, labels=int((times @ counts).sum()), annotators=annotators)


def _alpha(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Alpha for each row of weights ``(draws, patterns)``; ``counts`` is ``(patterns, labels)``."""
    sizes = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (sizes - 1)
    totals = weights @ counts
    n = totals.sum(axis=1)
    return beyond_chance(weights @ agreeing / n, (totals * (totals - 1)).sum(axis=1) / (n * (n - 1)))


def _fleiss(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Fleiss' kappa for each row of weights."""
    size = counts[0].sum()
    agreeing = (counts * (counts - 1)).sum(axis=1) / (size * (size - 1))
    shares = weights @ counts / (weights.sum(axis=1, keepdims=True) * size)
    return beyond_chance(weights @ agreeing / weights.sum(axis=1), (shares**2).sum(axis=1))


def beyond_chance(observed: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """``(observed - chance) / (1 - chance)``; NaN, for the callers alone, where chance alone agrees always."""
    import numpy as np

    room = 1 - chance
    return np.where(room > 1e-12, (observed - chance) / np.where(room > 1e-12, room, 1.0), np.nan)


def bounds(
    figure: Callable[[np.ndarray], np.ndarray],
    times: np.ndarray,
    n: int,
    *,
    seed: int,
    level: float,
    resamples: int,
) -> tuple[float, float]:
    """Percentiles of the figure over draws of ``n`` items; the whole range where no draw gave a figure."""
    import numpy as np

    drawn = figure(np.random.default_rng(seed).multinomial(n, times / times.sum(), size=resamples).astype(float))
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return -1.0, 1.0
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
