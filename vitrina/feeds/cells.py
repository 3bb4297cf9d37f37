"""Cells that are more than a text: links, picture lists, category paths, availability, lists inside cells.

Belongs here: one cell to one value. Stays out: prices (``prices``) and plain text (``text``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

from vitrina.feeds.profiles import SELLER, is_gtin
from vitrina.feeds.text import as_text, clean_line, clean_text

MAX_IMAGES = 50
MAX_URL = 2_000
MAX_ATTRIBUTES = 300
_SHORT = 64
_EMPTY = frozenset(("", "null", "none", "nan", "n/a", "-", "<>", "нет", "отсутствует", "#n/a", "#н/д", "[]", "{}"))
_URL_SPLIT = re.compile(r"[\s|]+|[,;](?=\s*[\"']?(?:https?:)?//)")
_URL_OK = re.compile(r"(?:https?:)?//[^\s\"'<>\\][^\s\"<>\\]*", re.IGNORECASE)
_PATH = re.compile(r"\s*(?:>|»|›|→|\\|/(?=\s)|\|)\s*")
_YES = frozenset(["true", "yes", "да", "есть", "var", "evet", "+", "instock", "available", "в_наличии"]) | {
    "limitedavailability", "onlineonly",
    "in stock", "in_stock", "в наличии", "stokta var", "stokta", "много", "мало", "достаточно", "наявності",
}  # fmt: skip
_NO = frozenset(["false", "no", "нет", "-", "yok", "hayır", "outofstock", "unavailable"]) | {
    "soldout", "sold out", "discontinued",
    "out of stock", "out_of_stock", "нет в наличии", "tükendi", "stokta yok", "отсутствует", "немає", "ожидается",
}  # fmt: skip


def is_empty(value: Any) -> bool:
    """Whether a cell says nothing: blank, or one of the usual words for "nothing"."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or (len(value) <= 12 and value.strip().lower() in _EMPTY)
    return value in ([], {}, ())


def url(value: Any) -> str | None:
    """An absolute http(s) link, ``None`` for anything else (``javascript:`` and relative links among them)."""
    if not isinstance(value, str):
        return None
    if value[:4] == "http" and len(value) <= MAX_URL and _URL_OK.fullmatch(value):
        return value
    text = value.strip()
    if text.startswith("www."):
        text = f"https://{text}"
    if not _URL_OK.fullmatch(text) or len(text) > MAX_URL:
        return None
    return f"https:{text}" if text.startswith("//") else text


def urls(value: Any) -> list[str]:
    """Links of a cell: a JSON list, or texts separated by spaces, ``|``, ``,`` or ``;``; each once, at most 50."""
    found: dict[str, None] = {}
    for item in _items(value):
        if isinstance(item, dict):
            item = next((item[key] for key in ("url", "src", "link", "href") if item.get(key)), "")
        for part in _URL_SPLIT.split(str(item)[: MAX_URL * MAX_IMAGES]):
            link = url(part.strip("\"',;[]() "))
            if link:
                found[link] = None
            if len(found) >= MAX_IMAGES:
                return list(found)
    return list(found)


def category_path(value: Any) -> str | None:
    """``"A > B > C"`` of a path in any of the usual ways of writing, or of a JSON list of names."""
    parts: list[str] = []
    for item in _items(value):
        if isinstance(item, dict):
            item = item.get("name") or item.get("title") or ""
        parts.extend(clean_line(part, 200) for part in _PATH.split(as_text(item)[:2_000]))
    kept = [part for part in parts if part and not is_empty(part)]
    return " > ".join(kept[:20]) or None


def barcodes(value: Any) -> list[str]:
    """The GTINs of a cell; what has a wrong check digit or length is none."""
    found: dict[str, None] = {}
    for item in _items(value):
        for part in re.split(r"[\s,;|/]+", as_text(item)[:2_000]):
            digits = part.removesuffix(".0")
            if len(digits) in (11, 12, 7) and digits.isdigit() and not is_gtin(digits):
                digits = digits.zfill(8 if len(digits) == 7 else 13)  # spreadsheets drop leading zeros
            if is_gtin(digits):
                found[digits] = None
    return list(found)


@lru_cache(maxsize=4_096)
def _available_text(text: str) -> bool | None:
    if text in _YES:
        return True
    if text in _NO:
        return False
    number = re.fullmatch(r"(?:[<>≥]|более|больше|от)?\s*(-?\d{1,9})(?:[.,]\d+)?\s*\+?\s*(?:шт\.?|adet|pcs)?", text)
    return int(number.group(1)) > 0 if number else None


def available(value: Any) -> bool | None:
    """In stock or not, by word or by quantity; ``None`` when the cell says neither."""
    if value is None or isinstance(value, bool):
        return value
    text = as_text(value).strip().lower().removeprefix("http://schema.org/").removeprefix("https://schema.org/")
    return _available_text(text) if text and len(text) <= 40 else None


def attribute(value: Any) -> str | list[str] | None:
    """An attribute's value as text, or as a list of texts; ``None`` when the cell says nothing."""
    if isinstance(value, str) and len(value) <= _SHORT:
        return _short_attribute(value)
    if is_empty(value):
        return None
    if isinstance(value, list | tuple):
        texts = [text for item in value[:100] if (text := _scalar(item))]
        return texts[0] if len(texts) == 1 else texts or None
    if isinstance(value, str):
        return _text_attribute(value)
    return _scalar(value)


def _text_attribute(value: str) -> str | list[str] | None:
    if value[:1] == "[" and value[-1:] == "]":
        parsed = _json(value)
        if isinstance(parsed, list):
            return attribute(parsed)
    return _scalar(value)


@lru_cache(maxsize=32_768)
def _short_attribute(value: str) -> str | list[str] | None:
    """Short values repeat ("6 отзывов", "Хлопок"): three of four come from the cache."""
    return None if is_empty(value) else _text_attribute(value)


def named_values(value: Any) -> dict[str, str] | None:
    """``[{"name": "Color", "value": "Black"}, …]`` (also as JSON in a cell) as name → value, else ``None``."""
    if isinstance(value, str):
        if not value.startswith("[{"):
            return None
        value = _json(value)
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return None
    result = {}
    for item in value[:MAX_ATTRIBUTES]:
        name = item.get("name") or item.get("key") or item.get("label")
        text = item.get("value")
        if not isinstance(name, str) or text is None:
            return None
        if cleaned := _scalar(text):
            result[clean_line(name, 200)] = cleaned
    return result


def _scalar(value: Any) -> str | None:
    if isinstance(value, dict | list | tuple):
        try:
            value = orjson.dumps(value, default=str).decode()
        except (TypeError, ValueError):
            value = str(value)
        return clean_text(value, 2_000) or None
    return None if is_empty(value) else clean_text(value, 5_000) or None


def _items(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, str) and value[:1] == "[":
        parsed = _json(value)
        if isinstance(parsed, list):
            return parsed
    return (value,)


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def seller(text: str) -> tuple[str | None, str]:
    """Seller and the whole text of "Завтра доставит Ozon, продавец X"."""
    if is_empty(text):
        return None, ""
    cleaned = clean_line(text, 300)
    found = SELLER.search(cleaned)
    return (found.group("name").strip() or None) if found else None, cleaned
