"""Which keys of a row feed which field: a recognition made ready for the hot loop.

Belongs here: :class:`Plan` and how it comes about. Stays out: recognition itself (``columns``), applying it
(``mapping``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from vitrina.feeds.columns import NoTitle, Recognition, recognise
from vitrina.feeds.currencies import BY_WORD, PATTERN
from vitrina.feeds.prices import decimal_separator
from vitrina.feeds.records import CANONICAL_FIELDS, RawRow, SourceConfig, Table
from vitrina.feeds.seen_columns import Column
from vitrina.feeds.shops import currency_of_shop
from vitrina.feeds.synonyms import ATTRIBUTE, normalise
from vitrina.feeds.text import as_text

#: Canonical fields without a place of their own in a product: they are attributes under these names.
NAMED = frozenset({"color", "size", "material", "country", "gender", "composition"})
#: Headers of amounts in the smallest unit: Wildberries' priceU, "Цена (коп.)", price_cents.
_MINOR = re.compile(r"\bprice u$|\bкоп(?:ейк\w*)?\b|\b(?:kopeck|kopeyk|cent)s?\b|\bkuruş\b|\bin minor\b")
_CODES = 0.95
_CATEGORY_FILE = re.compile(r"(?P<slug>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)-(?P<id>\d{2,7})")
_NOT_CATEGORIES = frozenset(
    {"export", "products", "price", "feed", "catalog", "items", "goods", "part", "page", "tovary"}
)


@dataclass(slots=True, frozen=True)
class Plan:
    """Keys of ``RawRow.values`` by field; ``None`` and empty tuples where a table lacks the field.

    Attributes:
        variants: Keys that are joined to the id, because the list has one row per size or colour under one article.
        apart: Keys that tell records apart where the id is derived.
        joined_ids: Several columns together are the id (only by source.yaml).
        header_currency: Currency that the price's header says ("Цена, $").
        assumed_currency: Currency of the shop that the links lead to, for prices that say none.
        old_is_plain: The old price column is the plain "price" beside a "final price": it stands where that is empty.
        hint: Category said by the file's name.
        decimal: Decimal separator the price column shows.
        columns: Header → canonical field or ``None``, for the report.
        seen: The columns with their first values, for the report.
    """

    title: str
    ids: tuple[str, ...] = ()
    description: str | None = None
    brand: str | None = None
    price: str | None = None
    old_price: str | None = None
    currency: str | None = None
    supplier: str | None = None
    url: str | None = None
    category: str | None = None
    available: str | None = None
    images: tuple[str, ...] = ()
    barcodes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    variants: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    canonical: bool = False
    joined_ids: bool = False
    supplier_in_text: bool = False
    unsure_old_price: bool = False
    old_is_plain: bool = False
    price_doubtful: bool = False
    minor: bool = False
    decimal: str | None = None
    header_currency: str | None = None
    assumed_currency: str | None = None
    hint: str | None = None
    columns: dict[str, str | None] = field(default_factory=dict)
    seen: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()


def canonical_plan(config: SourceConfig) -> Plan:
    """For readers of formats with a fixed meaning: keys are field names and ``attr:<name>``."""
    return Plan(
        "title", ("id",), "description", "brand", "price", "old_price", "currency", "supplier", "url", "category",
        "available", ("image",), ("barcode",), apart=("size", "color"), named=NAMED, canonical=True,
        minor=config.price_unit == "minor", decimal=".",
    )  # fmt: skip


def plan_for(
    table: Table, head: Sequence[RawRow], config: SourceConfig, *, file: str, fallback: Plan | None = None
) -> Plan:
    """Recognise a table's columns and make the plan.

    Raises:
        NoTitle: No title column, and no plan of an earlier file of the same shape.
    """
    headers = table.headers or list(dict.fromkeys(key for row in head for key in row.values))
    samples = [row.values for row in head]
    try:
        found = recognise(headers, samples, config, file=file or "the file")
    except NoTitle as error:
        if fallback is None or list(fallback.columns) != headers:
            error.format, error.encoding = table.format, table.encoding
            raise
        return replace(fallback, hint=category_of_file(file) if fallback.hint else None)
    headerless = all(header.isdecimal() for header in headers)
    ids = tuple(found.of("id"))
    plan = Plan(
        title=found.of("title")[0],
        ids=ids,
        attributes=_attributes(found, headerless),
        images=tuple(found.of("image")),
        barcodes=tuple(found.of("barcode")),
        variants=_variants(found, ids, samples),
        apart=(*found.of("size"), *found.of("color"), *(_codes(found) if headerless and not ids else ())),
        joined_ids=len(ids) > 1,
        supplier_in_text=headerless,
        unsure_old_price=found.unsure_old_price,
        old_is_plain=found.old_is_plain,
        price_doubtful=bool(found.doubtful_prices),
        minor=config.price_unit == "minor",
        hint=category_of_file(file) if headerless and not found.of("category") and found.of("url") else None,
        columns={header: target if target in CANONICAL_FIELDS else None for header, target in found.targets.items()},
        seen=found.seen(config),
        notes=tuple(found.notes),
        **{name: _one(found, name) for name in _SINGLE},
    )
    if plan.price is None:
        return plan
    said = PATTERN.search(plan.price.lower())
    texts = [as_text(row.get(plan.price)).strip() for row in samples]
    notes = list(plan.notes)
    minor = plan.minor or (_counts_kopecks(plan.price) and all(text.isdecimal() for text in texts if text))
    if minor and not plan.minor:
        notes.append(f'"{plan.price}" counts kopecks (cents): divided by 100')
    shop = None
    if plan.url and config.currency == "RUB" and not config.currency_is_set:
        shop = currency_of_shop([as_text(row.get(plan.url)) for row in samples])
        bare = any(text[-1:].isdigit() and text[:1].isdigit() for text in texts)
        if shop and shop != config.currency and bare and not said and plan.currency is None:
            notes.append(f"prices that name no currency are taken as {shop}, because the links lead to a shop of it")
    return replace(
        plan,
        minor=minor,
        decimal=decimal_separator(texts),
        header_currency=BY_WORD[said.group()] if said and not headerless else None,
        assumed_currency=shop,
        notes=tuple(notes),
    )


def _counts_kopecks(header: str) -> bool:
    return _MINOR.search(normalise(header)) is not None


_SINGLE = ("description", "brand", "price", "old_price", "currency", "supplier", "url", "category", "available")


def _codes(found: Recognition) -> tuple[str, ...]:
    """The first column of a headerless list when it holds whole numbers: article numbers that repeat over sizes."""
    first, target = next(iter(found.targets.items()))
    column = found.profiles[first]
    codes = (
        target.startswith(ATTRIBUTE) and column.code >= _CODES and column.integer >= _CODES and column.filled >= _CODES
    )
    return (first,) if codes and column.distinct_count > 1 else ()


def _one(found: Recognition, name: str) -> Any:
    headers = found.of(name)
    return headers[0] if headers else None


def _attributes(found: Recognition, headerless: bool) -> tuple[tuple[str, str], ...]:
    pairs = []
    prefix = f"{ATTRIBUTE}:"
    for header, target in found.targets.items():
        if target.startswith(prefix):
            pairs.append((header, target.removeprefix(prefix)))
        elif target in NAMED:
            pairs.append((header, target if headerless else header))
    return tuple(pairs)


def _variants(found: Recognition, ids: tuple[str, ...], samples: Sequence[Any]) -> tuple[str, ...]:
    """Size and colour columns, when one id stands in rows that differ in them (one row per size)."""
    apart = (*found.of("size"), *found.of("color"))
    if len(ids) != 1 or not apart:
        return ()
    first: dict[str, tuple[str, ...]] = {}
    for row in samples:
        key = as_text(row.get(ids[0])).strip()
        variant = tuple(as_text(row.get(name)).strip() for name in apart)
        if key and first.setdefault(key, variant) != variant:
            return apart
    return ()


def category_of_file(name: str) -> str | None:
    """``dzhinsy-zhenskie`` of ``dzhinsy-zhenskie-7503.csv``: parsers that save one file per category name them so."""
    stem = PurePosixPath(name).name
    while "." in stem:
        stem = stem.rpartition(".")[0]
    found = _CATEGORY_FILE.fullmatch(stem)
    if found is None or found["slug"] in _NOT_CATEGORIES:
        return None
    return found["slug"]
