"""Manners and patience with one host, by a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vitrina.images.hosts import FAILURES_TO_OPEN, FIRST_PAUSE, LONGEST_PAUSE, HostGate, HostState
from vitrina.images.reasons import Reason


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def gate_with(clock: Clock) -> HostGate:
    return HostGate(HostState("a.com:443"), 4, 0.0, clock)


def fail(gate: HostGate, times: int) -> None:
    for _ in range(times):
        gate.failed(Reason.TIMED_OUT, "no answer")


def test_five_failures_in_a_row_open_and_an_answer_in_between_starts_again() -> None:
    gate = gate_with(Clock())
    fail(gate, FAILURES_TO_OPEN - 1)
    gate.answered()
    fail(gate, FAILURES_TO_OPEN - 1)
    assert gate.closed_for is None
    fail(gate, 1)
    assert gate.closed_for == FIRST_PAUSE


def test_a_burst_of_failures_opens_once_and_each_failed_probe_doubles_the_pause_up_to_a_day() -> None:
    clock = Clock()
    gate = gate_with(clock)
    fail(gate, 20)
    pauses = [gate.closed_for]
    for _ in range(12):
        clock.now += (gate.closed_for or timedelta()) + timedelta(seconds=1)
        assert gate.closed_for is None
        assert gate.probing
        fail(gate, 1)
        pauses.append(gate.closed_for)
    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pauses[-1] == LONGEST_PAUSE


def test_an_answered_probe_closes_and_forgets() -> None:
    clock = Clock()
    gate = gate_with(clock)
    fail(gate, FAILURES_TO_OPEN)
    clock.now += FIRST_PAUSE
    gate.answered()
    assert not gate.probing
    assert (gate.state.failures, gate.state.opened, gate.state.changed) == (0, 0, True)


def test_a_short_pause_is_waited_for_and_a_long_one_opens() -> None:
    gate = gate_with(Clock())
    assert gate.pause(3)
    assert gate.closed_for is None
    assert not gate.pause(600)
    assert gate.closed_for == timedelta(seconds=600)
