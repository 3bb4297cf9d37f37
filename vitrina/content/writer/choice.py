"""Deterministic variety: the same product always gets the same words, another product others.

Belongs here: picking and ordering by a digest. Stays out: what is picked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choice:
    """Picks by product id, seed and slot name; stable over processes and versions of Python."""

    def __init__(self, product_id: int, seed: int = 0) -> None:
        self._seed = f"{product_id}#{seed}" if seed else str(product_id)

    def number(self, slot: str) -> int:
        """A number of 64 bits for the slot."""
        return int.from_bytes(hashlib.blake2b(f"{self._seed}/{slot}".encode(), digest_size=8).digest(), "big")

    def pick(self, slot: str, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number(slot) % len(options)]

    def shuffled(self, slot: str, items: Sequence[T]) -> list[T]:
        """The items in an order of this product's own."""
        return [items[i] for i in sorted(range(len(items)), key=lambda place: self.number(f"{slot}/{place}"))]
