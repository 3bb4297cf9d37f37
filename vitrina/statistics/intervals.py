"""A figure with its interval and its ``n``, and how such figures are made from counts and scores.

Belongs here: proportions, means, differences of paired proportions, McNemar's test. Stays out: agreement of several
people (``agreement``). What cannot be had is an :class:`Undefined` that says why, never a NaN or a made-up 1.0.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

LEVEL = 0.95
#: Draws are made in blocks of at most this many numbers (40 MB).
_BLOCK = 5_000_000


class Why(StrEnum):
    """Why a figure has no meaning. Pages translate the code; ``Undefined.reason`` is English."""

    NOTHING_COUNTED = "nothing_counted"
    TOO_FEW = "too_few"
    NO_OVERLAP = "no_overlap"
    ONE_LABEL = "one_label"
    CONSTANT = "constant"
    UNEQUAL_LABELS = "unequal_labels"
    NO_DIFFERENCE = "no_difference"


_WORDS = {
    Why.NOTHING_COUNTED: "there is nothing to count",
    Why.TOO_FEW: "there are only {n}, and {needed} are needed",
    Why.NO_OVERLAP: "no item has labels of two people",
    Why.ONE_LABEL: "all labels are the same, so chance alone would agree as well",
    Why.CONSTANT: "one of the two always says the same, so agreement and chance cannot be told apart",
    Why.UNEQUAL_LABELS: "items have unequal numbers of labels",
    Why.NO_DIFFERENCE: "the two never differ",
}


@dataclass(frozen=True, slots=True)
class Undefined:
    """A figure that has no meaning: ``why`` as a code, what was there (``n``) and what it would need (``needed``)."""

    why: Why
    n: int
    needed: int = 0

    @property
    def reason(self) -> str:
        """``undefined because …`` in English."""
        return f"undefined because {_WORDS[self.why].format(n=self.n, needed=self.needed)}"

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, the bounds of its interval at ``level``, and how many observations it stands on."""

    estimate: float
    low: float
    high: float
    n: int
    level: float = LEVEL

    def holds(self, value: float) -> bool:
        """Whether the value lies inside, bounds included."""
        return self.low <= value <= self.high


def wilson(successes: int, n: int, *, level: float = LEVEL) -> Interval | Undefined:
    """A proportion with Wilson's score interval (Wilson 1927): sensible for few observations and near 0 and 1.

    Raises:
        ValueError: More successes than observations, or a negative count.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion")
    if n == 0:
        return Undefined(Why.NOTHING_COUNTED, 0)
    z = _z(level)
    share = successes / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # At the ends the bound is exactly 0 or 1; arithmetic would leave 1e-17.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    return Interval(share, low, high, n, level)


def bootstrap_mean(
    values: Sequence[float],
    *,
    seed: int,
    groups: Sequence[Hashable] | None = None,
    level: float = LEVEL,
    resamples: int = 2_000,
) -> Interval | Undefined:
    """A mean with a percentile bootstrap interval (Efron 1979). The same seed gives the same bounds.

    Args:
        values: Observations; ``n`` of the result counts them.
        groups: To which group each belongs (a prompt, a product). Whole groups are drawn then, since observations
            of one group are no independent evidence; at least two groups are needed.

    Raises:
        ValueError: Values and groups of unequal length, or a value that is no finite number.
    """
    import numpy as np

    data = np.asarray(values, dtype=float)
    if groups is not None and len(groups) != len(data):
        raise ValueError(f"{len(data)} values and {len(groups)} groups")
    if not np.isfinite(data).all():
        raise ValueError("every value must be a finite number")
    if len(data) == 0:
        return Undefined(Why.NOTHING_COUNTED, 0)
    sums, sizes = data, np.ones_like(data)
    if groups is not None:
        number = {group: index for index, group in enumerate(dict.fromkeys(groups))}
        codes = np.fromiter((number[group] for group in groups), dtype=np.intp, count=len(data))
        sums, sizes = np.bincount(codes, weights=data), np.bincount(codes).astype(float)
    if len(sums) < 2:
        return Undefined(Why.TOO_FEW, len(sums), 2)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    step = max(1, _BLOCK // len(sums))
    for start in range(0, resamples, step):
        drawn = rng.integers(0, len(sums), size=(min(step, resamples - start), len(sums)))
        means[start : start + len(drawn)] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(data.mean()), float(low), float(high), len(data), level)


def paired_difference(only_first: int, only_second: int, n: int, *, level: float = LEVEL) -> Interval | Undefined:
    """Difference of two proportions seen on the same ``n`` pairs, first minus second.

    The interval is Bonett and Price's adjusted Wald interval (2012), which Fagerland, Lydersen and Laake (2014)
    recommend. Only pairs in which the two differ move the estimate.

    Args:
        only_first: Pairs in which the first succeeded and the second did not.
        only_second: The reverse.
        n: All pairs.

    Raises:
        ValueError: The counts do not fit together.
    """
    _check_pairs(only_first, only_second)
    if only_first + only_second > n:
        raise ValueError(f"{only_first} + {only_second} pairs that differ of {n}")
    if n == 0:
        return Undefined(Why.NOTHING_COUNTED, 0)
    first, second = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    middle = first - second
    half = _z(level) * sqrt((first + second - middle * middle) / (n + 2))
    return Interval((only_first - only_second) / n, max(-1.0, middle - half), min(1.0, middle + half), n, level)


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test of two paired proportions, two-sided; ``n`` counts the pairs that differ."""

    p_exact: float
    p_mid: float
    only_first: int
    only_second: int

    @property
    def n(self) -> int:
        """Pairs that differ: the only ones that say anything."""
        return self.only_first + self.only_second


def mcnemar(only_first: int, only_second: int) -> McNemar | Undefined:
    """McNemar's test from the pairs that differ: the exact binomial p-value and mid-p.

    The exact test is conservative; Fagerland, Lydersen and Laake (2013) recommend mid-p.

    Raises:
        ValueError: A negative count.
    """
    from scipy.stats import binom

    _check_pairs(only_first, only_second)
    n, fewer = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return Undefined(Why.NO_DIFFERENCE, 0)
    doubled = 2 * float(binom.cdf(fewer, n, 0.5))
    return McNemar(min(1.0, doubled), min(1.0, doubled - float(binom.pmf(fewer, n, 0.5))), only_first, only_second)


def _check_pairs(only_first: int, only_second: int) -> None:
    if only_first < 0 or only_second < 0:
        raise ValueError(f"counts of pairs must not be negative: {only_first}, {only_second}")


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    return NormalDist().inv_cdf((1 + level) / 2)
