"""From product rows to :class:`ProductFacts`.

Belongs here: which columns are facts, and in what form. Stays out: prompts and writers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vitrina.catalog.models import Product
from vitrina.content.facts import ProductFacts
from vitrina.content.templates import CategorySheet, category_sheets

_VALUE_LIMIT = 1000
#: Attribute names that say nothing of the product to a buyer: counts, ratings, links, internal ids, stock, and every
#: price beside the one that is published (price lists carry wholesale prices).
_NOT_FACTS = (
    "rating", "review", "feedback", "отзыв", "рейтинг", "stock", "остат", "количество на складе", "stok", "url", "link",
    "http", "_id", "id_", "доставк", "delivery", "seller", "продавец", "hashtag", "media_type",
    "скидк", "sale", "discount", "promo", "цена", "price", "fiyat", "оптов", "wholesale", "закуп", "margin",
    "маржа", "наценк",
)  # fmt: skip
_INTERNAL = frozenset({"id", "№", "n", "no", "#", "sort", "hash", "root", "sku_id"})


#: Columns without a header: a value whose meaning nobody knows is no fact.
_NAMELESS = re.compile(r"(?:column|столбец|unnamed:?)?\s*\d+")


def attribute_name(name: str) -> str:
    """The name as people say it: nested records lose the path before it (``attributes.Renk`` → ``Renk``)."""
    head, dot, last = name.rpartition(".")
    return last.strip() if dot and last.strip() and " " not in head else name.strip()


def attribute_texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as text; nested values and what is no fact of the product left out."""
    found: dict[str, str] = {}
    for name, value in attributes.items():
        folded = name.casefold()
        if (
            any(part in folded for part in _NOT_FACTS)
            or attribute_name(folded) in _INTERNAL
            or _NAMELESS.fullmatch(folded)
        ):
            continue
        if isinstance(value, list):
            value = ", ".join(str(item) for item in value if isinstance(item, str | int | float))
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        text = str(value).strip()
        if text and len(text) <= _VALUE_LIMIT and not text.startswith(("http://", "https://")):
            found.setdefault(attribute_name(name), text)
    return found


def product_facts(
    products: Iterable[Product], sheets: Mapping[str, CategorySheet], language: str
) -> dict[int, ProductFacts]:
    """Product id → facts. Products must come with ``category__category`` selected."""
    found = {}
    for product in products:
        choice = getattr(product, "category", None)
        category = choice.category if choice is not None else None
        sheet = sheets.get(category.slug) if category is not None else None
        found[product.pk] = ProductFacts(
            product_id=product.pk,
            title=product.title,
            brand=product.brand,
            description=product.description,
            category_slug=category.slug if category is not None else None,
            category_path=category.path_ru if category is not None else None,
            attributes=attribute_texts(product.attributes),
            category_facts=sheet.facts if sheet is not None else (),
            language=language,
        )
    return found


def facts_of(product: Product, language: str = "ru") -> ProductFacts:
    """Facts of one product, as its next text would be written from; select ``category__category`` with it."""
    return product_facts([product], category_sheets(language), language)[product.pk]
