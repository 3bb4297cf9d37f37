"""On which side of the split a preference stands, now and in every later version.

Belongs here: groups (prompt, product, near-duplicate prompts) and their sides. Pure. Stays out: the table that keeps
the sides. A group's side is drawn from its name, so it needs no seed, and is stored, so that later rows cannot move it.
A row that ties two sides together is set aside.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vitrina.content.duplicates import CANDIDATES_PER_BUCKET, THRESHOLD, jaccard, shingle_hashes, signature
from vitrina.preferences.dataset.rows import TEST, TRAIN, VALIDATION


class Keyed(Protocol):
    """A row with a prompt and the keys that tie it to others."""

    @property
    def key(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def prompt(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A key whose side was given by an earlier version."""

    side: str
    prompt: str = ""
    bands: tuple[int, ...] = ()


@dataclass(slots=True)
class Split:
    """Sides of rows, and what is new to be stored.

    Attributes:
        side: Row key → side.
        joining: Row keys that tie two sides together.
        given: Split key → what is to be stored of it.
        groups: Side → number of groups.
    """

    side: dict[str, str] = field(default_factory=dict)
    joining: list[str] = field(default_factory=list)
    given: dict[str, Stored] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)


class _Groups:
    """Union-find over split keys."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, key: str) -> str:
        root = key
        while (parent := self._parent.setdefault(root, root)) != root:
            root = parent
        while self._parent[key] != root:
            self._parent[key], key = root, self._parent[key]
        return root

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first


def split(rows: Sequence[Keyed], stored: Mapping[str, Stored], *, validation_share: float, test_share: float) -> Split:
    """Give every row a side.

    Args:
        rows: All rows of a version, pairs, ties and labelled texts together.
        stored: Sides given by earlier versions.
        validation_share: Share of groups that are held out for choosing; ``test_share`` for the report.
    """
    groups = _Groups()
    keys_of = {row.key: row.keys for row in rows}
    for keys in keys_of.values():
        for key in keys[1:]:
            groups.join(keys[0], key)
    prompts = {_own_prompt(keys_of[row.key]): row.prompt for row in rows}
    bands = _join_near_duplicates(prompts, stored, groups)
    members: dict[str, set[str]] = defaultdict(set)
    for keys in keys_of.values():
        members[groups.find(keys[0])].update(keys)
    # Keys of earlier versions count in their group even where no row has them any more.
    for key in stored:
        root = groups.find(key)
        if root in members:
            members[root].add(key)
    result = Split()
    of_group = {root: _side(keys, stored, validation_share, test_share) for root, keys in members.items()}
    for row in rows:
        keys = keys_of[row.key]
        side = of_group[groups.find(keys[0])] or _own_side(keys, stored)
        if side is None:
            result.joining.append(row.key)
            continue
        result.side[row.key] = side
        for key in keys:
            if key not in stored:
                result.given[key] = Stored(side, prompts.get(key, ""), bands.get(key, ()))
    for root, side in of_group.items():
        if side is not None and members[root]:
            result.groups[side] = result.groups.get(side, 0) + 1
    return result


def _side(keys: Iterable[str], stored: Mapping[str, Stored], validation: float, test: float) -> str | None:
    """The side of a group: the stored one, a drawn one where there is none, ``None`` where there are two."""
    keys = sorted(keys)
    sides = {stored[key].side for key in keys if key in stored}
    if len(sides) > 1:
        return None
    return sides.pop() if sides else drawn_side(keys[0], validation, test)


def _own_prompt(keys: Sequence[str]) -> str:
    """The key of the row's prompt itself, which stands behind that of a group with another name."""
    return [key for key in keys if key.startswith("prompt:")][-1]


def _own_side(keys: Sequence[str], stored: Mapping[str, Stored]) -> str | None:
    """The side of a row whose group has two: its own, if all its keys have had one since an earlier version."""
    sides = {stored[key].side if key in stored else None for key in keys}
    return sides.pop() if len(sides) == 1 else None


def drawn_side(name: str, validation: float, test: float) -> str:
    """A side from a name: the same for ever, without a seed."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    return TEST if place < test else VALIDATION if place < test + validation else TRAIN


def _join_near_duplicates(
    prompts: Mapping[str, str], stored: Mapping[str, Stored], groups: _Groups
) -> dict[str, tuple[int, ...]]:
    """Join prompts that say the same in almost the same words; new ones with all, known ones met before.

    Args:
        prompts: Key → text of every prompt, also of those that share a group.

    Returns:
        Bands of the new prompts, to be stored with them.
    """
    texts = {key: known.prompt for key, known in stored.items() if known.prompt} | dict(prompts)
    buckets: dict[int, list[str]] = defaultdict(list)
    for key, known in stored.items():
        for band in known.bands:
            buckets[band].append(key)
    hashes: dict[str, frozenset[int]] = {}

    def of(key: str) -> frozenset[int]:
        if key not in hashes:
            hashes[key] = shingle_hashes(texts[key])
        return hashes[key]

    fresh: dict[str, tuple[int, ...]] = {}
    for key in sorted(set(prompts) - set(stored)):
        fresh[key] = tuple(signature(of(key)))
        near = {other for band in fresh[key] for other in buckets[band][:CANDIDATES_PER_BUCKET]}
        for other in sorted(near):
            if groups.find(key) != groups.find(other) and jaccard(of(key), of(other)) >= THRESHOLD:
                groups.join(key, other)
        for band in fresh[key]:
            buckets[band].append(key)
    return fresh
