"""How writers compare, by what people preferred: Bradley-Terry ratings, controlled for length.

Belongs here: the model, its intervals, what cannot be said and why. Stays out: tables of votes (``sources``), plots.

The chance that text a is preferred to text b is the logistic function of the difference of their writers' ratings plus
a coefficient times the difference of the logarithms of their lengths (Bradley and Terry 1952, with a covariate), so
that a writer gets no credit for length as such. A weak prior (standard deviation 3) keeps a writer that never lost
finite. Intervals: bootstrap over products, since pairs of one product lean on each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vitrina.statistics.intervals import Interval, Undefined, Why

Floats = npt.NDArray[np.float64]

#: Decided pairs that a writer must have been in: with fewer, the interval would be of no use.
MIN_PAIRS = 20
_PRIOR = 1 / 3.0**2
_DRAWS = 300
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Comparison:
    """One decided pair of texts by different writers."""

    product: int
    winner: str
    loser: str
    winner_chars: int
    loser_chars: int


@dataclass(frozen=True, slots=True)
class Unrated:
    """A writer without a rating: why, and in how many decided pairs it was."""

    reason: str
    n: int


Rating = Interval | Unrated


@dataclass(slots=True)
class Ratings:
    """Ratings of all writers.

    Attributes:
        writers: Writer → log odds above the mean of all rated writers, best first; or why there is none.
        length: Log odds that doubling a text's length adds.
        wins: Writer → share of decided pairs won, without any control.
        pairs: Decided pairs that were used.
    """

    writers: dict[str, Rating] = field(default_factory=dict)
    length: Interval | Undefined = field(default_factory=lambda: Undefined(Why.NOTHING_COUNTED, 0))
    wins: dict[str, float] = field(default_factory=dict)
    pairs: int = 0


def rate(comparisons: Sequence[Comparison], *, seed: int = 0) -> Ratings:
    """Rate the writers; those with too few pairs, or that met nobody of the others, are undefined."""
    counts: Counter[str] = Counter()
    won: Counter[str] = Counter()
    for one in comparisons:
        counts.update((one.winner, one.loser))
        won[one.winner] += 1
    result = Ratings(pairs=len(comparisons), wins={name: won[name] / counts[name] for name in counts})
    rated = _connected({name for name in counts if counts[name] >= MIN_PAIRS}, comparisons)
    used = [one for one in comparisons if one.winner in rated and one.loser in rated]
    found: dict[str, Rating] = {}
    if len(rated) > 1 and used:
        found, result.length = _fitted(used, sorted(rated), counts, seed)
    for name in sorted(counts):
        found.setdefault(name, Unrated(_why(counts[name]), counts[name]))
    best = sorted(found.items(), key=lambda item: -item[1].estimate if isinstance(item[1], Interval) else np.inf)
    result.writers = dict(best)
    return result


def _why(count: int) -> str:
    if count < MIN_PAIRS:
        return f"undefined because it was in only {count} decided pairs, and {MIN_PAIRS} are needed"
    return "undefined because it met no writer that is rated"


def _connected(names: set[str], comparisons: Sequence[Comparison]) -> set[str]:
    """The largest group whose members met each other, directly or by others: only these share a scale."""
    groups = {name: {name} for name in names}
    for one in comparisons:
        if one.winner in groups and one.loser in groups and groups[one.winner] is not groups[one.loser]:
            joined = groups[one.winner] | groups[one.loser]
            for name in joined:
                groups[name] = joined
    return max(groups.values(), key=lambda group: (len(group), sorted(group)), default=set())


def _fitted(
    used: Sequence[Comparison], names: Sequence[str], counts: Counter[str], seed: int
) -> tuple[dict[str, Rating], Interval]:
    places = {name: place for place, name in enumerate(names)}
    design = np.zeros((len(used), len(names) + 1))
    for row, one in enumerate(used):
        design[row, places[one.winner]] += 1
        design[row, places[one.loser]] -= 1
        design[row, -1] = np.log2(max(one.winner_chars, 1) / max(one.loser_chars, 1))
    products, owner = np.unique([one.product for one in used], return_inverse=True)
    best = _solved(design, np.ones(len(used)))
    rng = np.random.default_rng(seed)
    draws = np.array([
        _solved(design, rng.multinomial(len(products), [1 / len(products)] * len(products))[owner].astype(float))
        for _ in range(_DRAWS)
    ])  # fmt: skip
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    found: dict[str, Rating] = {
        name: Interval(float(best[place]), float(low[place]), float(high[place]), counts[name])
        for name, place in places.items()
    }
    return found, Interval(float(best[-1]), float(low[-1]), float(high[-1]), len(used))


def _solved(design: Floats, weights: Floats) -> Floats:
    """Newton's method for the weighted logistic likelihood with the prior; ratings come with mean 0."""
    theta = np.zeros(design.shape[1])
    prior = np.full(design.shape[1], _PRIOR)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        gradient = design.T @ (weights * (1 - chance)) - prior * theta
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(prior)
        step = np.linalg.solve(curvature, gradient)
        theta = theta + step
        if float(np.abs(step).max()) < 1e-8:
            break
    theta[:-1] -= theta[:-1].mean()
    return theta
