"""Yandex Market YML: offers, the tree of categories, parameters.

Belongs here: the fixed meaning of YML's elements. Stays out: safety and streaming (``xml_safe``, ``xml_elements``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from vitrina.feeds.records import RawRow, Table
from vitrina.feeds.xml_elements import child, elements, local, raw_of, text_of
from vitrina.feeds.xml_safe import XmlFile

#: About delivery and bidding, not about the goods.
_IGNORED = {
    "store", "pickup", "delivery", "delivery-options", "pickup-options", "adult", "cpa", "cpc", "bid", "cbid", "fee",
    "manufacturer_warranty", "credit-template", "market_category", "downloadable", "min-quantity", "step-quantity",
    "local_delivery_cost", "enable_auto_discounts", "purchase_price", "supplier", "count", "quantity",
}  # fmt: skip
_FIELDS = {
    "url": "url", "oldprice": "old_price", "vendor": "brand", "description": "description",
    "country_of_origin": "country", "currencyId": "currency",
}  # fmt: skip
#: Service terms that shop plug-ins export as categories; they say nothing about the goods.
_NO_CATEGORY = {"simple", "grouped", "variable", "external", "uncategorized", "без рубрики", "exclude-from-catalog",
                "exclude-from-search", "featured", "outofstock"}  # fmt: skip
_CURRENCIES = {"RUR": "RUB", "BYR": "BYN"}


@dataclass(slots=True)
class Shop:
    """What stands before the offers."""

    name: str | None = None
    categories: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def path(self, category: str) -> str | None:
        """``"A > B > C"`` of a category id; a circle in the tree ends where it began."""
        names: list[str] = []
        seen: set[str] = set()
        current: str | None = category
        while current and current in self.categories and current not in seen:
            seen.add(current)
            name, current = self.categories[current]
            if name and name.lower() not in _NO_CATEGORY:
                names.append(name)
        return " > ".join(reversed(names)) or None


def table(xml: XmlFile) -> Table:
    """The offers of a feed as canonical rows."""
    shop = _shop(xml)
    result = Table("yml", (), xml.encoding, canonical=True, notes=list(xml.notes))
    result.rows = _rows(xml, shop, result)
    return result


def _shop(xml: XmlFile) -> Shop:
    shop = Shop()
    for element in elements(xml, ("category", "offer", "name", "company")):
        tag = local(element)
        if tag == "offer":
            if shop.categories:
                break
        elif tag == "category":
            key = (element.get("id") or "").strip()
            if key:
                parent = (element.get("parentId") or element.get("parentid") or "").strip()
                shop.categories.setdefault(key, (text_of(element), parent or None))
        elif not shop.name or tag == "company":
            shop.name = shop.name or text_of(element) or None
    return shop


def _rows(xml: XmlFile, shop: Shop, result: Table) -> Iterator[RawRow]:
    for number, offer in enumerate(elements(xml, ("offer",), result.broken), 1):
        values = offer_values(offer, shop)
        yield RawRow(number, values, raw_of(offer) if not values.get("title") else None, xml.name)
    del xml


def offer_values(offer: etree._Element, shop: Shop) -> dict[str, Any]:
    """Canonical values of one ``offer``."""
    values: dict[str, Any] = {"id": offer.get("id"), "supplier": shop.name}
    images: list[str] = []
    barcodes: list[str] = []
    categories: list[str] = []
    parts: dict[str, str] = {}
    for element in offer:
        tag, text = local(element), text_of(element)
        if not tag or (not text and tag != "param"):
            continue
        if tag == "param":
            _param(values, element, text)
        elif tag == "picture":
            images.append(text)
        elif tag == "barcode":
            barcodes.append(text)
        elif tag == "categoryId":
            categories.append(text)
        elif tag == "price":
            values["price"] = text
            if element.get("from") == "true":
                values["attr:price from"] = text
        elif tag in ("name", "model", "typePrefix", "author", "title"):
            parts.setdefault(tag, text)
        elif tag in _FIELDS:
            values.setdefault(_FIELDS[tag], text)
        elif tag == "category":
            values.setdefault("category", text)
        elif tag == "condition":
            told = [element.get("type") or "", *(text_of(inner) for inner in element)]
            _add(values, "attr:condition", ", ".join(part for part in told if part) or text)
        elif tag not in _IGNORED:
            unit = (element.get("unit") or "").strip()
            _add(values, f"attr:{tag}", f"{text} {unit}" if unit else text)
    if "currency" in values:
        values["currency"] = _CURRENCIES.get(values["currency"].upper(), values["currency"].upper())
    values["title"] = _title(parts, values.get("brand"))
    if parts.get("model") and parts["model"] not in (values["title"] or ""):
        values["attr:model"] = parts["model"]
    if parts.get("author"):
        values["attr:author"] = parts["author"]
    values["category"] = next((path for key in categories if (path := shop.path(key))), values.get("category"))
    values["image"], values["barcode"] = images, barcodes
    values["available"] = _available(offer)
    if offer.get("group_id"):
        values["attr:group_id"] = offer.get("group_id")
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _title(parts: Mapping[str, str], brand: str | None) -> str | None:
    """The name; offers of the vendor.model kind have type, vendor and model instead."""
    if parts.get("name"):
        return parts["name"]
    if parts.get("title"):
        return parts["title"]
    if not parts.get("model") and not parts.get("typePrefix"):
        return None
    return " ".join(part for part in (parts.get("typePrefix"), brand, parts.get("model")) if part)


def _available(offer: etree._Element) -> bool | None:
    text = (offer.get("available") or text_of(child(offer, "available"))).strip().lower()
    if text in ("true", "1", "yes"):
        return True
    if text in ("false", "0", "no"):
        return False
    if text_of(child(offer, "disabled")).lower() == "true":
        return False
    return None


def _param(values: dict[str, Any], element: etree._Element, text: str) -> None:
    name = (element.get("name") or "").strip()
    if not name:
        return
    unit = (element.get("unit") or "").strip()
    if not text:
        text = (element.get("value") or "").strip()
    if text:
        _add(values, f"attr:{name}", f"{text} {unit}" if unit else text)


def _add(values: dict[str, Any], key: str, text: str) -> None:
    """A second value under one name makes a list."""
    if key not in values:
        values[key] = text
    elif isinstance(values[key], list):
        values[key].append(text)
    else:
        values[key] = [values[key], text]
