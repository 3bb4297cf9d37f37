"""Repetition within and between texts, by word n-grams.

Belongs here: shingles and the two shares built on them. Stays out: near-duplicate search (``duplicates``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from vitrina.content.html import words

SHINGLE = 5


def shingles(text: str, n: int = SHINGLE) -> list[tuple[str, ...]]:
    """Word n-grams of plain text in order, case folded; the whole text as one shingle when it is shorter than n."""
    tokens = [word.casefold() for word in words(text)]
    if not tokens:
        return []
    return [tuple(tokens[i : i + n]) for i in range(max(1, len(tokens) - n + 1))]


def distinct_share(text: str, n: int = 2) -> float:
    """Different n-grams over all n-grams of one text (distinct-n of Li et al., 2016); 1 for an empty text."""
    grams = shingles(text, n)
    return len(set(grams)) / len(grams) if grams else 1.0


def shared_shares(texts: Sequence[str], n: int = SHINGLE) -> list[float]:
    """Per text, the share of its different n-grams that stand in at least one other text of the catalogue."""
    grams = [set(shingles(text, n)) for text in texts]
    counts = Counter(gram for own in grams for gram in own)
    return [sum(counts[gram] > 1 for gram in own) / len(own) if own else 0.0 for own in grams]


def most_shared(texts: Iterable[str], n: int = SHINGLE, top: int = 10) -> list[tuple[str, int]]:
    """The n-grams that stand in most texts, with the number of texts: what a catalogue repeats."""
    counts = Counter(gram for text in texts for gram in set(shingles(text, n)))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(" ".join(gram), count) for gram, count in ranked[:top] if count > 1]
