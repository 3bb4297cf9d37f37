"""CommerceML files of one drop joined: names from the catalogue, prices and stocks from the offers.

Belongs here: collecting offers over all files and meeting them with the goods by ``Ид``. Stays out: the elements'
meaning (``commerceml``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lxml import etree

from vitrina.feeds.commerceml import (
    Classifier,
    Offer,
    base_id,
    choose_price,
    features,
    goods,
    read_classifier,
)
from vitrina.feeds.records import DropFile, NoProducts, QuarantinedRow, RawRow, Reason, Table
from vitrina.feeds.xml_elements import child, elements, local, raw_of, text_of
from vitrina.feeds.xml_safe import XmlFile

_OFFERS = {"Предложение", "Остаток"}
_CURRENCIES = {"руб": "RUB", "руб.": "RUB", "rur": "RUB", "643": "RUB", "грн": "UAH", "тг": "KZT"}


def tables(files: Sequence[tuple[DropFile, XmlFile]]) -> Iterator[tuple[DropFile, Table]]:
    """One table for each catalogue file, its goods with their prices; offers without a good stand in quarantine.

    A drop without a catalogue gives its offers as products when they have names.

    Raises:
        NoProducts: No file holds goods or named offers.
    """
    classifier = Classifier()
    broken: list[QuarantinedRow] = []
    offers: dict[str, Offer] = {}
    catalogues: list[tuple[DropFile, XmlFile]] = []
    packages: list[XmlFile] = []
    for file, xml in files:
        held = read_classifier(xml, classifier)
        if "Товар" in held:
            catalogues.append((file, xml))
        if held & _OFFERS:
            packages.append(xml)
            _collect(xml, offers, broken)
    if not catalogues:
        if not any(offer.title for offer in offers.values()):
            names = ", ".join(file.name for file, _ in files)
            raise NoProducts(
                f"{names}: CommerceML without goods (no Товар, and {len(offers)} offers without names).",
                hint="Put the catalogue file (import.xml) into the same drop folder as the offers.",
            )
        file, xml = files[0]
        notes = [*xml.notes, "no catalogue file in the drop: names were taken from the offers"]
        result = Table("commerceml", (), xml.encoding, canonical=True, broken=broken, notes=notes)
        result.rows = _offer_rows(offers, classifier, packages, result)
        yield file, result
        return
    known: set[str] = set()
    for index, (file, xml) in enumerate(catalogues):
        result = Table("commerceml", (), xml.encoding, canonical=True, notes=list(xml.notes))
        rows = _goods_rows(xml, classifier, offers, known, result)
        result.rows = rows
        if index == len(catalogues) - 1:
            result.broken.extend(broken)
            result.rows = _then_orphans(rows, result, packages, offers, known)
        if not offers:
            result.notes.append("no offers file in the drop: prices are unknown")
        yield file, result


def _collect(xml: XmlFile, offers: dict[str, Offer], broken: list[QuarantinedRow]) -> None:
    for number, element in enumerate(elements(xml, tuple(_OFFERS), broken), 1):
        key = base_id(text_of(child(element, "Ид")))
        if not key:
            message = "an offer without Ид belongs to no good"
            broken.append(QuarantinedRow(number, Reason.ORPHAN_OFFER, message, raw_of(element), xml.name))
            continue
        offer = offers.get(key)
        if offer is None:
            offer = offers[key] = Offer(number, xml.name)
        _add(offer, element)


def _add(offer: Offer, element: etree._Element) -> None:
    offer.title = offer.title or text_of(child(element, "Наименование")) or None
    offer.article = offer.article or text_of(child(element, "Артикул")) or None
    prices = child(element, "Цены")
    for price in prices if prices is not None else ():
        amount = text_of(child(price, "ЦенаЗаЕдиницу"))
        kind = text_of(child(price, "ИдТипаЦены"))
        if not amount:
            continue
        former = offer.prices.get(kind)
        if former is None or _number(amount) < _number(former[0]):  # of several characteristics, the lowest price
            offer.prices[kind] = amount, _currency(text_of(child(price, "Валюта")))
    for one in element:
        if local(one) in ("Штрихкод", "ШтрихКод") and text_of(one) and text_of(one) not in offer.barcodes:
            offer.barcodes.append(text_of(one))
    quantity = _quantity(element)
    if quantity is not None:
        offer.quantity = (offer.quantity or 0.0) + quantity
    for name, text in features(element):
        values = offer.features.setdefault(name, [])
        if text not in values:
            values.append(text)


def _quantity(element: etree._Element) -> float | None:
    """The stock: the total, else the sum over the warehouses (2.x attributes, 3.x elements)."""
    total = text_of(child(element, "Количество"))
    if total:
        return _number(total)
    stocks = [one.get("КоличествоНаСкладе") or "" for one in element.iter("{*}Склад")]
    stocks += [text_of(one) for one in element.iter("{*}Количество")]
    found = [_number(stock) for stock in stocks if stock]
    return sum(found) if found else None


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ".").replace("\xa0", "").replace(" ", ""))
    except ValueError:
        return 0.0


def _currency(text: str) -> str | None:
    return _CURRENCIES.get(text.lower(), text.upper()) if text else None


def _goods_rows(
    xml: XmlFile, classifier: Classifier, offers: dict[str, Offer], known: set[str], result: Table
) -> Iterator[RawRow]:
    for number, values, identity in goods(xml, classifier, result.broken):
        key = base_id(identity)
        known.add(key)
        offer = offers.get(key)
        if offer:
            _meet(values, offer, classifier)
        yield RawRow(number, values, None, xml.name)


def _meet(values: dict[str, Any], offer: Offer, classifier: Classifier) -> None:
    price, currency, others = choose_price(offer, classifier)
    if price is not None:
        values["price"] = price
    if currency:
        values["currency"] = currency
    for name, amount in others.items():
        values[f"attr:Цена: {name}"] = amount
    if offer.quantity is not None and values.get("available") is not False:
        values["available"] = offer.quantity > 0
    codes = [code for code in offer.barcodes if code not in values.get("barcode", [])]
    if codes:
        values["barcode"] = [*values.get("barcode", []), *codes]
    for name, texts in offer.features.items():
        values[f"attr:{name}"] = texts[0] if len(texts) == 1 else texts


def _then_orphans(
    rows: Iterable[RawRow], result: Table, packages: Sequence[XmlFile], offers: dict[str, Offer], known: set[str]
) -> Iterator[RawRow]:
    yield from rows
    orphans = {key for key in offers if key not in known}
    _quarantine(orphans, packages, "its good {} stands in no catalogue file of the drop", result)
    if offers:
        result.notes.append(f"{len(offers) - len(orphans)} of {len(offers)} goods with offers were joined by Ид")


def _quarantine(orphans: set[str], packages: Sequence[XmlFile], message: str, result: Table) -> None:
    """A second look at the offers, for their raw text: only orphans need it, and most drops have none."""
    for xml in packages if orphans else ():
        for number, element in enumerate(elements(xml, tuple(_OFFERS)), 1):
            key = base_id(text_of(child(element, "Ид")))
            if key in orphans:
                text = "an offer: " + message.format(key)
                result.broken.append(QuarantinedRow(number, Reason.ORPHAN_OFFER, text, raw_of(element), xml.name))


def _offer_rows(
    offers: dict[str, Offer], classifier: Classifier, packages: Sequence[XmlFile], result: Table
) -> Iterator[RawRow]:
    for key, offer in offers.items():
        if not offer.title:
            continue
        values: dict[str, Any] = {"id": key, "title": offer.title}
        if offer.article:
            values["attr:Артикул"] = offer.article
        _meet(values, offer, classifier)
        yield RawRow(offer.number, values, None, offer.file)
    nameless = {key for key, offer in offers.items() if not offer.title}
    _quarantine(nameless, packages, "it has no name, and no catalogue file of the drop names its good {}", result)
