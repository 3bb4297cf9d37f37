"""Google Merchant feeds: RSS and Atom with the ``g:`` names.

Belongs here: the fixed meaning of Merchant Center's elements. Stays out: safety (``xml_safe``), streaming
(``xml_elements``).
Only direct children of an item count: the price inside ``g:shipping`` is the carrier's.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from lxml import etree

from vitrina.feeds.records import DropFile, NoProducts, RawRow, Table
from vitrina.feeds.xml_elements import child, elements, local, raw_of, text_of
from vitrina.feeds.xml_safe import XmlFile

_FIELDS = {
    "id": "id", "title": "title", "description": "description", "brand": "brand", "color": "color", "size": "size",
    "material": "material", "gender": "gender", "price": "price", "availability": "available",
}  # fmt: skip
_IGNORED = {
    "shipping", "tax", "shipping_weight", "shipping_label", "rich_text_description", "guid", "pubDate", "updated",
    "identifier_exists", "adult", "ships_from_country", "installment", "sale_price_effective_date", "canonical_link",
    "mobile_link", "published", "author", "comments", "status", "visibility", "quantity_to_sell_on_facebook",
}  # fmt: skip
_IN = {"in stock", "in_stock", "instock", "available for order", "limited availability", "1", "true", "yes"}
_OUT = {"out of stock", "out_of_stock", "outofstock", "discontinued", "0", "false", "no"}
_GOODS = {"price", "sale_price", "availability", "gtin", "image_link", "condition", "mpn", "product_type", "brand"}
_SAMPLE = 50


def table(xml: XmlFile, file: DropFile) -> Table:
    """The items of a feed as canonical rows.

    Raises:
        NoProducts: The items are news or posts: none has a price, a picture link or another sign of goods.
    """
    result = Table("merchant_rss", (), xml.encoding, canonical=True, notes=list(xml.notes))
    rows = _rows(xml, result)
    head = list(islice(rows, _SAMPLE))
    if not any(goods for _, goods in head) and (head or not result.broken):
        raise NoProducts(
            f"{file.name} is an RSS or Atom feed without goods ({len(head)} items were looked at, none with a price).",
            hint="Give the address of the shop's Merchant (Google, Facebook) feed.",
        )
    result.rows = (row for row, _ in chain(head, rows))
    return result


def _rows(xml: XmlFile, result: Table) -> Iterator[tuple[RawRow, bool]]:
    for number, item in enumerate(elements(xml, ("item", "entry"), result.broken), 1):
        values = item_values(item)
        raw = raw_of(item) if not values.get("title") else None
        yield RawRow(number, values, raw, xml.name), any(local(inner) in _GOODS for inner in item)


def item_values(item: etree._Element) -> dict[str, Any]:
    """Canonical values of one ``item`` or ``entry``."""
    values: dict[str, Any] = {}
    images: list[str] = []
    more: list[str] = []
    for element in item:
        tag, text = local(element), text_of(element)
        if not tag or tag in _IGNORED:
            continue
        if tag == "product_detail":
            _detail(values, element)
        elif tag == "link":
            values.setdefault("url", text or (element.get("href") or "").strip())
        elif not text:
            continue
        elif tag in _FIELDS:
            values.setdefault(_FIELDS[tag], text)  # feeds repeat a title with and without the prefix
        elif tag == "image_link":
            images.append(text)
        elif tag == "additional_image_link":
            more.extend(_split(text))
        elif tag in ("gtin", "ean", "upc"):
            values.setdefault("barcode", []).append(text)
        elif tag == "sale_price":
            values["sale_price"] = text
        elif tag in ("summary", "content", "encoded"):
            values.setdefault("description", text)
        elif tag in ("product_type", "google_product_category", "fb_product_category", "category"):
            _category(values, tag, text)
        else:
            _more(values, f"attr:{tag}", text)
    sale = values.pop("sale_price", None)
    if sale:
        values["old_price"], values["price"] = values.get("price"), sale
    values["category"] = values.pop("product_type", None) or values.get("category")
    values["image"] = list(dict.fromkeys([*images, *more]))
    if "available" in values:
        values["available"] = _available(values["available"])
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _split(text: str) -> list[str]:
    """Several addresses in one element, comma between them."""
    first, *others = text.split(",http")
    return [first.strip(), *(f"http{part}".strip() for part in others)]


def _available(text: str) -> bool | None:
    folded = text.strip().lower()
    if folded in _IN:
        return True
    return False if folded in _OUT else None


def _category(values: dict[str, Any], tag: str, text: str) -> None:
    """The shop's own ``product_type`` wins; a bare number of Google's taxonomy says nothing."""
    if tag == "product_type":
        values.setdefault("product_type", text)
    elif not text.isdigit():
        values.setdefault("category", text)
    else:
        values.setdefault(f"attr:{tag}", text)


def _detail(values: dict[str, Any], element: etree._Element) -> None:
    name, value = text_of(child(element, "attribute_name")), text_of(child(element, "attribute_value"))
    if name and value:
        _more(values, f"attr:{name}", value)


def _more(values: dict[str, Any], key: str, text: str) -> None:
    if key not in values:
        values[key] = text
    elif isinstance(values[key], list):
        values[key].append(text)
    elif values[key] != text:
        values[key] = [values[key], text]
