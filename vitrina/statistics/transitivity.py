"""Whether preferences contradict each other: A over B, B over C, and yet C over A.

Belongs here: counting circular triads (Kendall and Babington Smith 1940) within groups. Stays out: where preferences
come from, and ties, which say nothing of an order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import combinations

#: Of a group with more texts than this, no triads are formed: their number grows with the third power.
MOST_TEXTS = 60


@dataclass(frozen=True, slots=True)
class Triads:
    """Three texts of which each two were compared: how many such threes, and how many of them run in a circle.

    ``left_out`` counts groups that are too large to look at.
    """

    triads: int
    circular: int
    left_out: int = 0


def circular_triads(preferences: Iterable[tuple[Hashable, Hashable, Hashable]]) -> Triads:
    """Count triads of (group, preferred, other). Repeated comparisons of two texts count by their majority."""
    margins: dict[Hashable, Counter[tuple[Hashable, Hashable]]] = defaultdict(Counter)
    for group, preferred, other in preferences:
        margins[group][preferred, other] += 1
    triads = circular = left_out = 0
    for counted in margins.values():
        beats = {two for two, times in counted.items() if times > counted.get((two[1], two[0]), 0)}
        texts = list(dict.fromkeys(text for two in beats for text in two))
        if len(texts) > MOST_TEXTS:
            left_out += 1
            continue
        for a, b, c in combinations(texts, 3):
            forward = ((a, b) in beats) + ((b, c) in beats) + ((c, a) in beats)
            backward = ((b, a) in beats) + ((c, b) in beats) + ((a, c) in beats)
            triads += forward + backward == 3
            circular += 3 in (forward, backward)
    return Triads(triads, circular, left_out)
