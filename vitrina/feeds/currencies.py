"""Currency signs and words as shops write them, and the ISO 4217 code of each.

Belongs here: the table and the one expression made of it. Stays out: numbers (``prices``), exchange rates.
"""

from __future__ import annotations

import re

#: ISO code → the ways a price cell says it, in lower case. A bare "kr" or "£" of several countries is left to the
#: most common one; "¥" is the yuan here, because goods of the first users' sources come from China, not Japan.
WORDS: dict[str, tuple[str, ...]] = {
    "RUB": ("₽", "руб.", "руб", "рублей", "рубля", "рубль", "р.", "р", "rub", "rur"),
    "TRY": ("₺", "tl", "try", "türk lirası", "лир", "лиры"),
    "UAH": ("₴", "грн.", "грн", "гривен", "uah"),
    "USD": ("us$", "$", "usd", "долл.", "долларов", "доллар"),
    "EUR": ("€", "eur", "euro", "евро"),
    "GBP": ("£", "gbp"),
    "SAR": ("sar", "ر.س", "ريال"),
    "AED": ("aed", "د.إ", "درهم"),
    "BRL": ("r$", "brl"),
    "CNY": ("¥", "cny", "rmb", "元"),
    "JPY": ("jpy", "円"),
    "KRW": ("₩", "krw"),
    "KZT": ("₸", "тенге", "тг.", "тг", "kzt"),
    "BYN": ("byn", "бел.руб", "бел. руб."),
    "CZK": ("kč", "czk"),
    "PLN": ("zł", "zl", "pln"),
    "INR": ("₹", "inr"),
    "GEL": ("₾", "лари", "lari", "gel"),
    "AZN": ("₼", "манат", "manat", "azn"),
    "AMD": ("֏", "драм", "dram", "amd"),
    "UZS": ("сум", "so'm", "uzs"),
    "KGS": ("сом", "som", "kgs"),
    "ILS": ("₪", "ils"),
    "CHF": ("chf",),
    "SEK": ("sek",),
    "NOK": ("nok",),
    "DKK": ("dkk",),
    "HUF": ("ft", "huf"),
    "RON": ("lei", "ron"),
    "BGN": ("лв.", "лв", "bgn"),
    "EGP": ("egp",),
    "QAR": ("qar",),
    "KWD": ("kwd",),
    "MDL": ("леев", "mdl"),
}

BY_WORD: dict[str, str] = {word: code for code, words in WORDS.items() for word in words}


def _alternative(word: str) -> str:
    """A word must not be part of another word ("р" in "размер"); a sign may touch anything."""
    escaped = re.escape(word)
    before = r"(?<![^\W\d_])" if word[0].isalpha() else ""
    after = r"(?![^\W\d_])" if word[-1].isalpha() else ""
    return f"{before}{escaped}{after}"


#: Finds a currency in lower-case text, the longest way of writing it first.
PATTERN = re.compile("|".join(_alternative(word) for word in sorted(BY_WORD, key=len, reverse=True)))

_ALIASES = {"RUR": "RUB", "TL": "TRY", "YTL": "TRY"}


def iso_code(text: str) -> str | None:
    """The ISO code a currency cell means ("руб.", "TL", "usd"), or ``None`` when it means none we know."""
    word = text.strip().lower()
    if word in BY_WORD:
        return BY_WORD[word]
    code = _ALIASES.get(word.upper(), word.upper())
    return code if code in WORDS else None


#: Currencies whose shops group thousands with a dot ("1.299 TL") and those that group with a comma ("1,299 $").
DOT_THOUSANDS = frozenset({"TRY", "EUR", "BRL"})
COMMA_THOUSANDS = frozenset({"USD", "GBP", "SAR", "AED", "CNY", "JPY", "KRW", "INR", "ILS", "EGP", "QAR"})
