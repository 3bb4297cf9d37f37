"""The synonym table of headers and the words that tell columns apart by content.

Belongs here: loading ``data/synonyms.yaml`` and matching one header. Stays out: content, and choosing between columns.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

_CAMEL = re.compile(r"(?<=[a-zа-яё0-9])(?=[A-ZА-ЯЁ])")
_NOT_WORD = re.compile(r"[^\w]+|_+")
#: A header like 1C's "Ценовая группа/ Номенклатура/ Характеристика" names several things of one column.
_PARTS = re.compile(r"[/\\|\n]+")

_NUMBERED = re.compile(r"\s?\d{1,2}$")
#: "Остаток, шт.", "Цена (руб.)": the unit says nothing of what the column is.
_UNIT = re.compile(
    r"\s*[,(\[]\s*(?:шт|руб|р|rub|₽|\$|usd|€|eur|₺|tl|try|₴|грн|uah|₸|тг|kzt|zł|pln|ед|уп|pcs|adet)\.?\s*[)\]]?\s*$",
    re.IGNORECASE,
)

_MAX_HEADER = 300

ATTRIBUTE = "attribute"
IGNORE = "ignore"
#: Phrases for what the buyer pays in the end, and those for a price without more said.
FINAL_PRICES = frozenset((
    "final price", "current price", "sale price", "discounted price", "discount price", "special price", "new price",
    "price sale", "saleprice", "цена со скидкой", "цена с учетом скидки", "новая цена", "акционная цена",
    "indirimli fiyat", "indirimli satiş fiyati",
))  # fmt: skip
REGULAR_PRICES = frozenset(("regular price", "базовая цена", "обычная цена"))
PLAIN_PRICES = frozenset(
    ("satiş fiyati", "price", "product price", "цена", "цена товара", "fiyat", "ürün fiyati", "ціна", "стоимость")
)


@dataclass(slots=True, frozen=True)
class Match:
    """What a header means: the field, how surely (0..1), and the rank of the phrase inside its field."""

    field: str
    score: float
    rank: int
    phrase: str


@dataclass(slots=True, frozen=True)
class Vocabulary:
    """The loaded table: phrase → (field, rank), and the word stems."""

    phrases: dict[str, tuple[str, int]]
    longest: int
    goods: re.Pattern[str]
    colors: re.Pattern[str]


def normalise(header: str) -> str:
    """``"Product_Name"``, ``"productName"`` and ``"Product name:"`` all give ``"product name"``."""
    text = unicodedata.normalize("NFKC", header[:300]).replace("İ", "i").replace("№", "no ")
    text = _CAMEL.sub(" ", text).casefold().replace("ё", "е").replace("i̇", "i").replace("ı", "i")
    return " ".join(_NOT_WORD.sub(" ", text).split())


@cache
def vocabulary() -> Vocabulary:
    """The table as shipped, read once."""
    raw = yaml.safe_load((files("vitrina.feeds") / "data" / "synonyms.yaml").read_text("utf-8"))
    phrases: dict[str, tuple[str, int]] = {}
    for name, synonyms in raw["fields"].items():
        for rank, phrase in enumerate(synonyms):
            phrases.setdefault(normalise(str(phrase)), (name, rank))
    for target, synonyms in ((ATTRIBUTE, raw["attributes"]), (IGNORE, raw["ignore"])):
        phrases.update({normalise(str(phrase)): (target, 0) for phrase in synonyms})
    return Vocabulary(phrases, max(len(p.split()) for p in phrases), _stems(raw["goods"]), _stems(raw["colors"]))


def _stems(words: list[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(str(word)) for word in words) + ")", re.IGNORECASE)


@cache
def match(header: str) -> Match | None:
    """What a header means by the table, or ``None``.

    A whole match scores 1, one of several parts ("…/ Номенклатура/ …") 0.9, a contained phrase 0.55 to 0.85 by its
    share of the header's words.
    """
    whole = normalise(header) if len(header) <= _MAX_HEADER else ""
    if not whole:
        return None
    known = vocabulary()
    if whole in known.phrases:
        return _match(whole, 1.0, known)
    numbered = known.phrases.get(_NUMBERED.sub("", whole))
    if numbered is not None and numbered[0] == "image":
        return Match("image", 0.9, numbered[1], whole)  # Resim1, photo_2, "Фото 3"
    without_unit = normalise(_UNIT.sub("", header))
    if without_unit != whole and without_unit in known.phrases:
        return _match(without_unit, 0.95, known)
    parts = [part for part in map(normalise, _PARTS.split(header)) if part in known.phrases]
    found = sorted((_match(part, 0.9, known) for part in parts), key=lambda m: m.field in (ATTRIBUTE, IGNORE))
    words = whole.split()
    for length in range(min(len(words), known.longest), 0, -1):
        for start in range(len(words) - length + 1):
            phrase = " ".join(words[start : start + length])
            if phrase in known.phrases and len(phrase) > 2:
                # "Наименование товаров" begins with what it is; "Полное имя клиента" does not.
                leading = 0.06 if start == 0 and known.phrases[phrase][0] == "title" else 0.0
                found.append(_match(phrase, 0.55 + leading + 0.3 * length / len(words), known))
    # A part that is a field wins over one that is not; "закупка, цена" is not the price: of two contained phrases of
    # the same length the one that says "no field" wins.
    return max(found, key=lambda m: (m.score, m.field in (ATTRIBUTE, IGNORE) and m.score < 0.9), default=None)


def _match(phrase: str, score: float, known: Vocabulary) -> Match:
    name, rank = known.phrases[phrase]
    return Match(name, score, rank, phrase)
