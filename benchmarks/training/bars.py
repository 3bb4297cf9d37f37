"""A bar and whether it was held; the table of them.

What belongs here: one line of the table, its words. What stays out: what is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """What one acceptance test asks, and what was found.

    Attributes:
        test: Number, 1 to 10.
        what: What was measured, on how many pairs.
        found: The figure, with its interval where it has one.
        bar: What it must reach.
        held: None where it was not measured; `found` says why.
    """

    test: int
    what: str
    found: str
    bar: str
    held: bool | None

    @property
    def word(self) -> str:
        """held, missed, not measured; or shown, where nothing is asked."""
        if not self.bar:
            return "shown"
        return {True: "held", False: "MISSED", None: "not measured"}[self.held]


def interval(bounds: Sequence[float]) -> str:
    """``0.804 [0.783, 0.823]``."""
    middle, low, high = bounds
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def table(bars: Iterable[Bar]) -> str:
    """A markdown table."""
    lines = ["| test | what | found | bar | |", "|---|---|---|---|---|"]
    lines += [f"| {each.test} | {each.what} | {each.found} | {each.bar} | {each.word} |" for each in bars]
    return "\n".join(lines)
