"""What pairs are while they are made: two candidates of a product, and the counts of a run.

Belongs here: these records, and when two texts say the same. Stays out: making pairs (``pairing``, ``measuring``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from vitrina.content.duplicates import jaccard, shingle_hashes
from vitrina.preferences.candidates import Written
from vitrina.preferences.contracts import plain
from vitrina.preferences.formats.keys import normalised
from vitrina.preferences.models import Candidate
from vitrina.preferences.selection import Chosen

#: Two texts that share so much (Jaccard similarity of word 5-grams) leave nothing to choose between.
NEAR_DUPLICATE = 0.9


@dataclass(slots=True)
class PairsResult:
    """What one run made; ``left_out`` counts products without a pair by reason."""

    chosen: Counter[str] = field(default_factory=Counter)
    texts: Written = field(default_factory=Written)
    pairs: int = 0
    repeated: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    batches: list[str] = field(default_factory=list)
    preview: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two candidates of one product, and what the product was chosen for. ``choice``: of a pair that measures one."""

    chosen: Chosen
    first: Candidate
    second: Candidate
    certainty: float = 1.0
    choice: int | None = None


def near_duplicates(first: str, second: str, contract: str) -> bool:
    """Whether two texts say the same in (almost) the same words."""
    one, other = plain(first, contract), plain(second, contract)
    if normalised(one) == normalised(other):
        return True
    return jaccard(shingle_hashes(one), shingle_hashes(other)) >= NEAR_DUPLICATE
