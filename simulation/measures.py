"""The figures at the end: points of the rubric over the same new products, with intervals.

Belongs here: means, paired differences, their bootstrap intervals. Stays out: where the texts come from (``reading``),
how figures are shown (``report``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

RESAMPLES = 5_000


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval over ``n`` products."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def apart_from_zero(self) -> bool:
        """Whether zero lies outside of the interval."""
        return self.low > 0 or self.high < 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def mean_of(values: Sequence[float], *, seed: int = 0) -> Mean:
    """Mean and percentile bootstrap interval (Efron, 1979); products are what is drawn anew.

    Raises:
        ValueError: there are no values.
    """
    known = np.asarray(values, dtype=float)
    if not known.size:
        raise ValueError("There is nothing to take the mean of.")
    drawn = np.random.default_rng(seed).integers(0, known.size, size=(RESAMPLES, known.size))
    low, high = np.percentile(known[drawn].mean(axis=1), [2.5, 97.5])
    return Mean(float(known.mean()), float(low), float(high), int(known.size))


def differences(points: Mapping[str, Sequence[float]], pairs: Sequence[tuple[str, str]]) -> dict[str, Mean]:
    """``one − other`` of the same products, for pairs of names that are both there."""
    return {
        f"{one} − {other}": mean_of(np.subtract(points[one], points[other]).tolist())
        for one, other in pairs
        if one in points and other in points
    }
