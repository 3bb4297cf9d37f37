"""Ratings of writers: they find what was planted, give no credit for length, and say what they cannot tell."""

from __future__ import annotations

import math

import numpy as np

from vitrina.preferences.ratings import MIN_PAIRS, Comparison, Unrated, rate
from vitrina.statistics.intervals import Interval, Undefined

TRUE = {"good": 1.0, "fair": 0.0, "poor": -1.0}


def compared(count: int, *, length: float = 0.0, seed: int = 0, true: dict[str, float] = TRUE) -> list[Comparison]:
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        one, other = rng.choice(sorted(true), 2, replace=False)
        # The poor one writes long texts.
        chars = {name: int(rng.integers(160, 380)) + (300 if name == "poor" else 0) for name in true}
        odds = true[one] - true[other] + length * math.log2(chars[one] / chars[other])
        if rng.random() > 1 / (1 + math.exp(-odds)):
            one, other = other, one
        found.append(Comparison(number % (count // 4), str(one), str(other), chars[one], chars[other]))
    return found


def estimate(figure: Interval | Undefined | Unrated) -> Interval:
    assert isinstance(figure, Interval), figure
    return figure


def test_planted_ratings_are_inside_their_intervals() -> None:
    found = rate(compared(1500))
    assert list(found.writers) == ["good", "fair", "poor"]
    for name, value in TRUE.items():
        assert estimate(found.writers[name]).holds(value), found.writers
    assert estimate(found.length).holds(0.0)
    assert estimate(found.writers["good"]).low > estimate(found.writers["fair"]).high
    assert rate(compared(1500)) == found, "the same pairs, the same figures"


def test_length_is_no_merit() -> None:
    found = rate(compared(2000, length=3.0))
    assert found.wins["poor"] > found.wins["fair"], "people who like long texts prefer the long-winded"
    assert estimate(found.writers["poor"]).high < estimate(found.writers["fair"]).low
    assert estimate(found.length).holds(3.0)


def test_what_cannot_be_said_is_not_said() -> None:
    assert rate([]).writers == {}
    few = rate(compared(12))
    assert all(isinstance(one, Unrated) and str(MIN_PAIRS) in one.reason for one in few.writers.values())
    apart = [Comparison(n, "c", "d", 200, 200) if n % 3 else Comparison(n, "d", "c", 200, 200) for n in range(60)]
    found = rate(compared(600) + apart)
    assert isinstance(found.writers["good"], Interval)
    lonely = found.writers["c"]
    assert isinstance(lonely, Unrated), "who met none of the others has no place on their scale"
    assert "met no writer" in lonely.reason
    always = rate([Comparison(n, "a", "b", 200, 200) for n in range(50)])
    assert 0 < estimate(always.writers["a"]).estimate < 20, "a writer that never lost is rated all the same"
