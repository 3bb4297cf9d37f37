"""How easily a text reads.

Belongs here: sentence and syllable counts and the Flesch formula for Russian and English. Stays out: what follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vitrina.content.html import words

_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_RUSSIAN_VOWELS = re.compile(r"[аеёиоуыэюя]", re.IGNORECASE)
_ENGLISH_VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)


@dataclass(slots=True, frozen=True)
class Readability:
    """``flesch``: 0 (hard) to 100 (easy), clipped; ``words_per_sentence`` and ``longest_sentence`` in words."""

    flesch: float
    words_per_sentence: float
    longest_sentence: int


def sentences(text: str) -> list[str]:
    """Sentences of plain text; a line is a sentence of its own (list items carry no full stop)."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def readability(text: str, language: str = "ru") -> Readability:
    """Flesch reading ease: for Russian with Oborneva's coefficients (2006), 206.835 - 1.3 ASL - 60.1 ASW; for
    English Flesch's own (1948), 206.835 - 1.015 ASL - 84.6 ASW. An empty text gives zeros."""
    lengths = [len(words(sentence)) for sentence in sentences(text)]
    lengths = [length for length in lengths if length]
    total = sum(lengths)
    if not total:
        return Readability(0.0, 0.0, 0)
    vowels = _ENGLISH_VOWELS if language == "en" else _RUSSIAN_VOWELS
    syllables = sum(max(1, len(vowels.findall(word))) for word in words(text)) / total
    per_sentence = total / len(lengths)
    sentence_weight, syllable_weight = (1.015, 84.6) if language == "en" else (1.3, 60.1)
    flesch = 206.835 - sentence_weight * per_sentence - syllable_weight * syllables
    return Readability(round(min(100.0, max(0.0, flesch)), 1), round(per_sentence, 1), max(lengths))
