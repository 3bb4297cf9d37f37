"""Prices and titles in free text, such as the caption of a post.

Belongs here: what a few lines of text say of one product. Stays out: posts and their fillers (``instagram``), price
cells (``prices``), which hold nothing but a price.
"""

from __future__ import annotations

import re
from decimal import Decimal

from vitrina.feeds.currencies import BY_WORD
from vitrina.feeds.prices import Price
from vitrina.feeds.records import PriceNote

_HASHTAG = re.compile(r"[#@][\w.]+")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_DECORATION = re.compile("[^\\w\\s.,;:!?%&/+()'\"«»№°’-]+|[\U000fe000-\U000fe00f]")
_AMOUNT = r"\d(?:[\d.,\u00a0\u202f\u2009 ]{0,14}\d)?"
#: Words that mean money only in a price cell: in a sentence "ft" is a foot, "元" and "р" may be anything.
_NOT_IN_TEXT = frozenset(("р", "ft", "元", "円", "try", "лв"))
_CODES = {word: code for word, code in BY_WORD.items() if word not in _NOT_IN_TEXT}


def _words(test: str) -> str:
    words = sorted((word for word in _CODES if re.fullmatch(test, word)), key=len, reverse=True)
    return "|".join(re.escape(word) + (r"(?![^\W\d_])" if word[-1].isalpha() else "") for word in words)


_MONEY = re.compile(
    rf"(?:(?<![^\W\d_])(?P<before>{_words(r'[^а-яё]+')})\s?(?P<a>{_AMOUNT}))|(?P<b>{_AMOUNT})\s?(?P<after>{_words('.+')})",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    rf"(?:цена|стоимость|ціна|бағасы|price|fiyatı?|preço|precio|preț|cena|preis|narxi)\s*[:=–—-]?\s*(?P<amount>{_AMOUNT})"
    r"(?!\s*[%\d])",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"\b\d+\s*(?:por|за|for|x|adet|шт\.?\s*за)\s*$", re.IGNORECASE)
_LONG_TITLE = 120


def title_of(caption: str) -> str | None:
    """The first line with words, without emoji, hashtags and mentions; a long one ends at its first sentence."""
    for line in caption.splitlines():
        words = _DECORATION.sub(" ", _HASHTAG.sub(" ", line))
        words = " ".join(words.split()).strip(" .,;:-/")
        if _LETTERS.search(words):
            if len(words) > _LONG_TITLE:
                words = re.split(r"(?<=[.!?])\s", words)[0][:200]
            return words.strip(" .,;:-/")
    return None


def price_in(caption: str) -> Price | None:
    """The price written in a text.

    ``None`` for none and for "3 for 100"; ``ambiguous`` for several different ones; without a currency where only a
    word such as "Цена:" says that the number is a price.
    """
    found: set[tuple[Decimal, str | None]] = set()
    for match in _MONEY.finditer(caption):
        amount = _number(match["a"] or match["b"])
        if amount is not None and not _SEVERAL.search(caption[: match.start()]):
            found.add((amount, _CODES[(match["before"] or match["after"]).lower()]))
    if not found and not several(caption):
        found = {(amount, None) for match in _LABELLED.finditer(caption) if (amount := _number(match["amount"]))}
    if not found:
        return None
    return Price(*found.pop()) if len(found) == 1 else Price(None, None, PriceNote.AMBIGUOUS.value)


def several(caption: str) -> bool:
    """Whether a price in the text is for several pieces ("3 за 990 ₽")."""
    return any(_SEVERAL.search(caption[: match.start()]) for match in _MONEY.finditer(caption))


def hashtags(caption: str) -> list[str]:
    """Its hashtags, each once."""
    return list(dict.fromkeys(tag for tag in _HASHTAG.findall(caption) if tag.startswith("#")))


def _number(text: str) -> Decimal | None:
    digits = re.sub(r"\s", "", text).rstrip(".,")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        digits = re.sub(r"[.,]", "", digits)
    elif re.fullmatch(r"\d+(?:[.,]\d{3})*[.,]\d{1,2}", digits):
        whole, _, cents = digits.replace(",", ".").rpartition(".")
        digits = whole.replace(".", "") + "." + cents
    return Decimal(digits) if re.fullmatch(r"\d{1,9}(?:\.\d{1,2})?", digits) else None
