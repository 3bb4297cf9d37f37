"""Folds by prompt group: what is near to each other stays on one side.

What belongs here: joining near-duplicate prompts and cutting folds of a wanted size, always the same for the same data
and seed. What stays out: the stored split of dataset versions.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from vitrina.content.duplicates import DuplicateIndex
from vitrina.errors import PermanentError
from vitrina.preferences.formats import PreferenceRow
from vitrina.preferences.formats.keys import prompt_group

#: Shares of the pairs. Validation chooses the settings, calibration fits one temperature.
FOLDS: Mapping[str, float] = MappingProxyType({"train": 0.75, "validation": 0.10, "calibration": 0.15})
#: So many clusters of one size fill every fold, as ten prompts do that have nothing in common.
CLUSTERS = 10
# Prompts of dialogues run to many thousand characters; what they begin with tells near-duplicates.
_PROMPT_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of each fold, and which group went where: groups that rows name, and those of their prompts."""

    folds: Mapping[str, tuple[PreferenceRow, ...]]
    groups: Mapping[str, str]

    @property
    def version(self) -> str:
        """Hex sha256 of group and fold of every group."""
        lines = "\n".join(f"{group} {fold}" for group, fold in sorted(self.groups.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def joined_groups(rows: Sequence[PreferenceRow]) -> dict[str, str]:
    """For each prompt group the name of its cluster: the smallest group whose prompt is a near-duplicate, by steps.

    Where a file names groups of its own, each prompt's own group is there too: one prompt may stand in two groups, and
    many in one.
    """
    named = {row.group for row in rows}
    prompts: dict[str, str] = {}
    parent = {group: group for group in named}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    def join(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)), key=lambda group: (group not in named, group))
        parent[second] = first

    for row in rows:
        own = prompt_group(row.prompt)
        parent.setdefault(own, own)
        join(row.group, own)
        prompts.setdefault(own, row.prompt[:_PROMPT_CHARACTERS])
    index = DuplicateIndex()
    for group in sorted(prompts):
        for near in index.nearest(prompts[group]):
            join(group, str(near.key))
        index.add(group, prompts[group])
    return {group: root(group) for group in parent}


def split(rows: Sequence[PreferenceRow], seed: int = 0, shares: Mapping[str, float] = FOLDS) -> Split:
    """Cut rows into folds of about these shares of the rows, as `cut` does.

    Raises:
        PermanentError: prompts are so much alike that a fold would be empty.
        ValueError: the shares do not sum to one.
    """
    found = cut(rows, seed, shares)
    if empty := [fold for fold, members in found.folds.items() if not members]:
        cluster = joined_groups(rows)
        sizes = Counter(cluster[row.group] for row in rows)
        prompts, largest = len({prompt_group(row.prompt) for row in rows}), max(sizes.values(), default=0)
        raise PermanentError(
            f"Nothing is left for {' and '.join(empty)}: {prompts} prompts make {len(sizes)} "
            f"cluster{'s' * (len(sizes) != 1)} of near-duplicates, the largest with {largest} of {len(rows)} rows, and "
            "a cluster is never cut.",
            hint=f"{CLUSTERS} clusters or more of like size are needed. Where prompts are a long template with a few "
            "words of their own, leave the template out of them.",
        )
    return found


def cut(rows: Sequence[PreferenceRow], seed: int = 0, shares: Mapping[str, float] = FOLDS) -> Split:
    """Cut rows into folds of about these shares of the rows; no cluster is in two of them, and one may be empty.

    Clusters are taken in the order of a hash of seed and name, so that the cut does not depend on the order of rows.

    Raises:
        ValueError: the shares do not sum to one.
    """
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"Shares of folds must sum to one, not to {sum(shares.values())}.")
    cluster = joined_groups(rows)
    sizes = Counter(cluster[row.group] for row in rows)
    order = sorted(sizes, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    # The small folds are filled first: a fold that is left out would leave nothing to choose or to calibrate by
    names = sorted(shares, key=lambda name: shares[name])
    wanted = {name: shares[name] * len(rows) for name in names}
    filled: Counter[str] = Counter()
    fold_of: dict[str, str] = {}
    for name in order:
        fold = next((fold for fold in names[:-1] if filled[fold] + sizes[name] / 2 < wanted[fold]), names[-1])
        fold_of[name] = fold
        filled[fold] += sizes[name]
    groups = {group: fold_of[name] for group, name in cluster.items()}
    folds = {fold: tuple(row for row in rows if groups[row.group] == fold) for fold in shares}
    return Split(MappingProxyType(folds), MappingProxyType(groups))


def cross_folds(rows: Sequence[PreferenceRow], folds: int = 5, seed: int = 0) -> list[tuple[PreferenceRow, ...]]:
    """Rows in this many parts of about equal size, cut as `split` does."""
    shares = {str(number): 1 / folds for number in range(folds)}
    return list(cut(rows, seed, shares).folds.values())
