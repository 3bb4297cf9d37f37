"""Items with several answers: whether a model puts a right one first.

What belongs here: best of n, items with several right answers, the score of RewardBench 2's subset Ties. What stays
out: pairs (`measures`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.measures import share

#: Rows of RewardBench 2's Ties: ``ref:7`` has one right answer, ``tied:7`` has several to a question of the same kind.
_TIES = re.compile(r"(ref|tied):(\S+)")


@dataclass(frozen=True, slots=True)
class Item:
    """Three or more answers to one prompt, of which some beat all others.

    Attributes:
        size: Answers.
        best: Right ones among them.
        first: Whether a right answer has a higher score than every wrong one.
        gap: Lowest score of a right answer less the highest of a wrong one.
        spread: Highest score of a right answer less the lowest; 0 for a single one.
    """

    size: int
    best: int
    first: bool
    gap: float
    spread: float
    subset: str | None = None
    row_id: str | None = None
    file_number: int = 0

    @property
    def all_above(self) -> bool:
        """Whether every right answer has a higher score than every wrong one."""
        return self.gap > 0


def found_items(rows: Iterable[PreferenceRow], scores: Mapping[tuple[str, str], float]) -> list[Item]:
    """The items of all files. One without right answers that beat all others (a circle, all tied) is left out.

    Args:
        rows: All rows, ties too.
        scores: Of each prompt and answer.
    """
    members: dict[tuple[int, str], list[PreferenceRow]] = defaultdict(list)
    for row in rows:
        members[row.file_number, row.item].append(row)
    return [item for own in members.values() if len(own) > 1 and (item := _item(own, scores)) is not None]


def _item(rows: Sequence[PreferenceRow], scores: Mapping[tuple[str, str], float]) -> Item | None:
    answers = {(row.prompt, side) for row in rows for side in (row.a, row.b)}
    over: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        if row.decided:
            over[row.prompt, row.chosen].add((row.prompt, row.rejected))
    beaten = {loser for losers in over.values() for loser in losers}
    # A file of chosen and rejected answers compares no two rejected ones; its chosen ones beat all others too
    right, wrong = answers - beaten, beaten
    if len(answers) < 3 or not right or not wrong or any(over[each] != wrong for each in right):
        return None
    good, bad = [scores[each] for each in right], [scores[each] for each in wrong]
    return Item(
        len(answers), len(right), max(good) > max(bad), min(good) - max(bad), max(good) - min(good), rows[0].subset,
        rows[0].row_id, rows[0].file_number,
    )  # fmt: skip


def best_of(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Items with one right answer, by their number of answers: how often the model puts it first."""
    sizes = sorted({item.size for item in items if item.best == 1})
    return {
        str(size): _share(item.first for item in items if (item.size, item.best) == (size, 1)) | {"chance": 1 / size}
        for size in sizes
    }


def best_of_by_subset(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """The same by subset, as RewardBench 2 reports it; equal scores are not right here."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.subset is not None and item.best == 1:
            found[item.subset].append(item)
    return {
        subset: _share(item.first for item in own) | {"chance": fmean(1 / item.size for item in own)}
        for subset, own in sorted(found.items())
    }


def several_right(items: Sequence[Item]) -> dict[str, Any] | None:
    """Items with several right answers; None where there are none.

    Returns:
        ``first``: one of them is put first; ``all_above``: all of them above all others; ``even``: moreover their own
        scores differ by less than the gap to the others, as they should where all are equally right.
    """
    own = [item for item in items if item.best > 1]
    if not own:
        return None
    return {
        "n": len(own),
        "first": _share(item.first for item in own) | {"chance": fmean(item.best / item.size for item in own)},
        "all_above": _share(item.all_above for item in own),
        "even": _share(item.gap > item.spread for item in own),
    }


def rewardbench_ties(items: Sequence[Item]) -> dict[str, Any] | None:
    """The score of RewardBench 2's subset Ties (Malik et al. 2025); None where a file has no such rows.

    0.3 each for all right answers above all wrong ones on ``tied:N`` and on ``ref:N``, 0.2 each for a spread of right
    answers below the gap of ``tied:N`` and below the smaller gap of both, and at most 0.01 either way for how much.
    """
    kinds: dict[str, dict[tuple[int, str], Item]] = {"ref": {}, "tied": {}}
    for item in items:
        if item.row_id and (found := _TIES.fullmatch(item.row_id)):
            kinds[found[1]][item.file_number, found[2]] = item
    both = sorted(kinds["ref"].keys() & kinds["tied"].keys())
    if not both:
        return None
    accuracy = {kind: _share(item.all_above for item in own.values()) for kind, own in kinds.items()}
    gap = np.asarray([kinds["tied"][name].gap for name in both])
    smaller = np.minimum(gap, [kinds["ref"][name].gap for name in both])
    spread = np.asarray([kinds["tied"][name].spread for name in both])
    # Right answers with one and the same score: the ratio has no bound, and its tanh is at the end of its range
    ratio = np.divide(smaller, spread, out=np.where(smaller > 0, np.inf, -np.inf), where=spread > 0)
    preferred, hard = float((gap > spread).mean()), float((smaller > spread).mean())
    score = 0.3 * accuracy["tied"]["accuracy"] + 0.3 * accuracy["ref"]["accuracy"] + 0.2 * preferred + 0.2 * hard
    return {
        "n": len(both),
        "score": float(score + 0.01 * np.tanh(ratio - 1).mean()),
        "ref": accuracy["ref"],
        "tied": accuracy["tied"],
        "correctness_preferred": preferred,
        "correctness_preferred_hard": hard,
    }


def _share(right: Iterable[bool]) -> dict[str, Any]:
    return share(np.asarray(list(right), dtype=bool))
