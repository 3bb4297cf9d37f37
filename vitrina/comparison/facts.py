"""Facts of a product as they stand above the texts of a pair.

Belongs here: values of any shape as short words, and which of them fit into two lines. Pure. Stays out: where the
facts come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: About two lines of the task band on a wide screen.
_TWO_LINES = 210
_LONGEST_VALUE, _MOST = 300, 60


class Facts(NamedTuple):
    """Label and value: those that are always in sight, and the rest."""

    first: list[tuple[str, str]]
    rest: list[tuple[str, str]]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.first) + len(self.rest)


def facts_of(values: Mapping[str, Any]) -> Facts:
    """Facts in their order, with what goes beyond two lines apart; empty values left out."""
    first: list[tuple[str, str]] = []
    rest: list[tuple[str, str]] = []
    room = _TWO_LINES
    for label, value in list(values.items())[:_MOST]:
        words = _words(value)
        if not words:
            continue
        room -= len(str(label)) + len(words) + 4
        (first if room >= 0 else rest).append((str(label), words))
    if not first and rest:
        first.append(rest.pop(0))
    return Facts(first, rest)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{name}: {_words(inner)}" for name, inner in list(value.items())[:20]]
    if isinstance(value, list | tuple):
        value = ", ".join(_words(inner) for inner in value[:20])
    words = "" if value is None else " ".join(str(value).split())
    return words if len(words) <= _LONGEST_VALUE else f"{words[:_LONGEST_VALUE]}…"
