"""Which keys make a JSON object look like a product.

Belongs here: the judgement whether an object is a product, a part of one, or neither. Stays out: which canonical field
a key becomes (``columns``): here it is enough to tell a list of goods from a list of filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_WORD = re.compile(r"[\W_]+")

_TITLES = {
    "name", "title", "productname", "producttitle", "itemname", "itemtitle", "goodsname", "fullname", "displayname",
    "caption", "imtname", "nameru", "titleru", "nametr", "nameen", "product", "heading", "label", "baslik", "başlık",
    "ad", "isim", "urunadi", "ürünadı", "urunismi", "ürünismi", "урунадı", "наименование", "название", "товар",
    "номенклатура", "заголовок", "имя", "nombre", "nome", "titel", "titre", "nazev", "названиетовара",
}  # fmt: skip
_NOT_TITLES = ("brand", "category", "supplier", "seller", "shop", "store", "user", "file", "color", "merchant", "class")
_PRICE = re.compile(r"price|fiyat|цен[аыу]|стоимость|tutar|precio|preco|preis|prix|amount|cost$|^mrp$")
_OTHERS = {
    "url": re.compile(r"url|link|href|ссылк|permalink|^adres$"),
    "image": re.compile(r"ima?ge?|photo|pic|foto|фото|изображ|картинк|resim|gorsel|görsel|thumb|media"),
    "brand": re.compile(r"brand|marka|бренд|vendor|производител|изготовител|manufactur"),
    "code": re.compile(r"barcode|gtin|^ean|sku|штрихкод|barkod|^id$|productid|itemid|артикул|article|nmid|code$|asin"),
    "text": re.compile(r"descri|aciklama|açıklama|описан|composition|состав|ingredient"),
    "stock": re.compile(r"stock|stok|avail|наличи|остат|quantity|rating|review|feedback|discount|sizes?$|colou?r"),
}

#: Lists that are parts of a product: never taken for the products while what holds them has a title.
PART_NAMES = {
    "variants", "variations", "variant", "sizes", "size", "skus", "sku", "offers", "options", "colors", "colours",
    "images", "photos", "pictures", "media", "prices", "stocks", "reviews", "feedbacks", "attributes", "params",
    "properties", "characteristics", "features", "specs", "specifications", "breadcrumbs", "categories", "tags",
    "sellers", "merchants", "promotions", "badges", "labels", "installments", "allvariants", "alternativevariants",
    "othermerchants", "similar", "recommended", "recommendations", "children", "media_gallery", "varyantlar",
    "resimler", "изображения", "характеристики", "свойства", "варианты",
}  # fmt: skip

#: An object under one of these keys is the record itself (GraphQL, Elasticsearch, JSON:API).
WRAPPERS = ("node", "_source", "product", "item", "attributes", "fields", "document")


def fold(key: str) -> str:
    """A key without case, spaces and punctuation: ``product_title`` and ``productTitle`` are one."""
    return _WORD.sub("", key).casefold()


def kinds(keys: Iterable[str], mapping: Mapping[str, str] | None = None) -> frozenset[str]:
    """What the keys of an object speak of: ``title``, ``price``, ``url``, ``image``, ``brand``, ``code``, …

    Args:
        keys: The object's own keys.
        mapping: ``source.yaml``: a key that it maps counts as what it is mapped to.
    """
    found: set[str] = set()
    for key in keys:
        mapped = mapping.get(key) if mapping else None
        if mapped:
            found.add(
                {"id": "code", "barcode": "code", "description": "text", "old_price": "price"}.get(mapped, mapped)
            )
            continue
        word = fold(key)
        if word in _TITLES or (word.endswith(("title", "name")) and not word.startswith(_NOT_TITLES)):
            found.add("title")
        elif _PRICE.search(word):
            found.add("price")
        else:
            found.update(kind for kind, pattern in _OTHERS.items() if pattern.search(word))
    return frozenset(found)


def unwrap(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record inside its envelope: ``{node: {name, price}}`` gives name and price; others are left as they are."""
    for key in WRAPPERS:
        inner = record.get(key)
        if isinstance(inner, Mapping) and "title" in kinds(inner) and "title" not in kinds(set(record) - {key}):
            return {**{name: value for name, value in record.items() if name != key}, **inner}
    return record


def score(found: frozenset[str]) -> int:
    """How much an object with these kinds of keys looks like a product: title and price weigh four each."""
    return sum(4 if kind in ("title", "price") else 1 for kind in found)


def is_product_like(found: frozenset[str]) -> bool:
    """A title, and a price or at least two other things that goods have."""
    return "title" in found and ("price" in found or len(found) >= 3)
