"""From a word in a text to the keys under which the lexicon files it.

Belongs here: tokens, Russian lemmas, Turkish stems, English singulars. Stays out: entries and phrases.

A key is ``language:form``. Russian forms are lemmas without ё; Latin words are tried as Turkish and as English, since
titles mix them. pymorphy3 is imported on first use (0.1 s, 15 MB); an analysis costs 0.05-0.4 ms and is cached by the
lexicon for each distinct word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vitrina.lexicon import turkish

#: A word (with what follows an apostrophe, so that ``Türkiye'de`` is one), a run of digits, or a symbol of units.
TOKEN = re.compile(r"[^\W\d_]+(?:['’ʼ`][^\W\d_]+)*|\d+|[%/°²³+&№]")
_APOSTROPHE = re.compile(r"['’ʼ`]")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_VOWEL_LESS = re.compile(r"^[бвгджзйклмнпрстфхцчшщ]+$")


@dataclass(slots=True, frozen=True)
class Token:
    """A token of a text: ``text[start:end]``; ``base`` is without what follows an apostrophe."""

    base: str
    start: int
    end: int


@dataclass(slots=True, frozen=True)
class Key:
    """One reading of a word. ``negated``: the reading took off a suffix that says "without"."""

    value: str
    negated: bool = False


def tokens(text: str) -> list[Token]:
    """All tokens of ``text`` in order. Never raises."""
    found = []
    for match in TOKEN.finditer(text):
        base = match.group()
        if not base.isalnum():
            head = _APOSTROPHE.split(base, maxsplit=1)[0]
            base = head if len(head) != 1 else _APOSTROPHE.sub("", base)  # L'Oréal is not the size L
        found.append(Token(base, match.start(), match.end()))
    return found


@lru_cache(maxsize=1)
def analyzer() -> Any:
    """The process-wide ``pymorphy3.MorphAnalyzer``."""
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")


def is_cyrillic(word: str) -> bool:
    """Whether the word has a Cyrillic letter."""
    return _CYRILLIC.search(word) is not None


def plain_ru(word: str) -> str:
    """Lower case, ё → е: Russian texts write either."""
    return word.lower().replace("ё", "е")


@lru_cache(maxsize=200_000)
def russian_lemmas(word: str) -> frozenset[str]:
    """All lemmas of a word as it may stand in a text, without ё, and the word itself."""
    plain = plain_ru(word)
    if _VOWEL_LESS.match(plain):
        return frozenset({plain})  # abbreviations: мл, шт, гр
    return frozenset({plain_ru(parse.normal_form) for parse in analyzer().parse(word.lower())} | {plain})


def dictionary_lemma(word: str) -> frozenset[str]:
    """The lemmas under which a name of the lexicon is filed.

    A name stands in its dictionary form, so readings whose lemma is the word itself win (``брюки`` is not ``брюка``);
    a participle (``увлажняющий``) is filed under its verb too, since texts conjugate it.
    """
    plain = plain_ru(word)
    if _VOWEL_LESS.match(plain):
        return frozenset({plain})
    parses = analyzer().parse(word.lower())
    if any(plain_ru(parse.normal_form) == plain for parse in parses):
        return frozenset({plain})
    known = [parse for parse in parses if parse.is_known] or parses[:1]
    return frozenset({plain_ru(parse.normal_form) for parse in known} | {plain})


@lru_cache(maxsize=20_000)
def _foreign_forms(word: str) -> frozenset[str]:
    """All forms of a name that the dictionary lacks (тинт, ортез): their lemmas would be guessed anew in each form."""
    parses = analyzer().parse(word.lower())
    if any(parse.is_known for parse in parses):
        return frozenset()
    wanted = [p for p in parses if p.tag.POS in {"NOUN", "ADJF"} and plain_ru(p.normal_form) == plain_ru(word)]
    return frozenset(plain_ru(form.word) for parse in wanted[:2] for form in parse.lexeme)


def latin_keys(word: str) -> Iterator[Key]:
    """Readings of a Latin word: as it stands, without diacritics, without Turkish suffixes, in the English singular."""
    english = word.replace("İ", "i").lower()
    for form in dict.fromkeys((turkish.lower(word), english)):
        yield Key(f"tr:{form}")
        for stem, negated in turkish.stems(form):
            yield Key(f"tr:{stem}", negated)
    yield Key(f"en:{english}")
    for singular in _singulars(english):
        yield Key(f"en:{singular}")


def _singulars(word: str) -> Iterator[str]:
    if len(word) > 4 and word.endswith("ies"):
        yield word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        yield word[:-2]
    if len(word) > 3 and word.endswith("ves"):
        yield word[:-3] + "f"
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]


def form_keys(word: str, language: str) -> frozenset[str]:
    """Keys under which one word of a lexicon name is filed.

    Args:
        language: ``ru``, ``tr``, ``en``, or ``other`` (matches in every language).
    """
    if is_cyrillic(word):
        return frozenset(f"ru:{lemma}" for lemma in dictionary_lemma(word) | _foreign_forms(word))
    if not word[0].isalpha():
        return frozenset({f"xx:{word}"})
    low = turkish.lower(word) if language == "tr" else word.lower()
    if language == "tr":
        return frozenset({f"tr:{low}", f"tr:{turkish.fold(low)}"})
    if language == "en":
        return frozenset({f"en:{low}"})
    return frozenset({f"tr:{low}", f"en:{low}"})


def text_keys(word: str) -> list[Key]:
    """All readings of a token of a text, most literal first."""
    if not word[0].isalpha():
        return [Key(f"xx:{word}")]
    if is_cyrillic(word):
        return [Key(f"ru:{lemma}") for lemma in russian_lemmas(word)]
    return list(latin_keys(word))
