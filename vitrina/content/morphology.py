"""Russian word forms for the content rules and the offline writer: a thin, cached layer over pymorphy3.

Belongs here: parsing, inflection and agreement of words and short noun phrases. Stays out: meaning (the lexicon).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LATIN_LOOKALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")


@lru_cache(maxsize=1)
def analyser() -> Any:
    """The process-wide analyser; the dictionary is loaded at first use (about 0.1 s, 15 MB)."""
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")


@lru_cache(maxsize=50_000)
def parses(word: str) -> tuple[Any, ...]:
    """All readings of a word, likeliest first."""
    return tuple(analyser().parse(word))


def tokens(text: str) -> list[str]:
    """Words of a text as they stand; hyphenated ones stay whole."""
    return _TOKEN.findall(text)


def normalise_token(token: str) -> str:
    """Lower case, ``ё`` as ``е``; Latin look-alikes inside a Cyrillic word become Cyrillic (``лyчший``)."""
    token = token.lower().replace("ё", "е")
    if re.search(r"[а-я]", token) and re.search(r"[a-z]", token):
        token = token.translate(_LATIN_LOOKALIKES)
    return token


def lemmas(token: str) -> set[str]:
    """Every normal form that a word may have."""
    return {parse.normal_form.replace("ё", "е") for parse in parses(normalise_token(token))}
