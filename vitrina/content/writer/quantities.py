"""Volumes, weights, doses and counts: "200 ml", "60 Tablet", "2 adet" said in the target language.

Belongs here: numbers before units of the lexicon. Stays out: sizes of clothes.
"""

from __future__ import annotations

import re

from vitrina.content.writer.sheet import Quantity
from vitrina.lexicon import Entry, Lexicon
from vitrina.lexicon.morphology import plural

_NUMBER = re.compile(r"(?<![\w.,/%-])(\d{1,5}(?:[.,]\d{1,3})?)\s*[-'’]?\s*$")
_COMPOUND = re.compile(r"(?:\d\s*[xх×*+-]\s*\d*$)|^\s*[xх×*]\s*\d", re.IGNORECASE)
_SPF = re.compile(r"\bSPF\s?(\d{1,3}\+?)", re.IGNORECASE)
#: Dimensions that a title may be believed about; lengths and the like need a label.
_FREE = frozenset({"volume", "mass", "count", "activity", "pair"})
_COUNTED = frozenset({"count", "pair", "pack", "set"})


def read_quantities(text: str, lexicon: Lexicon, language: str, *, free_text: bool = False) -> list[Quantity]:
    """Quantities in order, each once. ``free_text``: the text is a title, so only units that speak for themselves."""
    found: list[Quantity] = []
    for match in lexicon.find(text):
        if match.entry.kind != "unit" or match.entry.dimension is None:
            continue
        number = _NUMBER.search(text[: match.start])
        if number is None or _COMPOUND.search(text[: number.end(1)]) or _COMPOUND.search(text[match.end :]):
            continue
        if free_text and match.entry.dimension not in _FREE:
            continue
        found.append(Quantity(match.entry.dimension, say(number[1], match.entry, language)))
    found += [Quantity("spf", f"SPF {hit[1]}") for hit in _SPF.finditer(text)]
    return list(dict.fromkeys(found))


def say(number: str, unit: Entry, language: str) -> str:
    """A number with its unit: ``0,5 л``, ``60 таблеток``, ``2 pieces``."""
    if language == "en":
        names = [name for name in unit.en or unit.other if name]
        name = (min(names, key=len) if unit.dimension not in _COUNTED else names[0]) if names else unit.key
        many = unit.dimension in _COUNTED and number != "1" and not name.endswith(("s", "."))
        return f"{number.replace(',', '.')} {name}{'s' if many else ''}"
    number = number.replace(".", ",")
    if unit.dimension in _COUNTED and number.isdigit():
        return f"{number} {plural(int(number), unit.ru)}"
    short = [name for name in (unit.ru, *unit.ru_forms) if re.fullmatch(r"[А-Яа-яЁё./°%]+", name)]
    return f"{number} {min(short, key=len) if short else unit.ru}"
