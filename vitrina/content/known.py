"""What the inputs of a description say, in a form that claims can be looked up in.

Belongs here: reading ``ProductFacts`` into entries, words and numbers. Stays out: reading the text that is checked.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from vitrina.content.facts import ProductFacts
from vitrina.content.html import strip_markup
from vitrina.content.quantities import Number, read_numbers
from vitrina.lexicon import Entry, Lexicon, Match
from vitrina.lexicon.keys import is_cyrillic, russian_lemmas, tokens

_MARKUP = re.compile(r"</?[a-zA-Z!][^<>]*>|&[a-zA-Z#][a-zA-Z0-9]{1,8};")
_COMPACT = re.compile(r"[^0-9a-zа-яё]+")
_LOOKALIKE = str.maketrans("авекмнорстух", "abekmhopctyx")
#: How far a percentage may stand from its material, and what ends a pair.
_SHARE_GAP = 14
_SHARE_BREAK = re.compile(r"[,;.\n%\d]")
_LETTER_SIZES = ("xxxs", "xxs", "xs", "s", "m", "l", "xl", "xxl", "3xl", "4xl", "5xl", "6xl", "7xl", "8xl")
_SIZE_RANGE = re.compile(r"\s*(?:-|–|—|до|to)\s*")
#: Names of attributes that say what the bare number in their value measures → the dimension and its usual factor.
_NAMED_DIMENSIONS: tuple[tuple[re.Pattern[str], str, int], ...] = (
    (re.compile(r"объ[её]м|hacim|volume", re.IGNORECASE), "volume", 1),
    (re.compile(r"вес\b|масса|ağırlık|gramaj|weight|нетто", re.IGNORECASE), "mass", 1),
    (re.compile(r"количеств|в упаковке|adet|quantity|штук", re.IGNORECASE), "count", 1),
    (re.compile(r"возраст|yaş\b|age\b", re.IGNORECASE), "age", 12),
    (re.compile(r"spf", re.IGNORECASE), "spf", 1),
    (re.compile(r"состав|материал|материа|kumaş|içeri|composition|material|fabric", re.IGNORECASE), "percent", 1),
)


@dataclass(slots=True)
class Known:
    """The inputs, read.

    Attributes:
        said: kind → keys of entries that the inputs name, with everything broader.
        absent: (kind, key) of entries that the inputs say are not in it.
        words: Lemmas of Russian words and lower-case Latin words.
        measures: dimension → ranges in base units.
        numbers: All numbers as written, as ranges.
        shares: material key → percentages beside it.
        compact: Letters and digits of the inputs, for codes such as B12.
    """

    said: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    absent: set[tuple[str, str]] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    measures: dict[str, set[tuple[Decimal, Decimal]]] = field(default_factory=lambda: defaultdict(set))
    numbers: set[tuple[Decimal, Decimal]] = field(default_factory=set)
    shares: dict[str, set[Decimal]] = field(default_factory=lambda: defaultdict(set))
    compact: str = ""

    def says(self, entry: Entry) -> bool:
        """Whether the inputs name the entry or something that it is the broader word for."""
        return entry.key in self.said.get(entry.kind, ())

    def has_words(self, surface: str) -> bool:
        """Whether each word of ``surface`` stands in the inputs in some form."""
        return all(not self.words.isdisjoint(word_keys(token.base)) for token in tokens(surface))

    def has_code(self, code: str) -> bool:
        """Whether letters and digits as in ``B12`` or ``Q10`` stand in the inputs, in either alphabet."""
        return compact(code) in self.compact


def compact(text: str) -> str:
    """Lower-case letters and digits, Cyrillic letters that look like Latin ones written as these."""
    return _COMPACT.sub("", text.lower()).translate(_LOOKALIKE)


def word_keys(word: str) -> frozenset[str]:
    """Forms under which a word of a text is compared with words of the inputs."""
    return russian_lemmas(word) if is_cyrillic(word) else frozenset({word.lower()})


def plain_text(text: str) -> str:
    """Text without markup; text that has none stays as it is, so that offsets are those of the input."""
    return strip_markup(text) if _MARKUP.search(text) else text


def read_facts(facts: ProductFacts, lexicon: Lexicon) -> Known:
    """All that the inputs say. Fields are read one by one, so that nothing is joined over their borders."""
    known = Known()
    for name, value in _fields(facts):
        _read_field(known, name, value, lexicon)
    _complete(known)
    known.compact = " ".join(compact(f"{name} {value}") for name, value in _fields(facts))
    return known


def _fields(facts: ProductFacts) -> Iterator[tuple[str, str]]:
    yield "", plain_text(facts.title)
    yield "", facts.brand or ""
    yield "", plain_text(facts.description or "")
    yield "", facts.category_path or ""
    yield "", (facts.category_slug or "").replace("-", " ").replace("_", " ")
    for name, value in facts.attributes.items():
        yield str(name), plain_text(str(value))
    for sentence in facts.category_facts:
        yield "", plain_text(sentence)


def _read_field(known: Known, name: str, value: str, lexicon: Lexicon) -> None:
    for text in (name, value):
        for token in tokens(text):
            known.words |= word_keys(token.base)
    matches = lexicon.find_all(value)
    for match in [*lexicon.find_all(name), *matches]:
        if match.negated:
            known.absent.add((match.entry.kind, match.entry.key))
        else:
            known.said[match.entry.kind] |= lexicon.broader(match.entry)
    _read_size_ranges(known, value, matches)
    numbers = read_numbers(value, lexicon)
    for number in numbers:
        _read_number(known, name, number, lexicon)
    for material, percent in material_shares(value, matches, numbers):
        for key in lexicon.broader(material):
            known.shares[key].add(percent)
    for number in read_numbers(name, lexicon):
        _read_number(known, "", number, lexicon)


def _read_number(known: Known, name: str, number: Number, lexicon: Lexicon) -> None:
    written = number.written or (number.low, number.high)
    known.numbers.add((written[0], written[-1]))
    if number.dimension is not None:
        known.measures[number.dimension].add((number.low, number.high))
        return
    for match in lexicon.find(name):  # "Объём, мл: 50"
        unit = match.entry
        if unit.kind == "unit" and unit.dimension and unit.factor:
            known.measures[unit.dimension].add((number.low * unit.factor, number.high * unit.factor))
    for pattern, dimension, factor in _NAMED_DIMENSIONS:
        if pattern.search(name):
            known.measures[dimension].add((number.low * factor, number.high * factor))


def _read_size_ranges(known: Known, text: str, matches: list[Match]) -> None:
    sizes = [match for match in matches if match.entry.kind == "size" and match.entry.key in _LETTER_SIZES]
    for place, low in enumerate(sizes):
        for high in sizes[place + 1 : place + 4]:
            if high.start >= low.end and _SIZE_RANGE.fullmatch(text, low.end, high.start):
                first, last = _LETTER_SIZES.index(low.entry.key), _LETTER_SIZES.index(high.entry.key)
                known.said["size"].update(_LETTER_SIZES[first : last + 1])


def _complete(known: Known) -> None:
    if known.said["gender"] >= {"men", "women"}:
        known.said["gender"].add("unisex")
    if known.said["gender"] & {"girl", "boy"}:
        known.said["age"].add("children")


def material_shares(text: str, matches: list[Match], numbers: list[Number]) -> list[tuple[Entry, Decimal]]:
    """Percentages that stand beside a material: "%95 pamuk", "хлопок 95 %", "95 % хлопок, 5 % эластан"."""
    found: list[tuple[Entry, Decimal]] = []
    materials = sorted(
        (match for match in matches if match.entry.kind == "material" and not match.negated),
        key=lambda match: (match.start, match.end),
    )
    percents = [number for number in numbers if number.dimension == "percent"]
    if not materials or not percents:
        return found
    number_first = percents[0].start < materials[0].start
    starts = [match.start for match in materials]
    ends = [match.end for match in materials]
    for number in percents:  # bisected: a hostile text may hold thousands of both
        if number_first:
            near = range(bisect_left(starts, number.end), bisect_right(starts, number.end + _SHARE_GAP))
        else:
            near = range(bisect_left(ends, number.start - _SHARE_GAP), bisect_right(ends, number.start))
        for place in near:
            match = materials[place]
            between = text[number.end : match.start] if number_first else text[match.end : number.start]
            if not _SHARE_BREAK.search(between):
                found.append((match.entry, number.low))
    return found
