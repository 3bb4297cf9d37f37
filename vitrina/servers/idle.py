"""When has the platform finished what was given to it? A pure answer over plain values.

What belongs here: the judgement alone, so that it can be tested without a clock or a server. What stays out: asking
Dagster and the database (``progress``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ROUNDS = 2
"""Ticks of every sensor, begun after the last activity, that must bring nothing: a file must stand for two ticks."""
PATIENCE = 6
"""Ticks after which something unfinished counts as stuck."""


class Verdict(StrEnum):
    """What the state of things means."""

    WORKING = "working"
    FINISHED = "finished"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at one moment; all times are seconds since the epoch.

    Attributes:
        runs: runs queued or in progress.
        backfills: backfills in progress.
        last_activity: when something was last placed, or a run last changed.
        ticks: sensor → start times of its finished ticks, those that matter being the newest.
        drops_waiting: drops that are placed and neither parsed nor found unreadable.
        behind: automated assets that are older than one of their inputs, of the chain up to the export.
    """

    runs: int
    backfills: int
    last_activity: float
    ticks: Mapping[str, tuple[float, ...]]
    drops_waiting: int
    behind: tuple[str, ...] = ()


def quiet_rounds(snapshot: Snapshot) -> int:
    """How many ticks every sensor has finished since the last activity."""
    counts = [sum(tick > snapshot.last_activity for tick in ticks) for ticks in snapshot.ticks.values()]
    return min(counts, default=0)


def judge(snapshot: Snapshot) -> Verdict:
    """Working while anything runs or a sensor may still ask for more; then finished, or stuck."""
    if snapshot.runs or snapshot.backfills:
        return Verdict.WORKING
    rounds = quiet_rounds(snapshot)
    if snapshot.drops_waiting or snapshot.behind:
        return Verdict.STUCK if rounds >= PATIENCE else Verdict.WORKING
    return Verdict.FINISHED if rounds >= ROUNDS else Verdict.WORKING


def behind(made: Mapping[str, float | None], inputs: Mapping[str, tuple[str, ...]], target: str) -> tuple[str, ...]:
    """Assets up to ``target`` that are missing, or older than an input that was made.

    Args:
        made: asset → time of its newest materialization, None for never.
        inputs: asset → what it is directly made from.
    """
    chain, left = set(), [target]
    while left:
        asset = left.pop()
        if asset not in chain:
            chain.add(asset)
            left.extend(inputs.get(asset, ()))
    late = []
    for asset in chain:
        own = made.get(asset)
        newest = max((made.get(name) or 0.0 for name in inputs.get(asset, ())), default=0.0)
        if own is None or own < newest:
            late.append(asset)
    return tuple(sorted(late))
