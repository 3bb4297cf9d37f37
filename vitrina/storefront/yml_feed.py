"""The Yandex Market feed (YML), and the rules that an offer must keep.

Belongs here: writing and checking. Source of the rules: Yandex's description of the format for the simplified offer
type (``offer``: id, name, price, currencyId, categoryId; limits of lengths; CDATA descriptions of simple tags).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lxml import etree

from vitrina.storefront.items import StorefrontItem

#: Currencies that the marketplace takes in a feed; RUR is the old name of RUB and is not written.
CURRENCIES = ("RUB", "USD", "EUR", "BYN", "KZT", "UAH", "UZS", "TRY")
NAME_MAX, DESCRIPTION_MAX, PICTURES_MAX, URL_MAX, VENDOR_MAX, PARAMS_MAX = 256, 6000, 20, 2048, 100, 100
_OFFER_ID = re.compile(r"[0-9A-Za-zА-Яа-яЁё.,/\\()\[\]=_-]{1,255}")
_PRICE = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_INVALID_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that the feed cannot carry, with the rule it breaks."""

    product_id: int
    rule: str


def problems(item: StorefrontItem) -> list[str]:
    """Rules that keep an item out of the feed; empty when it may go in."""
    found = []
    if not _clean(item.title).strip():
        found.append("name is empty")
    if item.price is None or item.price <= 0:
        found.append("price is not above zero")
    if item.currency not in CURRENCIES:
        found.append(f"currency {item.currency} is not taken")
    if not item.category_path:
        found.append("no category")
    return found


def build_feed(
    items: Sequence[StorefrontItem], *, shop: str, company: str, url: str, now: datetime
) -> tuple[bytes, list[LeftOut]]:
    """The feed, and what it leaves out.

    Args:
        items: Published products.
        shop, company, url: Of the shop element.
        now: Date of the feed.
    """
    left_out = [LeftOut(item.product_id, "; ".join(found)) for item in items if (found := problems(item))]
    out = {left.product_id for left in left_out}
    kept = [item for item in items if item.product_id not in out]
    root = etree.Element("yml_catalog", date=now.strftime("%Y-%m-%dT%H:%M%z") or now.isoformat())
    shop_node = etree.SubElement(root, "shop")
    for name, value in (("name", shop), ("company", company), ("url", url), ("platform", "Vitrina")):
        _text(shop_node, name, value)
    currencies = etree.SubElement(shop_node, "currencies")
    for code in sorted({item.currency or "RUB" for item in kept} | {"RUB"}, key=lambda c: (c != "RUB", c)):
        etree.SubElement(currencies, "currency", id=code, rate="1" if code == "RUB" else "CBRF")
    _categories(shop_node, kept)
    offers = etree.SubElement(shop_node, "offers")
    for item in kept:
        _offer(offers, item)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True), left_out


def _categories(shop: etree._Element, items: Iterable[StorefrontItem]) -> None:
    node = etree.SubElement(shop, "categories")
    written: set[int] = set()
    for item in items:
        parent: int | None = None
        for pk, name in item.category_path:
            if pk not in written:
                written.add(pk)
                child = _text(node, "category", name)
                child.set("id", str(pk))
                if parent is not None:
                    child.set("parentId", str(parent))
            parent = pk


def _offer(offers: etree._Element, item: StorefrontItem) -> None:
    offer = etree.SubElement(offers, "offer", id=str(item.product_id))
    if item.available is not None:
        offer.set("available", "true" if item.available else "false")
    _text(offer, "name", item.title[:NAME_MAX])
    if item.brand:
        _text(offer, "vendor", item.brand[:VENDOR_MAX])
    if item.url and _web(item.url):
        _text(offer, "url", item.url)
    _text(offer, "price", _amount(item.price))
    if item.old_price is not None and item.price is not None and item.old_price > item.price:
        _text(offer, "oldprice", _amount(item.old_price))
    _text(offer, "currencyId", item.currency or "RUB")
    _text(offer, "categoryId", str(item.category_path[-1][0]))
    for picture in [url for url in item.image_urls if _web(url)][:PICTURES_MAX]:
        _text(offer, "picture", picture)
    description = etree.SubElement(offer, "description")
    description.text = etree.CDATA(_cut_html(_clean(item.description_html).replace("]]>", "]]&gt;")))
    for code in item.barcodes[:1]:
        _text(offer, "barcode", code)
    for name, value in list(item.attributes.items())[:PARAMS_MAX]:
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            param = _text(offer, "param", str(value)[:500])
            param.set("name", _clean(name)[:100])


