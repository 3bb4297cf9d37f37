"""1C CommerceML 2.x and 3.x: what stands in the catalogue and offer files.

Belongs here: the fixed meaning of the elements, one file at a time. Stays out: joining files (``commerceml_join``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from vitrina.feeds.xml_elements import child, elements, local, text_of
from vitrina.feeds.xml_safe import XmlFile

ROOT = "КоммерческаяИнформация"
_RETAIL = re.compile(r"розн|retail|base|базов|продаж|сайт|интернет|РРЦ|мрц", re.IGNORECASE)
_BRAND = re.compile(r"^(бренд|торговая марка|марка|brand|производитель|изготовитель|тм)$", re.IGNORECASE)
_NOT_ATTRIBUTES = {"ОписаниеФайла", "Полное наименование", "ТипНоменклатуры", "ВидНоменклатуры", "ОписаниеВФорматеHTML"}


@dataclass(slots=True)
class Classifier:
    """Groups, property names and their dictionaries; filled from every file of the drop."""

    groups: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    variants: dict[str, str] = field(default_factory=dict)
    price_types: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)

    def path(self, group: str) -> str | None:
        """``"A > B > C"`` of a group id."""
        names: list[str] = []
        seen: set[str] = set()
        current: str | None = group
        while current and current in self.groups and current not in seen:
            seen.add(current)
            name, current = self.groups[current]
            names.append(name)
        return " > ".join(name for name in reversed(names) if name) or None


@dataclass(slots=True)
class Offer:
    """All that the offers of one good say (several files and several characteristics are added up)."""

    number: int
    file: str
    title: str | None = None
    prices: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    barcodes: list[str] = field(default_factory=list)
    quantity: float | None = None
    article: str | None = None
    features: dict[str, list[str]] = field(default_factory=dict)


def base_id(identity: str) -> str:
    """The good's id in ``good#characteristic``."""
    return identity.partition("#")[0].strip()


def read_classifier(xml: XmlFile, into: Classifier) -> set[str]:
    """Add the groups, properties and price types of one file; gives which of ``Товар``, ``Предложение`` it holds."""
    seen: set[str] = set()
    for element in elements(xml, ("Группы", "Свойства", "ТипыЦен", "Категории", "Товар", "Предложение", "Остаток")):
        tag = local(element)
        seen.add(tag)
        if tag == "Группы":
            _groups(element, None, into)
        elif tag == "Свойства":
            _properties(element, into)
        elif tag == "ТипыЦен":
            for kind in element:
                key = text_of(child(kind, "Ид"))
                if key:
                    currency = text_of(child(kind, "Валюта")) or None
                    into.price_types[key] = (text_of(child(kind, "Наименование")), currency)
        elif tag == "Категории":
            for category in element:
                into.categories[text_of(child(category, "Ид"))] = text_of(child(category, "Наименование"))
    return seen


def _groups(element: etree._Element, parent: str | None, into: Classifier) -> None:
    stack: list[tuple[etree._Element, str | None]] = [(element, parent)]
    while stack:
        groups, above = stack.pop()
        for group in groups:
            if local(group) != "Группа":
                continue
            key = text_of(child(group, "Ид"))
            if key:
                into.groups.setdefault(key, (text_of(child(group, "Наименование")), above))
            inner = child(group, "Группы")
            if inner is not None:
                stack.append((inner, key or above))


def _properties(element: etree._Element, into: Classifier) -> None:
    for one in element:
        key = text_of(child(one, "Ид"))
        if not key:
            continue
        into.properties[key] = text_of(child(one, "Наименование"))
        for value in one.iter("{*}Справочник", "{*}Вариант"):
            variant = text_of(child(value, "ИдЗначения")) or text_of(child(value, "Ид"))
            if variant:
                into.variants[variant] = text_of(child(value, "Значение"))


def goods(xml: XmlFile, classifier: Classifier, broken: list[Any]) -> Iterator[tuple[int, dict[str, Any], str]]:
    """(ordinal, canonical values without prices, id) of each ``Товар``."""
    for number, good in enumerate(elements(xml, ("Товар",), broken), 1):
        values = good_values(good, classifier)
        yield number, values, text_of(child(good, "Ид"))


