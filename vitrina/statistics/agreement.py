"""How well people who label the same items agree, beyond what chance would give.

Belongs here: Krippendorff's alpha and Fleiss' kappa for labels without an order, and how agreement gets its interval.
Stays out: two people alone (``kappas``), which decisions count, and un-flipping them. Intervals come from drawing whole
items anew (percentile bootstrap); a draw in which the figure has no meaning is left out.
"""

from __future__ import annotations

from collections import Counter
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
    table = by_item(ratings)
    items = {item: labels for item, labels in table.items() if len(labels) > 1}
    return _of_items(items, len(table), _alpha, seed=seed, level=level, resamples=resamples)


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
    table = by_item(ratings)
    sizes = {len(labels) for labels in table.values()}
    if len(sizes) > 1:
        return Undefined(Why.UNEQUAL_LABELS, len(table))
    items = {item: labels for item, labels in table.items() if len(labels) > 1}
    return _of_items(items, len(table), _fleiss, seed=seed, level=level, resamples=resamples)


def by_item(
    ratings: Ratings,
) -> dict[Hashable, dict[Hashable, Hashable]]:
    """Labels by item and annotator; missing ones left out."""
    table: dict[Hashable, dict[Hashable, Hashable]] = {}
    for item, annotator, label in ratings:
        if label is None:
            continue
        labels = table.setdefault(item, {})
        if annotator in labels:
            raise ValueError(f"annotator {annotator!r} labelled item {item!r} twice")
        labels[annotator] = label
    return table


def _of_items(
    items: Mapping[Hashable, Mapping[Hashable, Hashable]],
    all_items: int,
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
    if not items:
        return Undefined(Why.NO_OVERLAP if all_items else Why.NOTHING_COUNTED, all_items)
    numbers = {
        label: number
        for number, label in enumerate(dict.fromkeys(label for labels in items.values() for label in labels.values()))
    }
    patterns: Counter[tuple[int, ...]] = Counter()
    for labels in items.values():
        found = Counter(numbers[label] for label in labels.values())
        patterns[tuple(found[number] for number in range(len(numbers)))] += 1
    people = {person for labels in items.values() for person in labels}
    return _of_patterns(patterns, len(people), figure, seed=seed, level=level, resamples=resamples)


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