def _cut_html(html: str) -> str:
    """Whole paragraphs and items while they fit."""
    if len(html) <= DESCRIPTION_MAX:
        return html
    kept = ""
    for part in re.findall(r"<p>.*?</p>|<ul>.*?</ul>", html, re.DOTALL):
        if len(kept) + len(part) > DESCRIPTION_MAX:
            break
        kept += part
    return kept


def _amount(price: Decimal | None) -> str:
    text = format(price or Decimal(0), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _web(url: str) -> bool:
    return url.startswith(("http://", "https://")) and len(url) <= URL_MAX and not re.search(r"\s", url)


def _clean(text: str) -> str:
    return _INVALID_XML.sub("", text)


def _text(parent: etree._Element, name: str, value: str) -> etree._Element:
    node = etree.SubElement(parent, name)
    node.text = _clean(value)
    return node


def check_feed(data: bytes) -> list[str]:
    """What a finished feed breaks of the rules, a sentence each; empty when it is sound."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(data, parser)
    found: list[str] = []
    if root.tag != "yml_catalog" or not root.get("date"):
        found.append("the root must be yml_catalog with a date")
    shop = root.find("shop")
    if shop is None:
        return [*found, "there is no shop element"]
    found += [f"shop has no {name}" for name in ("name", "company", "url") if not (shop.findtext(name) or "").strip()]
    categories = {node.get("id"): node for node in shop.iterfind("categories/category")}
    for pk, node in categories.items():
        if node.get("parentId") is not None and node.get("parentId") not in categories:
            found.append(f"category {pk} has an unknown parent")
    currencies = {node.get("id") for node in shop.iterfind("currencies/currency")}
    seen: set[str] = set()
    for offer in shop.iterfind("offers/offer"):
        found += _check_offer(offer, categories.keys(), currencies, seen)
    return found


def _check_offer(
    offer: etree._Element, categories: Iterable[str | None], currencies: set[str | None], seen: set[str]
) -> list[str]:
    pk = offer.get("id") or ""
    found = []
    if not _OFFER_ID.fullmatch(pk) or pk in seen:
        found.append(f"offer {pk!r}: the id is wrong or repeats")
    seen.add(pk)
    name = offer.findtext("name") or ""
    if not name.strip() or len(name) > NAME_MAX:
        found.append(f"offer {pk}: name of {len(name)} characters")
    price = offer.findtext("price") or ""
    if not _PRICE.fullmatch(price) or Decimal(price) <= 0:
        found.append(f"offer {pk}: price {price!r}")
    old = offer.findtext("oldprice")
    if old is not None and not _PRICE.fullmatch(old):
        found.append(f"offer {pk}: old price {old!r}")
    elif old is not None and _PRICE.fullmatch(price) and Decimal(old) <= Decimal(price):
        found.append(f"offer {pk}: the old price is not above the price")
    if offer.findtext("currencyId") not in currencies:
        found.append(f"offer {pk}: unknown currency")
    if offer.findtext("categoryId") not in set(categories):
        found.append(f"offer {pk}: unknown category")
    if len(offer.findtext("description") or "") > DESCRIPTION_MAX:
        found.append(f"offer {pk}: the description is too long")
    if len(offer.findall("picture")) > PICTURES_MAX:
        found.append(f"offer {pk}: too many pictures")
    return found
