"""How well two people who label the same items agree: Cohen's kappa.

Belongs here: kappa of two people, and of every two of several. Stays out: agreement of all together (``agreement``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from vitrina.statistics.agreement import RESAMPLES, Agreement, Ratings, beyond_chance, bounds, coded
from vitrina.statistics.intervals import LEVEL, Undefined, Why

if TYPE_CHECKING:
    import numpy as np

#: Items that two people must have in common before their kappa is shown.
COMMON_ITEMS = 30


def cohen_kappa(
    pairs: Iterable[tuple[Hashable, Hashable]],
    *,
    minimum: int = COMMON_ITEMS,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Agreement | Undefined:
    """Cohen's kappa (Cohen 1960) of two people, from their labels of the items they have in common."""
    return kappa_of_cells(Counter(pairs), minimum=minimum, seed=seed, level=level, resamples=resamples)


def kappa_of_cells(
    counted: Mapping[tuple[Hashable, Hashable], int],
    *,
    minimum: int = COMMON_ITEMS,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Agreement | Undefined:
    """Cohen's kappa where a database counted already: (label of the first, label of the second) → items."""
    import numpy as np

    n = sum(counted.values())
    if n < max(minimum, 1):
        return Undefined(Why.TOO_FEW if n else Why.NO_OVERLAP, n, minimum)
    labels = {label: number for number, label in enumerate(dict.fromkeys(label for pair in counted for label in pair))}
    cells = np.array([(labels[first], labels[second], times) for (first, second), times in counted.items()])
    first = np.eye(len(labels))[cells[:, 0]]
    second = np.eye(len(labels))[cells[:, 1]]
    same = (cells[:, 0] == cells[:, 1]).astype(float)

    def kappa(weights: np.ndarray) -> np.ndarray:
        chance = ((weights @ first) * (weights @ second)).sum(axis=1) / n**2
        return beyond_chance(weights @ same / n, chance)

    estimate = float(kappa(cells[None, :, 2].astype(float))[0])
    if np.isnan(estimate):
        return Undefined(Why.ONE_LABEL, n)
    low, high = bounds(kappa, cells[:, 2], n, seed=seed, level=level, resamples=resamples)
    return Agreement(estimate, low, high, n, level, labels=2 * n, annotators=2)


def cohen_kappas(
    ratings: Ratings,
    *,
    minimum: int = COMMON_ITEMS,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> dict[tuple[Hashable, Hashable], Agreement | Undefined]:
    """Cohen's kappa of every two people, keyed in the order in which they first appear.

    Two people with fewer than ``minimum`` common items get an ``Undefined`` with what they have.

    Raises:
        ValueError: A person labelled an item twice.
    """
    import numpy as np

    found = coded(ratings)
    kinds, people = len(found.labels), range(len(found.annotators))
    places = [np.flatnonzero(found.annotator == person) for person in people]

    def cells(one: int, other: int) -> dict[tuple[Hashable, Hashable], int]:
        first, second = places[one], places[other]
        _, at, too = np.intersect1d(found.item[first], found.item[second], assume_unique=True, return_indices=True)
        codes = found.label[first[at]] * kinds + found.label[second[too]]
        both, seen, times = np.unique(codes, return_index=True, return_counts=True)
        return {
            (found.labels[both[place] // kinds], found.labels[both[place] % kinds]): int(times[place])
            for place in np.argsort(seen)
        }

    return {
        (found.annotators[one], found.annotators[other]): kappa_of_cells(
            cells(one, other), minimum=minimum, seed=seed, level=level, resamples=resamples
        )
        for one, other in combinations(people, 2)
    }
