"""Words that a description must not use, in all their forms.

Belongs here: the forbidden words of CAT-6 and how their forms are recognised. Stays out: suspicious words of
moderation (``moderation_words``).

*Лучший* is forbidden as an adjective in every form, *наилучший* included. The comparative *лучше* ("лучше стирать в
прохладной воде") is advice and not praise, and is allowed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from vitrina.content.morphology import normalise_token, parses, tokens

FORBIDDEN_LEMMAS = frozenset({"уникальный", "уникально", "уникальность", "невероятный", "невероятно", "невероятность"})
_SUPERLATIVE = re.compile(r"(?:наи)?лучш", re.IGNORECASE)
_ENGLISH = re.compile(r"\b(?:unique(?:ly|ness)?|best|incredibl[ey])\b", re.IGNORECASE)


def forbidden_words(text: str, language: str = "ru") -> list[str]:
    """The forbidden words as they stand in the text, each once, in order.

    Russian words are looked for in every language, English ones only in English texts ("Best" may be a brand in a
    Russian one).
    """
    found = [token for token in tokens(text) if _is_forbidden(normalise_token(token))]
    if language == "en":
        found += _ENGLISH.findall(text)
    return list(dict.fromkeys(found))


@lru_cache(maxsize=50_000)
def _is_forbidden(token: str) -> bool:
    if _SUPERLATIVE.match(token):
        return any("Supr" in parse.tag for parse in parses(token))
    if not token.startswith(("уник", "невер")):
        return False
    return any(parse.normal_form in FORBIDDEN_LEMMAS for parse in parses(token))
