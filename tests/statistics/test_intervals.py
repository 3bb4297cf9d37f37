"""Intervals and tests against scipy, published figures and hand computation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.statistics.intervals import (
    Interval,
    McNemar,
    Undefined,
    Why,
    bootstrap_mean,
    mcnemar,
    paired_difference,
    wilson,
)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95]))
def test_wilson_is_what_scipy_gives(counts: tuple[int, int], level: float) -> None:
    from scipy.stats import binomtest

    k, n = counts
    found = wilson(k, n, level=level)
    expected = binomtest(k, n).proportion_ci(confidence_level=level, method="wilson")
    assert isinstance(found, Interval)
    assert (found.estimate, found.n) == (k / n, n)
    assert found.low == pytest.approx(expected.low, abs=1e-12)
    assert found.high == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_a_share_of_nothing_is_undefined_and_says_why() -> None:
    found = wilson(0, 0)
    assert found == Undefined(Why.NOTHING_COUNTED, 0)
    assert str(found) == "undefined because there is nothing to count"


@pytest.mark.parametrize("counts", [(2, 1), (-1, 3), (0, -1)])
def test_impossible_counts_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(*counts)


def test_an_interval_knows_what_it_holds() -> None:
    found = wilson(50, 100)
    assert isinstance(found, Interval)
    assert found.holds(0.5)
    assert not found.holds(0.7)


def test_a_mean_has_the_same_bounds_for_the_same_seed_and_they_are_those_of_the_normal_for_many() -> None:
    import numpy as np

    values = np.random.default_rng(3).normal(2.0, 1.0, size=400)
    found = bootstrap_mean(list(values), seed=1)
    assert found == bootstrap_mean(list(values), seed=1)
    assert isinstance(found, Interval)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.n == 400
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_groups_that_agree_within_themselves_widen_the_interval() -> None:
    values = [float(group % 2) for group in range(40) for _ in range(10)]
    groups = [group for group in range(40) for _ in range(10)]
    alone, grouped = bootstrap_mean(values, seed=0), bootstrap_mean(values, seed=0, groups=groups)
    assert isinstance(alone, Interval)
    assert isinstance(grouped, Interval)
    assert alone.estimate == grouped.estimate == 0.5
    assert grouped.high - grouped.low > 2.5 * (alone.high - alone.low)


def test_a_mean_of_too_little_is_undefined() -> None:
    assert bootstrap_mean([], seed=0) == Undefined(Why.NOTHING_COUNTED, 0)
    assert bootstrap_mean([1.0], seed=0) == Undefined(Why.TOO_FEW, 1, 2)
    assert bootstrap_mean([1.0, 2.0], seed=0, groups=["a", "a"]) == Undefined(Why.TOO_FEW, 1, 2)
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean([1.0, math.nan], seed=0)


def test_the_difference_of_paired_proportions_is_bonetts_and_prices() -> None:
    # 21 children before and after a transplantation, 1 and 7 of them differ (Bentur 2009; in Fagerland 2014):
    # middle (2 - 8) / 23, variance (10/23 - (6/23)^2) / 23.
    found = paired_difference(1, 7, 21)
    assert isinstance(found, Interval)
    assert found.estimate == pytest.approx(-6 / 21)
    assert found.low == pytest.approx(-0.5083, abs=5e-4)
    assert found.high == pytest.approx(-0.0134, abs=5e-4)
    assert paired_difference(0, 0, 0) == Undefined(Why.NOTHING_COUNTED, 0)
    with pytest.raises(ValueError, match="differ"):
        paired_difference(3, 3, 5)


def test_mcnemar_gives_the_published_p_values() -> None:
    # The same data: exact 0.070, mid-p 0.039 (Fagerland 2013).
    found = mcnemar(1, 7)
    assert isinstance(found, McNemar)
    assert found.n == 8
    assert found.p_exact == pytest.approx(0.0703, abs=5e-5)
    assert found.p_mid == pytest.approx(0.0391, abs=5e-5)


def test_mcnemar_of_two_that_never_differ_is_undefined() -> None:
    assert mcnemar(0, 0) == Undefined(Why.NO_DIFFERENCE, 0)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mid_p_never_exceeds_the_exact_p_and_both_are_symmetric(first: int, second: int) -> None:
    found, turned = mcnemar(first, second), mcnemar(second, first)
    if isinstance(found, Undefined) or isinstance(turned, Undefined):
        assert first + second == 0
        return
    assert 0 < found.p_mid <= found.p_exact <= 1
    assert (found.p_exact, found.p_mid) == (turned.p_exact, turned.p_mid)
