"""What a model wrote, and what can be seen of a text without any model.

What belongs here: the record of one text, repetition, language. What stays out: writing, scores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vitrina.content.language import cyrillic_share, looks_like

_WORD = re.compile(r"\w+")
_RUN = 3
#: A prompt with this share of Cyrillic letters asks for Russian: names of goods and brands in it are often Latin.
_ASKS_FOR_RUSSIAN = 0.2


@dataclass(frozen=True, slots=True)
class Written:
    """One text.

    Attributes:
        ended: Whether the model ended it; False for one that was cut at the most tokens allowed.
        ids: Its tokens, with the end token if it has one.
    """

    text: str
    ended: bool
    ids: tuple[int, ...] = ()


def repetition(text: str) -> float:
    """Share of runs of three words that stood in the text before; 0 for a text of fewer words."""
    words = [word.casefold() for word in _WORD.findall(text)]
    runs = [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def in_language_of(prompt: str, text: str) -> bool:
    """Whether a text is in the language that its prompt asks for: Russian or English."""
    return looks_like(text, "ru" if cyrillic_share(prompt) >= _ASKS_FOR_RUSSIAN else "en")


def outside(text: str, *, cut: bool, shortest: int, longest: int) -> float:
    """How far a text is outside of what it may be: 0 within, up to 1 for one that is too short, 1 for one that was cut,
    more for one that is too long. A bound of 0 is none.
    """
    length = len(text)
    if longest and length > longest:
        return length / longest
    if cut:
        return 1.0
    return 1 - length / shortest if shortest and length < shortest else 0.0
