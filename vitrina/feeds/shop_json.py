"""Records of shops' own JSON as flat columns that column recognition understands.

Belongs here: flattening, and lifting what shops nest (``brand: {name}``, ``price: {sellingPrice}``, variants).
Stays out: which column means what (``columns``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vitrina.feeds.cells import available
from vitrina.feeds.json_keys import fold, unwrap

_MAX_DEPTH = 5
_MAX_KEYS = 400
_MAX_MINOR = 4
_NAME_KEYS = ("name", "title", "text", "label", "value", "displayName", "ad", "baslik", "название", "наименование")
_NOW = (
    "discountedprice", "saleprice", "specialprice", "sellingprice", "currentprice", "finalprice", "actualprice", "now",
    "current", "discounted", "sale", "final", "selling", "price", "value", "amount", "regularprice", "min", "cur",
)  # fmt: skip
_OLD = (
    "originalprice", "oldprice", "listprice", "marketprice", "baseprice", "regularprice", "was", "old", "original",
    "list", "base", "market", "crossed", "rrp", "mrp", "before",
)  # fmt: skip
_CURRENCY = ("currency", "pricecurrency", "currencycode", "currencyid", "currencyiso", "parabirimi", "валюта")
_PRICE_NAMES = ("prices", "priceinfo", "pricing", "pricedata", "pricedetail", "priceinformation", "fiyatlar")
_VARIANT_LISTS = (
    "variants", "variations", "skus", "offers", "allvariants", "items", "varyantlar", "variantlist", "skulist",
    "offerlist", "listings", "productvariants", "sellingoptions",
)  # fmt: skip
_STOCK_KEYS = ("availability", "available", "instock", "isinstock")
_IMAGE_KEYS = ("url", "src", "original", "big", "large", "full", "href", "link", "image", "path")


def flatten(record: Mapping[str, Any]) -> dict[str, Any]:
    """Nested keys joined by ``.``; lists of texts and numbers stay lists; lists of objects are made useful or kept.

    - ``brand: {id, name}`` gives ``brand`` (its name) and ``brand.id``.
    - ``price: {sellingPrice, originalPrice, currency}`` gives ``price``, ``old_price``, ``currency`` and the rest.
    - ``images: [{url}]`` gives ``images``, a list of addresses.
    - ``attributes: [{name, value}]`` gives ``attributes.<name>``.
    - ``breadcrumbs: [{name}]`` gives ``breadcrumbs`` as ``A > B``.
    - ``variants: [{price, size, barcode}]`` stays a list; price and barcode come up when the record has none.
    """
    record = unwrap(record)
    flat: dict[str, Any] = {}
    _into(flat, "", record, 0)
    _lift_variants(flat, record)
    return flat


def _into(flat: dict[str, Any], prefix: str, value: Mapping[str, Any], depth: int) -> None:
    for key, inner in value.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if len(flat) >= _MAX_KEYS:
            return
        if str(key).startswith("@"):
            continue  # JSON-LD's own marks
        if isinstance(inner, Mapping):
            rest = _lift_object(flat, name, str(key), inner)
            if depth < _MAX_DEPTH:
                _into(flat, name, rest, depth + 1)
        elif isinstance(inner, list):
            _list(flat, name, str(key), inner)
        else:
            flat.setdefault(name, inner)


def _lift_object(flat: dict[str, Any], name: str, key: str, inner: Mapping[str, Any]) -> Mapping[str, Any]:
    """Bring up what an object stands for; gives what is left of it for columns of its own."""
    if _word(key, "price", "pricing", "fiyat", "цена"):
        if fold(key) in _PRICE_NAMES:
            name = "price"  # "prices" is no word for one price
        return {} if _lift_price(flat, name, inner) else inner  # half a dozen prices would only be taken for facts
    if _word(key, "offer") and "price" in inner and _lift_price(flat, "price", inner):
        if isinstance(inner.get("availability"), str):
            flat.setdefault("availability", inner["availability"])
        return {left: value for left, value in inner.items() if "price" not in fold(str(left))}
    for candidate in _NAME_KEYS:
        text = inner.get(candidate)
        if isinstance(text, str | int | Decimal) and not isinstance(text, bool) and text != "":
            flat.setdefault(name, text)
            return {left: value for left, value in inner.items() if left != candidate}
    return inner


def _lift_price(flat: dict[str, Any], name: str, inner: Mapping[str, Any]) -> bool:
    folded = {fold(str(key)): _amount(value) for key, value in inner.items()}
    now = next((folded[key] for key in _NOW if folded.get(key) not in (None, "")), None)
    old = next((folded[key] for key in _OLD if folded.get(key) not in (None, "")), None)
    currency = next((folded[key] for key in _CURRENCY if folded.get(key)), None)
    if now is None and old is None:
        return False
    digits = folded.get("currencyminorunit")
    if isinstance(digits, int) and 0 < digits <= _MAX_MINOR:
        now, old = _major(now, digits), _major(old, digits)
    flat.setdefault(name, now if now is not None else old)
    if old is not None and now is not None and old != now:
        flat.setdefault("old_price", old)
    if currency:
        flat.setdefault("currency", currency)
    return True


def _major(value: Any, digits: int) -> Any:
    """WooCommerce's store API counts cents and says how many digits they have."""
    text = str(value)
    return Decimal(text).scaleb(-digits) if text.isdecimal() and text.isascii() else value


