"""The judgement when the platform has finished."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.servers.idle import PATIENCE, ROUNDS, Snapshot, Verdict, behind, judge

QUIET = Snapshot(
    runs=0, backfills=0, last_activity=100, ticks={"a": (130, 120, 110, 90), "b": (125, 115)}, drops_waiting=0
)


def test_it_is_finished_when_every_sensor_found_nothing_twice_since_the_last_activity() -> None:
    assert judge(QUIET) is Verdict.FINISHED


@pytest.mark.parametrize(
    "change",
    [
        {"runs": 1},
        {"backfills": 1},
        {"last_activity": 119.0},  # sensor b has looked once since
        {"ticks": {"a": (130.0, 120.0), "b": ()}},  # sensor b has not looked at all
        {"ticks": {}},  # no sensor is known yet
        {"drops_waiting": 1},
        {"behind": ("storefront_export",)},
    ],
)
def test_it_works_while_something_may_still_happen(change: dict[str, object]) -> None:
    assert judge(replace(QUIET, **change)) is Verdict.WORKING  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"drops_waiting": 1}, {"behind": ("published_products",)}])
def test_what_stays_unfinished_through_many_looks_is_stuck(change: dict[str, object]) -> None:
    ticks = tuple(float(100 + n) for n in range(1, PATIENCE + 1))
    assert judge(replace(QUIET, ticks={"a": ticks}, **change)) is Verdict.STUCK  # type: ignore[arg-type]


@given(st.integers(0, 3), st.integers(0, 3), st.lists(st.floats(0, 1000), max_size=20), st.integers(0, 2))
def test_it_never_ends_while_a_run_or_a_backfill_lives(
    runs: int, backfills: int, ticks: list[float], waiting: int
) -> None:
    verdict = judge(Snapshot(runs, backfills, 0, {"a": tuple(ticks)}, waiting))
    if runs or backfills:
        assert verdict is Verdict.WORKING
    if verdict is Verdict.FINISHED:
        assert waiting == 0
        assert len([tick for tick in ticks if tick > 0]) >= ROUNDS


INPUTS = {"export": ("published",), "published": ("parsed", "model"), "model": (), "parsed": (), "aside": ("parsed",)}


def test_an_export_older_than_what_it_is_made_from_is_behind() -> None:
    made = {"parsed": 30.0, "model": 10.0, "published": 20.0, "export": 25.0, "aside": None}
    assert behind(made, INPUTS, "export") == ("published",)
    assert behind(made | {"published": 31.0}, INPUTS, "export") == ("export",)
    assert behind(made | {"published": 31.0, "export": 32.0}, INPUTS, "export") == ()


def test_what_was_never_made_is_behind_and_what_lies_aside_does_not_count() -> None:
    assert behind(dict.fromkeys(INPUTS), INPUTS, "export") == ("export", "model", "parsed", "published")
