"""Accuracy over time: windows, weeks, and when a model is called worse. Plain values."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vitrina.drift.windows import LEAST, verdict, weeks, windows
from vitrina.statistics.intervals import Interval

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rows(*right: bool) -> list[tuple[datetime, bool]]:
    return [(MONDAY + timedelta(hours=number), each) for number, each in enumerate(right)]


@hypothesis_settings(deadline=None)
@given(st.lists(st.booleans(), max_size=90), st.integers(1, 20))
def test_every_pair_is_in_one_window_and_the_newest_is_full(right, size):
    found = windows(rows(*right), size)
    assert sum(window.accuracy.n for window in found) == len(right)
    assert all(window.accuracy.n == size for window in found[1:])
    assert [window.begin for window in found] == sorted(window.begin for window in found)
    if len(right) >= size:
        newest = right[-size:]
        assert (found[-1].accuracy.n, found[-1].accuracy.estimate) == (size, sum(newest) / size)


def test_weeks_begin_on_mondays_and_add_up():
    found = weeks([*rows(*[True] * 30), (MONDAY + timedelta(days=7), False)])
    assert {monday: (week.accuracy.n, week.accuracy.estimate) for monday, week in found.items()} == {
        date(2026, 3, 2): (30, 1.0),
        date(2026, 3, 9): (1, 0.0),
    }


def test_a_model_is_worse_when_the_whole_interval_lies_below_what_it_had():
    good, bad = rows(*([True] * 7 + [False] * 3) * 20), rows(*([True] * 5 + [False] * 5) * 20)
    assert not verdict(good, 0.75).worse
    assert verdict(bad, 0.75).worse
    assert "worse than promised" in verdict(bad, 0.75).words
    # a bad beginning does not count for ever
    assert not verdict([*bad, *good], 0.75).worse


def test_few_pairs_or_an_unknown_promise_call_nothing_worse():
    few = verdict(rows(*[False] * (LEAST - 1)), 0.9)
    assert (few.worse, few.newest) == (False, None)
    assert f"{LEAST - 1} of {LEAST}" in few.words
    unknown = verdict(rows(*[False] * 80), None)
    assert isinstance(unknown.newest, Interval)
    assert not unknown.worse
