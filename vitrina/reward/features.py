"""Features that see only the surface of an answer: what a reward model must beat.

What belongs here: length and shape of a text as numbers. What stays out: words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from vitrina.reward.pairs import Floats

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[.!?…]+")
#: Names of the columns of `surface`.
SURFACE = ("log_characters", "log_words", "log_sentences", "log_lines", "digits", "capitals", "marks", "word_length")


def length(answers: Sequence[str]) -> Floats:
    """Shape (n, 1): logarithm of the number of characters."""
    return np.log1p([[len(answer)] for answer in answers]).astype(float)


def surface(answers: Sequence[str]) -> Floats:
    """Shape (n, 8), columns as `SURFACE`: counts as logarithms, kinds of characters as shares."""
    return np.asarray([_surface(answer) for answer in answers], dtype=float).reshape(len(answers), len(SURFACE))


def _surface(answer: str) -> list[float]:
    words = _WORD.findall(answer)
    size = max(len(answer), 1)
    counts = (len(answer), len(words), len(_SENTENCE.findall(answer)), answer.count("\n"))
    shares = (
        sum(map(str.isdigit, answer)) / size,
        sum(map(str.isupper, answer)) / size,
        sum(1 for sign in answer if not sign.isalnum() and not sign.isspace()) / size,
    )
    return [*np.log1p(counts).tolist(), *shares, sum(map(len, words)) / max(len(words), 1) / 10]