def good_values(good: etree._Element, classifier: Classifier) -> dict[str, Any]:
    """Canonical values of one ``Товар``."""
    values: dict[str, Any] = {
        "id": text_of(child(good, "Ид")) or text_of(child(good, "Артикул")),
        "title": text_of(child(good, "Наименование")) or text_of(child(good, "ПолноеНаименование")),
        "description": text_of(child(good, "Описание")),
        "brand": _maker(good),
        "country": text_of(child(good, "Страна")),
        "barcode": [text_of(one) for one in good if local(one) in ("Штрихкод", "ШтрихКод") and text_of(one)],
        "image": [text_of(one) for one in good if local(one) == "Картинка" and text_of(one)],
        "attr:Артикул": text_of(child(good, "Артикул")),
    }
    groups = child(good, "Группы")
    keys = [text_of(one) for one in groups] if groups is not None else []
    values["category"] = next((path for key in keys if (path := classifier.path(key))), None)
    if not values["category"]:
        values["category"] = classifier.categories.get(text_of(child(good, "Категория")))
    _property_values(good, classifier, values)
    _features(good, values)
    _requisites(good, values)
    removed = text_of(child(good, "ПометкаУдаления")).lower() == "true" or "удален" in (
        (good.get("Статус") or text_of(child(good, "Статус"))).lower()
    )
    if removed:
        values["available"] = False
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _maker(good: etree._Element) -> str | None:
    for tag in ("ТорговаяМарка", "Изготовитель"):
        element = child(good, tag)
        if element is not None:
            name = text_of(child(element, "Наименование")) or (text_of(element) if len(element) == 0 else "")
            if name:
                return name
    return None


def _property_values(good: etree._Element, classifier: Classifier, values: dict[str, Any]) -> None:
    holder = child(good, "ЗначенияСвойств")
    for one in holder if holder is not None else ():
        name = classifier.properties.get(text_of(child(one, "Ид"))) or text_of(child(one, "Наименование"))
        found = [text_of(inner) for inner in one if local(inner) in ("Значение", "ИдЗначения") and text_of(inner)]
        texts = list(dict.fromkeys(classifier.variants.get(text, text) for text in found))
        if not name or not texts:
            continue
        if _BRAND.match(name) and not values.get("brand"):
            values["brand"] = texts[0]
        values[f"attr:{name}"] = texts[0] if len(texts) == 1 else texts


def _features(element: etree._Element, values: dict[str, Any]) -> None:
    for name, text in features(element):
        values.setdefault(f"attr:{name}", text)


def features(element: etree._Element) -> list[tuple[str, str]]:
    """Name and value of the ``ХарактеристикиТовара`` of a good or offer."""
    holder = child(element, "ХарактеристикиТовара")
    inner = list(holder) if holder is not None else []
    pairs = [(text_of(child(one, "Наименование")), text_of(child(one, "Значение"))) for one in inner]
    return [(name, text) for name, text in pairs if name and text]


def _requisites(good: etree._Element, values: dict[str, Any]) -> None:
    holder = child(good, "ЗначенияРеквизитов")
    for one in holder if holder is not None else ():
        name, text = text_of(child(one, "Наименование")), text_of(child(one, "Значение"))
        if not name or not text:
            continue
        if name == "ОписаниеВФорматеHTML" and not values.get("description"):
            values["description"] = text
        elif name == "Полное наименование" and not values.get("title"):
            values["title"] = text
        elif name == "ВидНоменклатуры" and not values.get("category"):
            values["category"] = text
        elif name not in _NOT_ATTRIBUTES:
            values.setdefault(f"attr:{name}", text)


def choose_price(offer: Offer, classifier: Classifier) -> tuple[str | None, str | None, dict[str, str]]:
    """The retail price with its currency, and the other prices by the name of their type."""
    if not offer.prices:
        return None, None, {}
    names = {key: classifier.price_types.get(key, (key, None))[0] for key in offer.prices}
    chosen = next((key for key, name in names.items() if _RETAIL.search(name)), None)
    if chosen is None and len(names) > 1:
        chosen = max(offer.prices, key=lambda key: _amount(offer.prices[key][0]))  # wholesale is below retail
    chosen = chosen or next(iter(names))
    price, currency = offer.prices[chosen]
    others = {names[key] or key: value for key, (value, _) in offer.prices.items() if key != chosen}
    return price, currency or classifier.price_types.get(chosen, ("", None))[1], others


def _amount(text: str) -> float:
    try:
        return float(text.replace(",", ".").replace("\xa0", "").replace(" ", ""))
    except ValueError:
        return 0.0
