"""Wildberries: catalogue and search answers, seller cards, and the answers that hold no products.

Belongs here: the fixed meaning of Wildberries' keys. Stays out: finding the list in a file (``json_stream``).

Known shapes: ``priceU``/``salePriceU`` at the top level (to 2023), ``sizes[].price.{basic,product,total}`` (since), the
seller's content cards (``nmID``) and the public card file (``nm_id``). Prices are in kopecks in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from vitrina.feeds.json_keys import kinds

_TRAITS = {
    "subjectId",
    "siteBrandId",
    "supplierId",
    "kindId",
    "root",
    "brandId",
    "subjectParentId",
    "ksort",
    "feedbacks",
}


def matches(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether most of the sample are Wildberries products."""
    return bool(records) and sum(map(_is_product, records)) * 2 > len(records)


def _is_product(record: Mapping[str, Any]) -> bool:
    if "nmID" in record or "nm_id" in record:
        return bool({"vendorCode", "vendor_code", "imt_name", "imtID", "subjectName", "subj_name"} & set(record))
    if "id" not in record or "name" not in record:
        return False
    if "priceU" in record or "salePriceU" in record:
        return True
    return len(_TRAITS & set(record)) >= 3


def product(record: Mapping[str, Any], currency: str = "RUB") -> dict[str, Any]:
    """Canonical values of one record; what it does not say is left out."""
    if "nmID" in record or "nm_id" in record:
        return _card(record)
    number = _text(record, "id")
    values: dict[str, Any] = {
        "id": number,
        "title": _text(record, "name"),
        "brand": _text(record, "brand"),
        "supplier": _text(record, "supplier"),
        "url": product_url(number) if number else None,
        "category": _text(record, "entity", "subjectName"),
        "currency": currency,
    }
    price, old = _prices(record)
    values["price"], values["old_price"] = price, old if old and price and old > price else None
    values["color"] = _names(record.get("colors"), "name")
    values["size"] = [size for size in _names(record.get("sizes"), "origName", "name") if size != "0"]
    if isinstance(record.get("totalQuantity"), int):
        values["available"] = record["totalQuantity"] > 0
    values["attr:rating"] = record.get("reviewRating") or record.get("rating") or None  # 0 means "not rated yet"
    values["attr:feedbacks"] = record.get("feedbacks") or None
    # Parsers often merge the product's card into the answer: its text, photos and characteristics, by the card's keys.
    values["description"] = record.get("description")
    values["image"] = _photos(record)
    values |= _characteristics(record)
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _text(record: Mapping[str, Any], *keys: str) -> str | None:
    """The first of the keys that holds a text or a number."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def product_url(number: object) -> str:
    """The product's page."""
    return f"https://www.wildberries.ru/catalog/{number}/detail.aspx"


def _prices(record: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Lowest price over the sizes, and the crossed-out price of that size, in roubles."""
    best: tuple[Decimal, Decimal | None] | None = None
    for size in _objects(record.get("sizes")):
        price = size.get("price")
        if not isinstance(price, Mapping):
            continue
        now = _kopecks(price.get("product")) or _kopecks(price.get("total"))
        if now is not None and (best is None or now < best[0]):
            best = now, _kopecks(price.get("basic"))
    if best:
        return best
    now, basic = _kopecks(record.get("salePriceU")), _kopecks(record.get("priceU"))
    return (now, basic) if now is not None else (basic, None)


def _kopecks(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value) / 100


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [inner for inner in value if isinstance(inner, Mapping)] if isinstance(value, list) else []


def _photos(record: Mapping[str, Any]) -> list[str]:
    return [photo["big"] for photo in _objects(record.get("photos")) if isinstance(photo.get("big"), str)]


def _names(value: object, *keys: str) -> list[str]:
    names = (next((str(inner[key]).strip() for key in keys if inner.get(key)), "") for inner in _objects(value))
    return list(dict.fromkeys(name for name in names if name))


def _card(record: Mapping[str, Any]) -> dict[str, Any]:
    """A seller's content card or the public card file: texts and characteristics, no price."""
    number = _text(record, "nmID", "nm_id")
    selling = record.get("selling")
    values: dict[str, Any] = {
        "id": number,
        "title": _text(record, "title", "imt_name", "name"),
        "description": _text(record, "description"),
        "brand": _text(record, "brand") or (_text(selling, "brand_name") if isinstance(selling, Mapping) else None),
        "category": " > ".join(
            str(part)
            for part in (record.get("subj_root_name"), record.get("subjectName") or record.get("subj_name"))
            if part
        ),
        "url": product_url(number) if number else None,
        "image": _photos(record),
        "size": _names(record.get("sizes"), "techSize", "wbSize"),
        "barcode": [
            str(code)
            for size in _objects(record.get("sizes"))
            if isinstance(size.get("skus"), list)
            for code in size["skus"]
        ],
        "attr:Артикул продавца": _text(record, "vendorCode", "vendor_code"),
    }
    values |= _characteristics(record)
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _characteristics(record: Mapping[str, Any]) -> dict[str, Any]:
    """``characteristics`` of a seller's card, or ``options`` of the public one, as attributes."""
    return {
        f"attr:{option['name']}": option["value"]
        for option in _objects(record.get("characteristics") or record.get("options"))
        if option.get("name") and option.get("value") not in (None, "", [])
    }


def other_answer(top_keys: Iterable[str], best: frozenset[str], others: Sequence[frozenset[str]]) -> str | None:
    """What a Wildberries answer without products is, in words; ``None`` when it is none that is known.

    Args:
        top_keys: Keys of the top-level object.
        best: Keys of the objects in the list that was chosen.
        others: Keys of the objects in each list of the file.
    """
    if {"dt", "price"} <= best and len(best) <= 3:
        return "the price history of one Wildberries product (points of time and price)"
    if _is_filter(best):
        return _FILTERS
    found = kinds(best)
    if "title" in found and "price" in found:
        return None
    top = set(top_keys)
    if any(_is_filter(keys) for keys in others):
        return _FILTERS
    if any("childs" in keys and {"shard", "query", "parent", "url"} & keys for keys in others):
        return "the category menu of Wildberries"
    if ("feedbacks" in top and {"feedbackCount", "valuation"} & top) or {"nmId", "productValuation"} <= best:
        return "the reviews of a Wildberries product"
    if {"wh", "qty"} <= best or {"warehouseId", "qty"} <= best:
        return "the warehouse stocks of a Wildberries product"
    if "supplierName" in top and "inn" in top:
        return "the details of a Wildberries seller"
    return None


_FILTERS = "the search filters of Wildberries (brands, categories and their counts)"


def _is_filter(keys: frozenset[str]) -> bool:
    return {"name", "key"} <= keys and bool({"maxselect", "items", "multiselect"} & keys)
