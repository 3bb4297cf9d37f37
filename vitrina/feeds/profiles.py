"""What a column holds, judged by a sample of its values.

Belongs here: shares and counts over at most a few hundred values. Stays out: headers and the choice of fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from vitrina.feeds import currencies
from vitrina.feeds.prices import FILLERS
from vitrina.feeds.synonyms import vocabulary
from vitrina.feeds.text import as_text

URL = re.compile(r"https?://[^\s/]+|//[^\s/]+\.[^\s/]+|www\.[^\s/]+\.[^\s]+", re.IGNORECASE)
_IMAGE = re.compile(
    r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?:$|[?#&,;|\s\"])|/(?:images?|img|photos?|media|mnresize)[./]|://(?:img|images?|photos?|cdn|static)\d*\.",
    re.IGNORECASE,
)
_PAGE = re.compile(r"-p-\d+|/product/|/catalog/\d+/detail|/item/|/dp/|\.html?(?:$|[?#])|/tovar|/urun", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d[\d .,'\u00a0\u2009\u202f]*")
_REVIEWS = re.compile(r"\d[\d\s]*\s*(?:отзыв|оцен|review|rating|yorum|değerlendirme)", re.IGNORECASE)
SELLER = re.compile(r"(?:продавец|satıcı|sold by|seller|vendu par)\s*:?\s+(?P<name>\S.*)$", re.IGNORECASE)
_DELIVERY = re.compile(r"достав|завтра|послезавтра|delivery|kargo|teslimat|shipping", re.IGNORECASE)
_PERCENT = re.compile(r"[^\W\d]{2,}\W{0,4}\d{1,3}\s*%|\d{1,3}\s*%\W{0,3}[^\W\d]{2,}|%\s*\d{1,3}\W{0,2}[^\W\d]{2,}")
_SIZE = re.compile(
    r"(?:\d{2,3}(?:[.,]\d)?\s*(?:[-–/]\s*\d{2,3}\s*){0,4}(?:см|cm)?|(?:[2-6]?x{0,3}[sml]|xl)(?:\s*[-/]\s*(?:[2-6]?x{0,3}[sml]|xl))?"
    r"|one[- ]?size|tek ebat|единый|standart|std)",
    re.IGNORECASE,
)
#: Characters of a cell that are looked at; enough to tell its kind, and no room for slow matches.
_LOOK = 400
_CODE = re.compile(r"(?=\S*\d)[^\s,;]{2,30}")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_BOOLEANS = frozenset((
    "true", "false", "yes", "no", "да", "нет", "есть", "in_stock", "instock", "var", "yok", "0", "1", "+", "-",
    "available", "unavailable", "evet", "hayır", "out_of_stock", "preorder", "in stock", "out of stock", "в наличии",
    "нет в наличии", "под заказ", "stokta var", "tükendi",
))  # fmt: skip


@dataclass(slots=True)
class Profile:
    """Shares are of the filled values of the sample, 0..1; fillers ("null", "нет", "<>") do not count as filled."""

    rows: int = 0
    filled: float = 0.0
    distinct: float = 0.0
    distinct_count: int = 0
    url: float = 0.0
    image: float = 0.0
    page: float = 0.0
    number: float = 0.0
    integer: float = 0.0
    currency: float = 0.0
    gtin: float = 0.0
    reviews: float = 0.0
    seller: float = 0.0
    composition: float = 0.0
    size: float = 0.0
    color: float = 0.0
    code: float = 0.0
    boolean: float = 0.0
    goods: float = 0.0
    letters: float = 0.0
    length: float = 0.0
    words: float = 0.0
    sequential: bool = False
    largest: float = 0.0
    fractions: float = 0.0
    samples: list[str] = field(default_factory=list)


def profile(values: Sequence[Any]) -> Profile:
    """Judge one column by its raw values (cells of any type, ``None`` where a record lacks it)."""
    texts = [" ".join(_sample_text(value).split()) for value in values]
    filled = [text for text in texts if text and text.lower() not in FILLERS]
    result = Profile(rows=len(values), samples=list(dict.fromkeys(text[:80] for text in filled))[:3])
    count = len(filled)
    if not count:
        return result
    known = vocabulary()
    result.filled = count / len(values)
    result.distinct_count = len(set(filled))
    result.distinct = result.distinct_count / count

    def share(test: Any) -> float:
        return sum(1 for text in filled if test(text)) / count

    result.url = share(lambda t: URL.match(t.lstrip("[\"' ")))
    if result.url > 0.3:
        result.image = share(lambda t: _IMAGE.search(t[:_LOOK]))
        result.page = share(lambda t: _PAGE.search(t[:_LOOK]))
    result.number = share(lambda t: len(t) <= 60 and _NUMBER.fullmatch(t))
    result.currency = share(lambda t: len(t) <= 40 and currencies.PATTERN.search(t.lower()) and re.search(r"\d", t))
    if result.number > 0.3:
        _judge_numbers(result, filled)
    result.gtin = share(is_gtin)
    result.boolean = share(lambda t: t.lower() in _BOOLEANS)
    result.size = share(lambda t: len(t) <= 60 and _SIZE.fullmatch(t))
    result.code = share(_CODE.fullmatch)
    if result.url < 0.5:
        result.reviews = share(lambda t: _REVIEWS.search(t[:_LOOK]))
        result.seller = share(lambda t: SELLER.search(t[:_LOOK]) or _DELIVERY.search(t[:_LOOK]))
        result.composition = share(lambda t: _PERCENT.search(t[:_LOOK]))
        result.color = share(lambda t: len(t) < 60 and known.colors.match(t))
        result.goods = share(lambda t: known.goods.search(t[:_LOOK]))
        result.letters = share(lambda t: len(_WORDS.findall(t[:300])) >= 1)
    result.length = sum(map(len, filled)) / count
    result.words = sum(len(_WORDS.findall(text[:300])) for text in filled) / count
    return result


def _judge_numbers(result: Profile, filled: list[str]) -> None:
    integers = [int(text) for text in filled if text.isascii() and text.isdigit() and len(text) < 19]
    result.integer = len(integers) / len(filled)
    result.fractions = sum(1 for text in filled if re.search(r"\d[.,]\d{1,2}$", text)) / len(filled)
    numbers = [float(re.sub(r"[^\d]", "", text.replace(",", ".").split(".")[0]) or 0) for text in filled]
    result.largest = max(numbers, default=0.0)
    steps = [b - a for a, b in pairwise(integers)]
    result.sequential = result.integer == 1 and len(steps) > 1 and set(steps) == {1} and integers[0] in (0, 1)


def _sample_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return _sample_text(value[0]) if value else ""
    return as_text(value)[:2_000]


def is_gtin(text: str) -> bool:
    """Whether digits are a GTIN-8, -12, -13 or -14 with a right check digit."""
    digits = text.removesuffix(".0")
    if len(digits) not in (8, 12, 13, 14) or not (digits.isascii() and digits.isdigit()) or not int(digits):
        return False
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits[:-1])))
    return (10 - total % 10) % 10 == int(digits[-1])