def _amount(value: Any) -> Any:
    """A number or text, also from ``{value, text}``."""
    if isinstance(value, Mapping):
        return next(
            (value[key] for key in ("value", "amount", "text") if not isinstance(value.get(key), dict | list | None)),
            None,
        )
    return None if isinstance(value, list | bool) else value


def _list(flat: dict[str, Any], name: str, key: str, items: list[Any]) -> None:
    scalars = [item for item in items if not isinstance(item, Mapping | list) and item is not None]
    objects = [item for item in items if isinstance(item, Mapping)]
    if not objects:
        flat.setdefault(name, scalars)
        return
    pairs = [
        (_first(item, ("name", "key", "title", "label", "ad")), _first(item, ("value", "values", "deger", "text")))
        for item in objects
    ]
    if (
        all(isinstance(left, str) and right is not None for left, right in pairs)
        and _word(key, "breadcrumb", "categor") is False
    ):
        for left, right in pairs[:100]:
            flat.setdefault(f"{name}.{left}", right)
    elif _word(key, "image", "photo", "picture", "media", "resim", "gorsel", "görsel", "фото", "изображ", "картин"):
        urls = [_first(item, _IMAGE_KEYS) for item in objects]
        flat.setdefault(name, [*scalars, *(url for url in urls if isinstance(url, str))])
    elif _word(key, "breadcrumb", "categor", "kategori", "категор"):
        names = [_first(item, _NAME_KEYS) for item in objects]
        flat.setdefault(name, " > ".join(str(part) for part in names if part not in (None, "")))
    else:
        names = [_first(item, _NAME_KEYS) for item in objects]
        simple = all(part is not None for part in names) and all(len(item) <= 3 for item in objects)
        flat.setdefault(name, [str(part) for part in names] if simple else items)


def _lift_variants(flat: dict[str, Any], record: Mapping[str, Any]) -> None:
    """Price, old price and barcodes from the variants (Shopify and many more), when the record itself has none."""
    for key, items in record.items():
        if fold(str(key)) not in _VARIANT_LISTS:
            continue
        objects = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
        flats = [{fold(name): value for name, value in _shallow(item).items()} for item in objects]
        if not any("price" in fold(name) or "fiyat" in fold(name) for name in flat):
            priced = [item for item in flats if item.get("price") not in (None, "")]
            if priced:
                cheapest = min(priced, key=lambda item: _number(item["price"]))
                flat["price"] = cheapest["price"]
                for name, keys in (("old_price", ("compareatprice", "oldprice")), ("currency", _CURRENCY)):
                    if (told := _first(cheapest, keys)) is not None:
                        flat.setdefault(name, told)
        if not any(fold(name) in _STOCK_KEYS for name in flat):
            told = [stock for item in flats if (stock := _first(item, _STOCK_KEYS)) is not None]
            if told:
                flat["availability"] = any(available(stock) for stock in told)
        if "barcode" not in flat:
            codes = [item["barcode"] for item in flats if item.get("barcode")]
            if codes:
                flat["barcode"] = codes


def _shallow(item: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    _into(flat, "", item, _MAX_DEPTH - 2)
    for name in [name for name in flat if "price" not in flat and "." in name]:
        last = fold(name.rpartition(".")[2])
        if last in _NOW[:7] or last in ("price", *_PRICE_NAMES):
            flat["price"] = flat[name]
    return flat


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value).replace(",", ".").replace(" ", ""))
    except ArithmeticError:
        return Decimal("Infinity")
    return number if number.is_finite() else Decimal("Infinity")


def _first(item: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((item[key] for key in keys if item.get(key) not in (None, "", [], {})), None)


def _word(key: str, *words: str) -> bool:
    folded = fold(key)
    return any(word in folded for word in words)
