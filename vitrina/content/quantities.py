"""Numbers in a text: measures with their unit, ranges, products, and bare numbers.

Belongs here: reading numbers and converting units with exact Decimals; units themselves are words of the lexicon.
Stays out: whether a number is supported (``grounding``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from vitrina.lexicon import Entry, Lexicon

_SPACE = "\u0020\u00a0\u202f\u2009"
_NUMBER = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[{_SPACE}]\d{{3}})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
_RANGE = re.compile(rf"[{_SPACE}]*(?:-|–|—|‑|…|\.\.\.?|\bдо\b|\bto\b|\bila\b)[{_SPACE}]*")
_TIMES = re.compile(rf"[{_SPACE}]*(?:[xх×*])[{_SPACE}]*", re.IGNORECASE)
_TO_UNIT = re.compile(rf"[{_SPACE}]*[-‑'’+]?[{_SPACE}]*")
_COUNT_SUFFIX = re.compile(r"['’]?(?:l[ıiuü])\b", re.IGNORECASE)
_PREFIX = re.compile(rf"(%|\bspf)[{_SPACE}:-]*$", re.IGNORECASE)
_ORDINAL = re.compile(r"[-‑](?:й|я|е|го|му|м|х|ая|ый|ой|th|st|nd|rd|inci|ıncı|üncü|uncu)\b|['’]?(?:th|st|nd|rd)\b")
#: Characters in which a unit is looked for: "грамм на квадратный метр" and its like in other cases.
_UNIT_REACH = 40
#: Small numbers as words. They count only before a unit: "два кармана" is a claim, "два варианта носки" is not.
_WORDS: dict[str, int] = {
    word: value
    for value, words in {
        2: "два две двух двумя двум iki two", 3: "три трёх трех тремя трём üç three", 4: "четыре четырёх четырех dört",
        5: "пять пяти пятью beş five", 6: "шесть шести altı six", 7: "семь семи yedi seven", 8: "восемь восьми sekiz",
        9: "девять девяти dokuz nine", 10: "десять десяти ten", 12: "двенадцать двенадцати twelve",
    }.items()
    for word in words.split()
}  # fmt: skip
_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b(?=[{_SPACE}])", re.IGNORECASE)
_YEARS = (Decimal(1900), Decimal(2100))


@dataclass(slots=True, frozen=True)
class Number:
    """One number or range of a text.

    Attributes:
        low, high: Equal unless it is a range. In base units of ``dimension`` where there is one, else as written.
        dimension: ``volume``, ``mass``, ``length``, ``percent``, …; ``None`` for a bare number.
        unit: The unit that was written (or ``None``); ``written`` is the number as written, for reading people.
        start, end: Offsets of number and unit in the text.
        attached: It stands right behind a letter (``B12``).
        ordinal: "2-я", or a list's own numbering.
    """

    low: Decimal
    high: Decimal
    start: int
    end: int
    dimension: str | None = None
    unit: Entry | None = None
    attached: bool = False
    ordinal: bool = False
    written: tuple[Decimal, ...] = ()


@dataclass(slots=True, frozen=True)
class _Written:
    value: Decimal
    start: int
    end: int


def read_numbers(text: str, lexicon: Lexicon) -> list[Number]:
    """All numbers of a text in order. Never raises.

    "36–41" is one range; in "2 x 50 ml" the last number has the unit and the first is a count of its own, with the
    product as a third number at the same place; "5 x 10 см" gives both lengths.
    """
    written = [_Written(_decimal(match.group()), match.start(), match.end()) for match in _NUMBER.finditer(text)]
    units = _Units(text, lexicon)
    found = list(_join(text, written, units))
    for match in _WORD.finditer(text):
        unit = units.behind(match.end())
        if unit is not None and (value := _WORDS.get(match.group().lower())) is not None:
            base = _base(Decimal(value), unit[0])
            found.append(
                Number(base, base, match.start(), unit[1], unit[0].dimension, unit[0], written=(Decimal(value),))
            )
    return sorted(found, key=lambda number: number.start)


def _decimal(surface: str) -> Decimal:
    return Decimal(re.sub(rf"[{_SPACE}]", "", surface).replace(",", "."))


class _Units:
    """Units behind numbers, looked up only where a number ends: a search of the whole text costs ten times as much."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self._text = text
        self._lexicon = lexicon

    def behind(self, end: int) -> tuple[Entry, int] | None:
        """The longest unit behind a number that ends at ``end``, and where the unit ends."""
        gap = _TO_UNIT.match(self._text, end)
        start = gap.end() if gap else end
        if self._text[start : start + 1].isspace() or not self._text[start : start + 1]:
            return None
        found: tuple[Entry, int] | None = None
        for match in self._lexicon.find_at(self._text, start, start + _UNIT_REACH):
            if match.entry.kind == "unit" and (found is None or found[1] < match.end):
                found = (match.entry, match.end)
        return found


