"""Which ids a file holds, in little memory.

Belongs here: one compact index. Stays out: where ids come from, what their states mean.
"""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SIZE = 16


@dataclass(slots=True, frozen=True)
class Duplicate:
    """An id that stands in two lines."""

    line: int
    first_line: int


class IdIndex:
    """Ids with their lines, 29 bytes each: a million take 29 MB, where a ``dict`` of them takes 160.

    An id is known by 120 bits of its BLAKE2b hash. Fill it with :meth:`add`, then :meth:`freeze` it, then ask.

    Attributes:
        state: One byte an id, 0 at first, at its :meth:`position`; the caller's own.
    """

    def __init__(self) -> None:
        self._hashes: bytearray = bytearray()
        self._digests: bytearray = bytearray()
        self._lines = array("Q")
        self._sorted: npt.NDArray[np.bytes_] = np.zeros(0, f"S{_SIZE}")
        self._questions: npt.NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._ranks: npt.NDArray[np.uint32] = np.zeros(0, np.uint32)
        self.state = bytearray()

    def __len__(self) -> int:
        return len(self._lines) or len(self.state)

    def add(self, name: str, line: int, digest: bytes) -> None:
        """One id, its line, and the 8 bytes of its question."""
        self._hashes += _hash(name)
        self._digests += digest
        self._lines.append(line)

    def freeze(self) -> list[Duplicate]:
        """Ends the filling; returns the ids that stand twice, in the order of their lines."""
        hashes = np.frombuffer(bytes(self._hashes), f"S{_SIZE}")
        order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[order]
        self._questions = np.frombuffer(bytes(self._digests), np.uint64)[order]
        lines = np.frombuffer(self._lines, np.uint64)[order] if len(self._lines) else np.zeros(0, np.uint64)
        self._ranks = np.empty(len(hashes), np.uint32)
        self._ranks[order] = np.arange(len(hashes), dtype=np.uint32)
        self.state = bytearray(len(hashes))
        self._hashes, self._digests, self._lines = bytearray(), bytearray(), array("Q")
        same = np.flatnonzero(self._sorted[1:] == self._sorted[:-1]) + 1
        found, first = [], 0
        for place in same.tolist():
            if not first or self._sorted[place] != self._sorted[first]:
                first = place - 1
            found.append(Duplicate(int(lines[place]), int(lines[first])))
        return sorted(found, key=lambda duplicate: duplicate.line)

    def position(self, name: str) -> int | None:
        """Where an id stands in :attr:`state`; ``None`` when the file does not hold it."""
        wanted = np.bytes_(_hash(name))
        place = int(np.searchsorted(self._sorted, wanted))
        return place if place < len(self._sorted) and self._sorted[place] == wanted else None

    def nth(self, number: int) -> int | None:
        """The position of the id that was added as this one, from 0; ``None`` when there were fewer."""
        return int(self._ranks[number]) if number < len(self._ranks) else None

    def question(self, position: int) -> bytes:
        """The 8 bytes of the question at a position."""
        return self._questions[position].tobytes()

    def digest(self) -> bytes:
        """16 bytes that change when an id or a question does; the order of lines does not matter."""
        return hashlib.blake2b(self._sorted.tobytes() + self._questions.tobytes(), digest_size=16).digest()


def _hash(name: str) -> bytes:
    # numpy takes zeros at the end of bytes away, so the last byte is none
    return hashlib.blake2b(name.encode(), digest_size=_SIZE - 1).digest() + b"\1"
