"""Russian lemmas for the content rules: which words a token may be a form of.

Belongs here: tokens, normalisation, cached readings. Stays out: inflection and agreement
(``vitrina.lexicon.morphology``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from vitrina.lexicon.keys import analyzer

_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_RUSSIAN = re.compile(r"[А-Яа-яЁё]+(?:-[А-Яа-яЁё]+)*")
_LATIN_LOOKALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")


@lru_cache(maxsize=50_000)
def parses(word: str) -> tuple[Any, ...]:
    """All readings of a Russian word, likeliest first; none for anything else.

    The analyser raises ``ValueError`` on letters that the running Unicode database has no name for, so that only
    Cyrillic reaches it.
    """
    return tuple(analyzer().parse(word)) if _RUSSIAN.fullmatch(word) else ()


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
