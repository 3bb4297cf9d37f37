"""Near-duplicate texts over a catalogue.

Belongs here: the index that finds texts which say the same in (almost) the same words. Stays out: the verdict.

Two texts are compared by the Jaccard similarity of their word 5-grams. Candidates come from MinHash banding (Broder
1997; 16 bands of 4 rows: a pair of similarity 0.8 is missed with probability 1e-4), and each is verified exactly, so
a reported similarity is never an estimate.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitrina.content.repetition import shingles

THRESHOLD = 0.8
BANDS, ROWS = 16, 4
# A bucket this full holds one text repeated over and over; more witnesses add nothing but time.
CANDIDATES_PER_BUCKET = 50

_RNG = np.random.default_rng(20240229)
_MULTIPLIERS = _RNG.integers(1, 2**63, size=BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _RNG.integers(0, 2**63, size=BANDS * ROWS, dtype=np.uint64)


@dataclass(slots=True, frozen=True)
class Duplicate:
    """Another text that is (almost) the same: its key, and the Jaccard similarity of 5-grams, 0 to 1."""

    key: Hashable
    similarity: float


class DuplicateIndex:
    """Texts by key; adding and asking take time in the length of one text, not of the catalogue."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold
        self._hashes: dict[Hashable, frozenset[int]] = {}
        self._buckets: dict[tuple[int, bytes], list[Hashable]] = defaultdict(list)

    def add(self, key: Hashable, text: str) -> None:
        """Remember a text. A key stands for one text: adding it again replaces the former one."""
        hashes = shingle_hashes(text)
        if key in self._hashes:
            for band in _bands(self._hashes[key]):
                if key in (bucket := self._buckets[band]):
                    bucket.remove(key)
        self._hashes[key] = hashes
        for band in _bands(hashes):
            self._buckets[band].append(key)

    def nearest(self, text: str, *, exclude: Hashable | None = None) -> list[Duplicate]:
        """Texts at or above the threshold, the most similar first; ``exclude`` is the text's own key."""
        hashes = shingle_hashes(text)
        candidates: dict[Hashable, None] = {}
        for band in _bands(hashes):
            others = (key for key in self._buckets.get(band, ()) if key != exclude)
            candidates.update(dict.fromkeys(key for key, _ in zip(others, range(CANDIDATES_PER_BUCKET), strict=False)))
        found = [Duplicate(key, jaccard(hashes, self._hashes[key])) for key in candidates]
        kept = [item for item in found if item.similarity >= self.threshold]
        return sorted(kept, key=lambda item: (-item.similarity, str(item.key)))


def find_duplicates(
    texts: Mapping[Hashable, str] | Iterable[tuple[Hashable, str]], threshold: float = THRESHOLD
) -> dict[Hashable, list[Duplicate]]:
    """For each text of a catalogue that has near-duplicates, those."""
    pairs = list(texts.items() if isinstance(texts, Mapping) else texts)
    index = DuplicateIndex(threshold)
    for key, text in pairs:
        index.add(key, text)
    found = {key: index.nearest(text, exclude=key) for key, text in pairs}
    return {key: items for key, items in found.items() if items}


def shingle_hashes(text: str) -> frozenset[int]:
    """64-bit hashes of the different 5-grams of a plain text."""
    grams = {" ".join(gram) for gram in shingles(text)}
    return frozenset(int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "big") for gram in grams)


def _bands(hashes: frozenset[int]) -> list[tuple[int, bytes]]:
    if not hashes:
        return []
    values: npt.NDArray[np.uint64] = np.fromiter(sorted(hashes), dtype=np.uint64, count=len(hashes))
    with np.errstate(over="ignore"):
        mixed = values[:, None] * _MULTIPLIERS[None, :] + _OFFSETS[None, :]
    # The high half of a multiplicative hash is the well-mixed one.
    minima = (mixed >> np.uint64(32)).min(axis=0).reshape(BANDS, ROWS)
    return [(band, minima[band].tobytes()) for band in range(BANDS)]


def signature(hashes: frozenset[int]) -> list[int]:
    """One signed 64-bit number a band, for tables: two texts are candidates when they share any. Empty for no text."""
    return [
        int.from_bytes(hashlib.blake2b(minima, digest_size=8, salt=bytes([band])).digest(), "big", signed=True)
        for band, minima in _bands(hashes)
    ]


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Share of what both have in what either has, 0 to 1."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0