def _join(text: str, written: list[_Written], units: _Units) -> Iterator[Number]:
    place = 0
    while place < len(written):
        group, products = [written[place]], False
        while place + len(group) < len(written):
            following = written[place + len(group)]
            between = (group[-1].end, following.start)
            if len(group) == 1 and _RANGE.fullmatch(text, *between) and following.value > group[0].value:
                group.append(following)
                break
            if not _TIMES.fullmatch(text, *between):
                break
            products = True
            group.append(following)
        place += len(group)
        if products:
            yield from _product(group, units)
        else:
            yield _single(text, group, units)


def _single(text: str, group: list[_Written], units: _Units) -> Number:
    first, last = group[0], group[-1]
    values = tuple(item.value for item in group)
    unit = units.behind(last.end) or (units.behind(first.end) if last is not first else None)
    before = text[first.start - 1 : first.start]
    attached = before.isalpha() or (before == "-" and text[first.start - 2 : first.start - 1].isalpha())
    if unit is not None and unit[1] >= last.end:
        entry, end = unit
        year = entry.key == "year" and _YEARS[0] <= values[0] <= _YEARS[1]
        gram_year = entry.key == "g" and _YEARS[0] <= values[0] <= _YEARS[1] and text[end : end + 1] == "."
        if not year and not (gram_year and text[end - 1 : end] == "г"):
            low, high = _base(values[0], entry), _base(values[-1], entry)
            return Number(low, high, first.start, end, entry.dimension, entry, attached, written=values)
        return Number(values[0], values[-1], first.start, end, written=values)
    prefix = _PREFIX.search(text, max(0, first.start - 8), first.start)
    if prefix is not None:
        dimension = "percent" if prefix.group(1) == "%" else "spf"
        return Number(values[0], values[-1], prefix.start(), last.end, dimension, written=values)
    counted = _COUNT_SUFFIX.match(text, last.end)
    if counted is not None:
        return Number(values[0], values[-1], first.start, counted.end(), "count", written=values)
    ordinal = _ORDINAL.match(text, last.end) is not None or _numbers_a_list(text, first.start, last.end)
    return Number(values[0], values[-1], first.start, last.end, None, None, attached, ordinal, values)


def _product(group: list[_Written], units: _Units) -> Iterator[Number]:
    unit = units.behind(group[-1].end)
    if unit is None:
        for item in group:
            yield Number(item.value, item.value, item.start, item.end, written=(item.value,))
        return
    entry, end = unit
    if entry.dimension == "length":  # 30 x 40 cm
        for item in group:
            value = _base(item.value, entry)
            yield Number(value, value, item.start, end, entry.dimension, entry, written=(item.value,))
        return
    total = Decimal(1)
    for item in group:
        total *= item.value
    last = group[-1]
    for item in group[:-1]:
        yield Number(item.value, item.value, item.start, item.end, written=(item.value,))
    for value in (last.value, total):
        base = _base(value, entry)
        yield Number(base, base, last.start if value == last.value else group[0].start, end, entry.dimension, entry)


def _base(value: Decimal, unit: Entry) -> Decimal:
    return value * (unit.factor or Decimal(1))


def _numbers_a_list(text: str, start: int, end: int) -> bool:
    line = text.rfind("\n", 0, start) + 1
    return (
        not text[line:start].strip()
        and text[end : end + 1] in {".", ")"}
        and text[end + 1 : end + 2] in {" ", "\u00a0"}
    )
