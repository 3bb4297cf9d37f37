"""A small tree and labelled titles of three languages."""

from __future__ import annotations

from itertools import product

import pytest

from vitrina.categories.training import LabelledTitle
from vitrina.categories.tree import CategoryNode, CategoryTree

_THINGS = {
    "platya": ["платье летнее", "платье вечернее", "elbise yazlık", "summer dress", "сарафан льняной"],
    "rubashki": ["рубашка мужская", "сорочка классическая", "gömlek erkek", "men shirt", "рубашка офисная"],
    "shampuni": ["шампунь для волос", "шампунь против перхоти", "şampuan", "hair shampoo", "бальзам для волос"],
    "vitaminy": ["витамин c", "омега 3 капсулы", "multivitamin tablet", "vitamin d3 drops", "магний b6"],
    "noski": ["носки хлопковые", "носки шерстяные", "çorap pamuk", "cotton socks", "гольфы детские"],
    "krema": ["крем для лица", "крем для рук", "yüz kremi", "face cream", "крем ночной"],
}
_TAILS = ["синее 42", "белый", "30 шт", "Nova", "подарочный", "XL 100 мл", "Ege", "2024", "премиум", "набор"]


@pytest.fixture(scope="session")
def labelled() -> list[LabelledTitle]:
    """300 titles of six categories, all different."""
    return [
        LabelledTitle(f"{thing} {tail}", slug)
        for slug, things in _THINGS.items()
        for thing, tail in product(things, _TAILS)
    ]


@pytest.fixture
def tree() -> CategoryTree:
    def node(slug: str, parent: str | None, ru: str, tr: str, en: str, *more: str) -> CategoryNode:
        return CategoryNode(slug, parent, {"ru": ru, "tr": tr, "en": en}, {"ru": more}, (f"{ru} пример",))

    return CategoryTree(
        [
            node("platya", "zhenskaya", "Платья", "Elbiseler", "Dresses", "сарафан"),
            node("odezhda", None, "Одежда", "Giyim", "Clothing"),
            node("zhenskaya", "odezhda", "Женская одежда", "Kadın giyim", "Women"),
            node("detskaya", "odezhda", "Детская одежда", "Çocuk giyim", "Kids"),
            node("platya-detskie", "detskaya", "Платья", "Kız elbise", "Girls dresses"),
            node("rubashki", "zhenskaya", "Рубашки и блузы", "Gömlek", "Shirts and blouses", "блузка"),
            node("apteka", None, "Аптека", "Eczane", "Pharmacy"),
            node("vitaminy", "apteka", "Витамины", "Vitaminler", "Vitamins", "БАД", "омега-3"),
        ]
    )
