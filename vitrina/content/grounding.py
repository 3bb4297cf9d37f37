"""Whether a text claims only what the inputs say.

Belongs here: finding claims in a text and looking them up in the inputs. Stays out: reading the inputs (``known``),
numbers (``quantities``), words (``vitrina.lexicon``), and what is done with an unsupported text (moderation).

Claims are numbers with a unit, counted things, materials, colours, countries, sizes, certificates, percentages, ages,
who it is for, ingredients, and medical effects. A claim is supported when its words stand in the product's own fields
or in facts of its category, in any of the three languages and in any form; broader words are (blue for navy),
narrower ones are not.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from heapq import nsmallest

from vitrina.content.facts import ProductFacts
from vitrina.content.known import Known, material_shares, plain_text, read_facts
from vitrina.content.quantities import Number, read_numbers
from vitrina.lexicon import Lexicon, Match
from vitrina.lexicon.active import active
from vitrina.lexicon.keys import analyzer, is_cyrillic, tokens

#: Kinds of entries that are claims, with their name in explanations.
CHECKED_KINDS: dict[str, str] = {
    "material": "material", "color": "colour", "country": "country", "size": "size", "certificate": "certificate",
    "gender": "gender", "age": "age group", "ingredient": "ingredient", "medical": "medical effect",
}  # fmt: skip
#: Words too general to be a claim: any cloth is a fabric, any colour is light or dark.
GENERAL = frozenset({("material", "textile"), ("color", "light"), ("color", "dark"), ("color", "multicolor")})
#: Kinds whose absence is a claim of its own ("без парабенов").
ABSENCE_KINDS = frozenset({"ingredient", "material"})
_DIMENSION_KINDS = {"percent": "percentage", "age": "age"}
_CURRENCY = re.compile(r"[ \u00a0\u202f]?[₽$€₺]")
_SIZE_WORDS = frozenset({"размер", "рост", "size", "beden", "numara"})
_NUMBERED_WORDS = _SIZE_WORDS | {"номер", "артикул", "модель", "возраст", "тон", "оттенок", "no"}


@dataclass(slots=True, frozen=True)
class Finding:
    """A claim that the inputs do not support.

    Attributes:
        kind: ``number``, ``percentage``, ``age``, ``absence``, or a key of :data:`CHECKED_KINDS`.
        surface: The words in the text; ``plain[start:end] == surface``.
        explanation: For a person, in English.
    """

    kind: str
    surface: str
    start: int
    end: int
    explanation: str


@dataclass(slots=True, frozen=True)
class Grounding:
    """The outcome of a check.

    Attributes:
        score: Share of claims that are supported, 0 to 1; 1 for a text without claims.
        claims: How many claims were looked up.
        findings: The unsupported ones, in order of place.
        plain: The text that offsets are of: without markup.
    """

    score: float
    claims: int
    findings: list[Finding] = field(default_factory=list)
    plain: str = ""


def check(text: str, facts: ProductFacts, *, lexicon: Lexicon | None = None) -> Grounding:
    """Looks up every claim of ``text`` in ``facts``. Never raises for any text.

    Args:
        text: Plain text or HTML.
        lexicon: That of the settings when not given.
    """
    lexicon = lexicon or active()
    plain = plain_text(text)
    known = _known(facts, lexicon)
    matches = lexicon.find(plain)
    numbers = read_numbers(plain, lexicon)
    verdicts = [
        *_check_words(matches, known),
        *_check_numbers(plain, _outside_names(numbers, matches), known),
        *_check_shares(plain, matches, numbers, known),
    ]
    unique: dict[tuple[int, int, str], Finding] = {}
    for finding in verdicts:
        if finding is not None:  # a percentage may be wrong by itself and beside its material: one finding
            unique.setdefault((finding.start, finding.end, finding.kind), finding)
    findings = [unique[place] for place in sorted(unique)]
    claims = len(verdicts)
    return Grounding((claims - len(findings)) / claims if claims else 1.0, claims, findings, plain)


#: The inputs of the last few products: texts of one product (candidates, title, body) are checked one after another.
_recent: OrderedDict[str, tuple[Lexicon, Known]] = OrderedDict()
_RECENT = 16


def _known(facts: ProductFacts, lexicon: Lexicon) -> Known:
    key = f"{id(lexicon)} {facts.as_dict()!r}"
    held = _recent.get(key)
    if held is None:
        held = _recent[key] = (lexicon, read_facts(facts, lexicon))  # the lexicon stays alive, so that its id does
        while len(_recent) > _RECENT:
            _recent.popitem(last=False)
    return held[1]


def _check_words(matches: list[Match], known: Known) -> Iterator[Finding | None]:
    place = 0
    while place < len(matches):
        end = place + 1
        while end < len(matches) and matches[end].start == matches[place].start:
            end += 1
        readings = matches[place:end]
        place = end
        if all(match.entry.kind in CHECKED_KINDS for match in readings):
            if any((match.entry.kind, match.entry.key) in GENERAL for match in readings):
                continue
            if readings[0].negated:
                absences = [match for match in readings if match.entry.kind in ABSENCE_KINDS]
                if absences:
                    yield _check_absence(absences, known)
            else:
                yield _check_word(readings, known)


def _check_absence(readings: list[Match], known: Known) -> Finding | None:
    if any((match.entry.kind, match.entry.key) in known.absent for match in readings):
        return None
    match = readings[0]
    why = f"the text says that there is no {match.entry.key}, the inputs do not"
    return Finding("absence", match.surface, match.start, match.end, why)


def _check_word(readings: list[Match], known: Known) -> Finding | None:
    if any(known.says(match.entry) for match in readings):
        return None
    match = readings[0]
    kind = match.entry.kind
    if all((reading.entry.kind, reading.entry.key) in known.absent for reading in readings):
        why = f"the inputs say that there is no {match.entry.key}"
        return Finding(kind, match.surface, match.start, match.end, why)
    if known.has_words(match.surface):
        return None
    why = f"{CHECKED_KINDS[kind]} {match.entry.key!r} does not stand in the inputs"
    said = sorted(known.said.get(kind, ()))[:5]
    return Finding(kind, match.surface, match.start, match.end, f"{why}; they say {', '.join(said)}" if said else why)


def _outside_names(numbers: list[Number], matches: list[Match]) -> list[Number]:
    """The numbers that are no part of a name (the 3 of 3XL)."""
    named = {place for match in matches if match.entry.kind != "unit" for place in range(match.start, match.end)}
    return [
        number
        for number in numbers
        if number.dimension is not None or not (number.start in named and number.end - 1 in named)
    ]


def _check_numbers(text: str, numbers: list[Number], known: Known) -> Iterator[Finding | None]:
    for number in numbers:
        surface = text[number.start : number.end]
        if number.dimension is not None:
            kind = _DIMENSION_KINDS.get(number.dimension, "number")
            supported = _has_measure(number, known)
            why = f"{surface!r} does not stand in the inputs"
            measures = known.measures.get(number.dimension)
            if not supported and measures and number.unit is not None:
                factor = number.unit.factor or Decimal(1)
                said = ", ".join(_say(low / factor, high / factor) for low, high in nsmallest(5, measures))
                why = f"{why}; they say {said} {number.unit.key}"
        elif number.ordinal or not _is_claim(text, number):
            continue
        else:
            kind = "size" if number.low != number.high or _word_before(text, number.start) in _SIZE_WORDS else "number"
            supported = _has_code(text, number, known) if number.attached else _has_number(number, known)
            why = f"the number {surface!r} does not stand in the inputs"
        yield None if supported else Finding(kind, surface, number.start, number.end, why)


def _say(low: Decimal, high: Decimal) -> str:
    return f"{low.normalize():f}" if low == high else f"{low.normalize():f}-{high.normalize():f}"


def _has_measure(number: Number, known: Known) -> bool:
    measures = known.measures.get(number.dimension or "", set())
    if _within(number.low, measures, exact=number.dimension == "percent"):
        return number.low == number.high or _within(number.high, measures, exact=number.dimension == "percent")
    # Counted things (30 таблеток, 2 кармана, 3 цвета) may stand in the inputs without their noun: "N30", "№ 30"
    countable = (
        number.unit is not None and number.unit.factor == 1 and number.dimension not in {"percent", "volume", "mass"}
    )
    if number.dimension in {"count", "pair", "pack", "set", "pocket", "button", "colors", "layer"} and countable:
        return _has_number(number, known)
    if number.unit is not None and number.unit.key == "cm":  # sizes such as 158-164 are heights in centimetres
        spans = {span for span in known.numbers if span[0] != span[1]}
        return all(_within(value, spans) for value in number.written)
    return number.dimension == "count" and number.unit is None and _has_number(number, known)


def _has_number(number: Number, known: Known) -> bool:
    return all(_within(value, known.numbers) for value in (number.low, number.high))


def _within(value: Decimal, ranges: set[tuple[Decimal, Decimal]], *, exact: bool = False) -> bool:
    if (value, value) in ranges:
        return True
    return any(value in (low, high) or (not exact and low <= value <= high) for low, high in ranges)


def _has_code(text: str, number: Number, known: Known) -> bool:
    """``B12`` must stand in the inputs as a whole; of ``омега-3`` the number is enough, the word is its own claim."""
    hyphenated = text[number.start - 1 : number.start] == "-"
    return known.has_code(_code(text, number)) or (hyphenated and _has_number(number, known))


def _code(text: str, number: Number) -> str:
    start = number.start
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "-") and number.start - start < 12:
        start -= 1
    return text[start : number.end]


def _is_claim(text: str, number: Number) -> bool:
    """Whether a bare number says something: it counts a noun, follows a numbered one, is a range, a year or a code."""
    if number.attached or number.low != number.high or text[number.end - 1 : number.end].isalpha():
        return True
    if (
        _word_before(text, number.start) in _NUMBERED_WORDS
        or text[max(0, number.start - 2) : number.start].strip() == "№"
    ):
        return True
    if _CURRENCY.match(text, number.end):
        return True
    following = tokens(text[number.end : number.end + 40])
    if not following or text[number.end : number.end + following[0].start].strip(" \u00a0\u202f\u2009-"):
        return False
    word = following[0].base
    if not is_cyrillic(word):
        return word.isalpha()
    return _counted(word)


@lru_cache(maxsize=50_000)
def _counted(word: str) -> bool:
    """Whether a Russian word can be what a number counts."""
    return any(parse.tag.POS in {"NOUN", "ADJF", "PRTF"} for parse in analyzer().parse(word)[:2])


def _word_before(text: str, start: int) -> str:
    before = tokens(text[max(0, start - 30) : start])
    if not before:
        return ""
    word = before[-1].base.lower()
    return _lemma(word) if is_cyrillic(word) else word


@lru_cache(maxsize=50_000)
def _lemma(word: str) -> str:
    return str(analyzer().parse(word)[0].normal_form)


def _check_shares(text: str, matches: list[Match], numbers: list[Number], known: Known) -> Iterator[Finding | None]:
    """A percentage that stands in the inputs may still stand beside the wrong material."""
    for material, percent in material_shares(text, matches, numbers):
        said = known.shares.get(material.key)
        if said and percent not in said:
            number = next(item for item in numbers if item.dimension == "percent" and item.low == percent)
            shares = ", ".join(_say(share, share) for share in sorted(said))
            why = f"{material.key} is {shares} % in the inputs, not {_say(percent, percent)} %"
            yield Finding("percentage", text[number.start : number.end], number.start, number.end, why)
