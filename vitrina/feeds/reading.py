"""A whole drop: every file read, every record mapped, repeats merged, all of it counted.

Belongs here: the order of work and the accounting. Stays out: formats (``detect`` and the
readers) and fields (``mapping``).
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice

from vitrina.feeds.mapping import Mapper
from vitrina.feeds.plans import Plan
from vitrina.feeds.records import (
    DropFile,
    DropUnreadable,
    FeedReport,
    NoProducts,
    ParsedProduct,
    QuarantinedRow,
    ReadDrop,
    SourceConfig,
    Table,
)

_MAX_NOTES = 100
#: New objects between two looks of the garbage collector while a drop is read.
_RARE = 200_000
#: Below this a headerless file may be too small to tell its columns.
_SMALL_ROWS = 200
#: Text fields of a product that a later record of the same product may fill.
_FILLED = ("description", "brand", "supplier", "url", "category_hint", "available")


def read_drop(files: Sequence[DropFile], config: SourceConfig) -> ReadDrop:
    """Read a drop to the end.

    Raises:
        DropUnreadable: A file of it cannot be read.
        NoProducts: It is sound, and holds no products.
    """
    report = FeedReport()
    products: dict[str, ParsedProduct] = {}
    quarantined: list[QuarantinedRow] = []
    with rare_collections():
        for item in iter_drop(files, config, report):
            if isinstance(item, QuarantinedRow):
                quarantined.append(item)
                continue
            first = products.get(item.external_id)
            if first is None:
                products[item.external_id] = item
            else:
                merge(first, item)
                report.merged += 1
    report.accepted = len(products)
    if not report.rows:
        raise NoProducts("The drop holds no records.", hint="The file was read, but there is nothing in it to import.")
    return ReadDrop(list(products.values()), quarantined, report)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Products hold no cycles, and looking for some takes a fifth of the time of a long list."""
    before = gc.get_threshold()
    if not 0 < before[0] < _RARE:
        yield
        return
    gc.set_threshold(_RARE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def iter_drop(
    files: Sequence[DropFile], config: SourceConfig, report: FeedReport
) -> Iterator[ParsedProduct | QuarantinedRow]:
    """Stream a drop: one item for each record, repeats not merged.

    ``report.rows``, ``quarantined`` and ``reasons`` count up while this is consumed; ``accepted`` and ``merged`` are
    left to the caller, who knows what it merges.

    Raises:
        DropUnreadable: As :func:`read_drop`, at the file that cannot be read.
    """
    from vitrina.feeds.detect import open_tables

    yield from map_tables(open_tables(files, config), config, report)


def map_tables(
    tables: Iterable[tuple[DropFile, Table]], config: SourceConfig, report: FeedReport
) -> Iterator[ParsedProduct | QuarantinedRow]:
    """Map tables that readers found; the part of :func:`iter_drop` that knows nothing of formats."""
    reasons: Counter[str] = Counter()
    plans: dict[tuple[str, ...], Plan] = {}
    identities: Counter[str] = Counter()
    for table, mapper in _mappers(tables, config, plans):
        plans.setdefault(tuple(table.headers), mapper.plan)
        _describe(report, table, mapper.plan)
        broken = table.broken
        for item in mapper:
            if broken:
                yield from _broken(broken, report, reasons)
            report.rows += 1
            if isinstance(item, QuarantinedRow):
                _count(item, report, reasons)
            else:
                identities[item.identity] += 1
            yield item
        yield from _broken(broken, report, reasons)
        _add_notes(report, table.notes)
    if identities["url"]:
        _add_notes(report, [f"{identities['url']} ids are article numbers taken from the links"])
    if identities["derived"]:
        _add_notes(
            report, [f"{identities['derived']} ids are derived from title and brand: a changed title is a new product"]
        )


def _mappers(
    tables: Iterable[tuple[DropFile, Table]], config: SourceConfig, plans: Mapping[tuple[str, ...], Plan]
) -> Iterator[tuple[Table, Mapper]]:
    """Tables with their mappers. A file too small to tell its columns waits until the others have shown them."""
    waiting: list[tuple[DropFile, Table]] = []
    for file, table in tables:
        if not table.canonical and table.headers and all(header.isdecimal() for header in table.headers):
            head = list(islice(table.rows, _SMALL_ROWS))
            if len(head) < _SMALL_ROWS and tuple(table.headers) not in plans:
                table.rows = head
                try:
                    mapper = Mapper(table, config, file=file.name)
                except DropUnreadable:
                    waiting.append((file, table))
                else:
                    yield table, mapper
                continue
            table.rows = chain(head, table.rows)
        yield table, Mapper(table, config, file=file.name, fallback=plans.get(tuple(table.headers)))
    for file, table in waiting:
        yield table, Mapper(table, config, file=file.name, fallback=plans.get(tuple(table.headers)))


def merge(first: ParsedProduct, later: ParsedProduct) -> None:
    """Add to a product what a repeat of it says more; what the first one says stands."""
    for name in _FILLED:
        if getattr(first, name) is None:
            setattr(first, name, getattr(later, name))
    if first.price is None and later.price is not None:
        first.price, first.currency, first.price_note = later.price, later.currency, later.price_note
        first.old_price = later.old_price
    if later.image_urls and later.image_urls != first.image_urls:
        first.image_urls = list(dict.fromkeys([*first.image_urls, *later.image_urls]))
    if later.barcodes and later.barcodes != first.barcodes:
        first.barcodes = list(dict.fromkeys([*first.barcodes, *later.barcodes]))
    for name, value in later.attributes.items():
        first.attributes.setdefault(name, value)
    first.number, first.file = later.number, later.file


def _broken(broken: list[QuarantinedRow], report: FeedReport, reasons: Counter[str]) -> Iterator[QuarantinedRow]:
    """Hand on what the reader itself gave up on."""
    for item in broken:
        report.rows += 1
        _count(item, report, reasons)
        yield item
    broken.clear()


def _count(item: QuarantinedRow, report: FeedReport, reasons: Counter[str]) -> None:
    report.quarantined += 1
    reasons[str(item.reason)] += 1
    report.reasons = dict(reasons)


def _describe(report: FeedReport, table: Table, plan: Plan) -> None:
    for name, value in (("format", table.format), ("encoding", table.encoding)):
        known = getattr(report, name)
        if known in ("", "-"):
            setattr(report, name, value)
        elif value not in known.split("+") and value != "-":
            setattr(report, name, f"{known}+{value}")
    report.seen += [column for column in plan.seen if column.header not in report.columns]
    for header, target in plan.columns.items():
        report.columns.setdefault(header, target)
    _add_notes(report, plan.notes)


def _add_notes(report: FeedReport, notes: Iterable[str]) -> None:
    for note in notes:
        if note not in report.notes and len(report.notes) < _MAX_NOTES:
            report.notes.append(note)


__all__ = ["DropUnreadable", "NoProducts", "iter_drop", "map_tables", "merge", "read_drop"]
