"""From raw rows to products: the plan of a table's columns, applied to each row.

Belongs here: cells to fields, and what sends a row to quarantine. Stays out: which column is what (``columns``), how
one cell reads (``prices``, ``cells``, ``text``), merging of repeats (``reading``).

This is the hot loop of an import: about 7 µs for a row of five columns. Measure before adding work to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain, islice

import orjson

from vitrina.feeds import cells, identity
from vitrina.feeds.currencies import iso_code
from vitrina.feeds.plans import Plan, canonical_plan, plan_for
from vitrina.feeds.prices import Price, parse_price
from vitrina.feeds.records import ParsedProduct, PriceNote, QuarantinedRow, RawRow, Reason, SourceConfig, Table
from vitrina.feeds.text import clean_line, clean_text

SAMPLE_ROWS = 1_000
_MAX_RAW = 20_000
_MAX_ID = 200
_MAX_CACHED = 50_000
#: What a "final price" column says of goods that are not reduced.
_NO_FINAL_PRICE = frozenset((PriceNote.MISSING.value, PriceNote.FILLER.value, PriceNote.ZERO.value))
_TOTALS = frozenset(
    ("итого", "всего", "итого по прайсу", "общий итог", "total", "grand total", "toplam", "genel toplam")
)
_LONGEST_TOTAL = 18
_SAYS_SOMETHING = re.compile(r"[^\W_]")
DERIVED_NOTE = "id derived from title and brand"


class Mapper:
    """Turns one table's rows into products and quarantined rows, in order, one for each row.

    Args:
        table: As a reader gave it; its rows are consumed once.
        config: Settings of the source.
        file: Name of the file inside the drop, for messages and for the category hint in it.
        fallback: Plan of an earlier file of the same drop and shape, for a file too small to tell its columns.

    Raises:
        DropUnreadable: While iterating, when no column can be told to be the title.
    """

    def __init__(self, table: Table, config: SourceConfig, *, file: str = "", fallback: Plan | None = None) -> None:
        self.table = table
        self.config = config
        rows = iter(table.rows)
        if table.canonical:
            self.plan = canonical_plan(config)
            self._rows: Iterable[RawRow] = rows
        else:
            head = list(islice(rows, SAMPLE_ROWS))
            self.plan = plan_for(table, head, config, file=file, fallback=fallback)
            self._rows = chain(head, rows)
        self._fillers = _filler_amounts(config)
        self._assumed = self.plan.assumed_currency or config.currency
        self._prices: dict[tuple[str, str], Price] = {}
        self._above: RawRow | None = None

    def __iter__(self) -> Iterator[ParsedProduct | QuarantinedRow]:
        to_product = self._product
        for row in self._rows:
            try:
                product = to_product(row)
            except (ValueError, TypeError, ArithmeticError, AttributeError, KeyError, RecursionError) as error:
                # The last line of defence: one odd record must not stop its drop, and must not vanish.
                yield quarantine(row, Reason.BROKEN_RECORD, f"The record cannot be read ({type(error).__name__}).")
            else:
                yield product

    def _product(self, row: RawRow) -> ParsedProduct | QuarantinedRow:
        plan, values = self.plan, row.values
        title = clean_line(values.get(plan.title))
        if not (title and (title[0].isalpha() or _SAYS_SOMETHING.search(title))) or (
            len(title) <= 12 and cells.is_empty(title)
        ):
            title = self._title_above(row)
            if not title:
                return quarantine(row, Reason.NO_TITLE, "The record has no title.")
        if len(title) <= _LONGEST_TOTAL and title.rstrip(": ").lower() in _TOTALS:
            return quarantine(row, Reason.NO_TITLE, "A line of totals, not a product.")
        brand = _line(values.get(plan.brand)) if plan.brand else None
        link = cells.url(values.get(plan.url)) if plan.url else None
        codes: list[str] = []
        for key in plan.barcodes:
            if value := values.get(key):
                codes += [code for code in cells.barcodes(value) if code not in codes]
        attributes = self._attributes(row)
        product = ParsedProduct(
            "",
            "id",
            title,
            None,
            brand,
            url=link,
            barcodes=codes,
            attributes=attributes,
            number=row.number,
            file=row.file,
        )
        if plan.description and not cells.is_empty(text := values.get(plan.description)):
            product.description = clean_text(text) or None
        self._set_price(product, row)
        self._set_supplier(product, row)
        for key in plan.images:
            if value := values.get(key):
                product.image_urls += [image for image in cells.urls(value) if image not in product.image_urls]
        product.category_hint = (cells.category_path(values.get(plan.category)) if plan.category else None) or plan.hint
        if plan.available:
            product.available = cells.available(values.get(plan.available))
        self._set_identity(product, row)
        if values.get(plan.title):
            self._above = row
        return product

    def _title_above(self, row: RawRow) -> str:
        """Shops write the title in the first row of a product only (Shopify's variants): the same id directly below."""
        above, ids = self._above, self.plan.ids
        if above is None or self.plan.canonical or len(ids) != 1 or not (own := clean_line(row.values.get(ids[0]))):
            return ""
        same = not cells.is_empty(own) and clean_line(above.values.get(ids[0])) == own
        return clean_line(above.values.get(self.plan.title)) if same else ""

    def _attributes(self, row: RawRow) -> dict[str, object]:
        attributes: dict[str, object] = {}
        values = row.values
        if self.plan.canonical:
            for key, value in values.items():
                if key in self.plan.named:
                    name = key
                elif key.startswith("attr:"):
                    name = clean_line(key[5:], 200)
                else:
                    continue
                if (cleaned := cells.attribute(value)) is not None and len(attributes) < cells.MAX_ATTRIBUTES:
                    attributes[name] = cleaned
            return attributes
        for key, name in self.plan.attributes:
            value = values.get(key)
            if value is None or value == "" or len(attributes) >= cells.MAX_ATTRIBUTES:
                continue
            if (isinstance(value, list) or (isinstance(value, str) and value[:2] == "[{")) and (
                named := cells.named_values(value)
            ) is not None:
                attributes.update(named)
            elif (cleaned := cells.attribute(value)) is not None:
                attributes[name] = cleaned
        return attributes

    def _set_price(self, product: ParsedProduct, row: RawRow) -> None:
        plan, values = self.plan, row.values
        if plan.price is None:
            product.price_note = PriceNote.AMBIGUOUS.value if plan.price_doubtful else PriceNote.MISSING.value
            return
        said = iso_code(str(values.get(plan.currency) or "")) if plan.currency else None
        said = said or plan.header_currency
        known = said or self._assumed
        price = self._price(values.get(plan.price), known)
        old = self._price(values.get(plan.old_price), known) if plan.old_price else None
        if old is not None and plan.old_is_plain and price.note in _NO_FINAL_PRICE:
            price, old = old, None  # no discount: the plain price stands
        product.price_note = price.note
        if price.amount is None:
            return
        product.price, product.currency = price.amount, price.currency or said
        if product.currency is None:
            product.currency, product.price_note = self._assumed, PriceNote.CURRENCY_ASSUMED.value
        if old is not None and old.amount is not None and (old.currency or product.currency) == product.currency:
            if old.amount > price.amount:
                product.old_price = old.amount
            elif plan.unsure_old_price and old.amount < price.amount:
                product.price, product.old_price = old.amount, price.amount

    def _price(self, value: object, currency: str) -> Price:
        """A cell's price; texts repeat (three of four in a long list), so each is read once for each currency."""
        cached = self._prices.get((value, currency)) if isinstance(value, str) else None
        if cached is not None:
            return cached
        plan = self.plan
        price = parse_price(value, decimal=plan.decimal, minor=plan.minor, currency=currency)
        if price.amount is not None and price.amount in self._fillers:
            price = Price(None, price.currency, PriceNote.FILLER.value)
        if isinstance(value, str) and len(self._prices) < _MAX_CACHED:
            self._prices[value, currency] = price
        return price

    def _set_supplier(self, product: ParsedProduct, row: RawRow) -> None:
        key = self.plan.supplier
        if key is not None:
            value = row.values.get(key)
            if self.plan.supplier_in_text:
                product.supplier, text = cells.seller(str(value))
                if text:
                    product.attributes["delivery"] = text
            else:
                product.supplier = _line(value)
        if product.supplier is None:
            product.supplier = self.config.name

    def _set_identity(self, product: ParsedProduct, row: RawRow) -> None:
        plan, values = self.plan, row.values
        own = [text for key in plan.ids if (text := clean_line(values.get(key), _MAX_ID)) and not cells.is_empty(text)]
        if own and (plan.joined_ids or len(plan.ids) == 1):
            if plan.variants:
                own += [clean_line(values.get(key), 100) for key in plan.variants]
            product.external_id = "/".join(own)[:_MAX_ID]
        elif own:
            product.external_id = own[0]
        elif product.url and (number := identity.from_url(product.url)):
            product.external_id, product.identity = number, "url"
        else:
            apart: list[str | None] = [clean_line(values.get(key), 100) for key in plan.apart]
            apart += [identity.page(product.url), *product.barcodes[:1]]
            product.external_id = identity.derived(product.title, product.brand, *apart)
            product.identity = "derived"
            product.notes.append(DERIVED_NOTE)


def quarantine(row: RawRow, reason: Reason, message: str) -> QuarantinedRow:
    """Keep a row with its raw text, at most 20,000 characters."""
    raw = row.raw
    if raw is None:
        try:
            raw = orjson.dumps(dict(row.values), default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except (TypeError, ValueError, RecursionError):
            raw = repr(row.values)
    raw = raw[:_MAX_RAW].encode("utf-8", "backslashreplace").decode()
    return QuarantinedRow(row.number, reason.value, message, raw, row.file)


def _line(value: object) -> str | None:
    return None if cells.is_empty(value) else clean_line(value, 300) or None


def _filler_amounts(config: SourceConfig) -> frozenset[Decimal]:
    amounts = []
    for text in config.filler_prices:
        try:
            amounts.append(Decimal(text.replace(",", ".").replace(" ", "")))
        except InvalidOperation:
            continue
    return frozenset(amounts)
