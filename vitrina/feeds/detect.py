"""From the files of a drop to tables: unpack, recognise by content, give each file to its reader.

Belongs here: what a file is. Stays out: reading it. Names and extensions are hints for messages only: a ``.json`` may
hold objects between stars, a ``.csv`` tabs, an ``.xml`` the error page of a shop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeVar

from vitrina.feeds import commerceml, commerceml_join, json_records, merchant_rss, xml_records, yml
from vitrina.feeds.archives import Limits, Unpacker, is_office_file
from vitrina.feeds.encodings import utf16_without_bom
from vitrina.feeds.records import (
    DropFile,
    DropUnreadable,
    Fault,
    NoProducts,
    QuarantinedRow,
    RawRow,
    Reason,
    SourceConfig,
    Table,
)
from vitrina.feeds.scratch import holding
from vitrina.feeds.utf8 import guess_encoding, read_head
from vitrina.feeds.xml_mend import DAMAGE
from vitrina.feeds.xml_safe import XmlFile, open_xml

T = TypeVar("T")

_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|script|table)\b", re.IGNORECASE)
_PROCESSING = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_SCALAR = re.compile(r'\s*(?:"|-?\d|true\b|false\b|null\b|NaN\b)')
#: JSON inside a script: ``window.__STATE__ = {…};`` or ``callback([…])``.
_SCRIPT = re.compile(r"(?:(?:var|let|const)\s+)?[\w$.]{1,80}\s*[=(]\s*[\[{]")
_DELIMITED = re.compile(r"[,;\t|]")


class Kind(StrEnum):
    """What the bytes of a file are."""

    EMPTY = "empty"
    JSON = "json"
    XML = "xml"
    HTML = "html"
    SHEET = "sheet"
    TEXT = "text"
    OTHER = "other"


#: Magic bytes of files that are not lists at all, with what to say.
_OTHERS = (
    (b"%PDF", "a PDF document", "Ask the supplier for the list as XLSX or CSV."),
    (b"\x89PNG", "a picture", "Put only the list into the drop."),
    (b"\xff\xd8\xff", "a picture", "Put only the list into the drop."),
    (b"GIF8", "a picture", "Put only the list into the drop."),
    (b"SQLite format 3", "a SQLite database", "Export its table as CSV."),
    (b"PAR1", "a Parquet file", "Export it as CSV or JSON Lines."),
    (b"\x80\x04\x95", "a Python pickle, which is never opened", "Export it as CSV or JSON Lines."),
    (b"MZ", "a program", "Put only the list into the drop."),
    (b"\x7fELF", "a program", "Put only the list into the drop."),
)


def identify(file: DropFile) -> Kind:
    """What a file is, by its first 256 KB."""
    head = read_head(file.path)
    if not head.strip(b"\0 \t\r\n"):
        return Kind.EMPTY
    if head.startswith(b"\xd0\xcf\x11\xe0") or (head.startswith(b"PK\x03\x04") and is_office_file(file.path)):
        return Kind.SHEET
    if any(head.startswith(magic) for magic, _, _ in _OTHERS):
        return Kind.OTHER
    encoding, offset = guess_encoding(head)
    text = head[offset:].decode(encoding, errors="replace").lstrip("\ufeff \t\r\n\0\x0b\x0c")
    if text.startswith("<"):
        return Kind.HTML if _is_html(text) else Kind.XML
    if text.startswith(("{", "[")):
        return Kind.TEXT if _is_bracketed_table(text, file.name) else Kind.JSON
    if _SCRIPT.match(text):
        return Kind.JSON
    if b"\0" in head[:4096] and not encoding.startswith(("utf-16", "utf-32")):
        return Kind.TEXT if utf16_without_bom(head) or _is_text_with_zeros(head) else Kind.OTHER
    json_name = file.name.lower().endswith((".json", ".jsonl", ".ndjson"))
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    table = len(lines) >= 2 and all(_DELIMITED.search(line) for line in lines[:2])
    if (json_name and not table) or (len(lines) == 1 and _SCALAR.match(text) and json_name):
        return Kind.JSON
    return Kind.TEXT


def _is_text_with_zeros(head: bytes) -> bool:
    """Text of a program that pads its cells with zero bytes: hardly any other control characters, and lines."""
    controls = sum(1 for byte in head if byte < 32 and byte not in b"\0\t\r\n\x0b\x0c\x1a")
    return head.count(0) <= 0.3 * len(head) and controls <= 0.002 * len(head) and (b"\n" in head or b"\r" in head)


def _is_html(text: str) -> bool:
    while match := _PROCESSING.match(text):
        text = text[match.end() :]
    return bool(_HTML.match(text.lstrip()[:200]))


def _is_bracketed_table(text: str, name: str) -> bool:
    """A CSV whose first header stands in brackets: ``[id],[name]``."""
    first = text.split("\n", 1)[0].strip()
    return name.lower().endswith((".csv", ".tsv", ".txt")) and bool(re.fullmatch(r"(\[[\w ]+\][,;\t]?){2,}", first))


def open_tables(
    files: Sequence[DropFile], config: SourceConfig, limits: Limits | None = None
) -> Iterator[tuple[DropFile, Table]]:
    """The tables of a drop, streamed. Consume the rows of each before asking for the next.

    Args:
        files: The files of the drop, on local disk; they are only read.
        config: What the source's ``source.yaml`` says.
        limits: For archives; the defaults suit a shop.

    Raises:
        DropUnreadable: A file cannot be read; the message says what was found and what to do.
        NoProducts: None of the files holds products. In a drop of several files, those without products are named in
            the notes of the first table instead.
    """
    unpacker = Unpacker(limits)
    commerce: list[tuple[DropFile, XmlFile]] = []
    barren: list[NoProducts] = []
    notes: list[str] = []
    given = 0
    for file in unpacker.plain_files([file for file in files if not _is_marker(file.name)]):
        try:
            for table in _decodable(file, _tables_of(file, config, commerce)):
                table.rows = holding(_decodable(file, table.rows), unpacker.scratch)
                table.notes[:0], notes = notes, []
                given += 1
                yield file, table
        except NoProducts as error:
            barren.append(error)
            notes.append(f"not read: {error.message}")
    if commerce:
        for file, table in commerceml_join.tables(commerce):
            table.notes[:0], notes = notes, []
            table.rows = holding(_undamaged(table.rows, table), unpacker.scratch, commerce)
            given += 1
            yield file, table
    if not given:
        if barren:
            message = " ".join(dict.fromkeys(error.message for error in barren))
            raise NoProducts(message, hint=barren[0].hint)
        raise DropUnreadable(
            "The drop holds no file to read.", hint="Put a price list or feed into it.", fault=Fault.EMPTY
        )


def _decodable(file: DropFile, items: Iterable[T]) -> Iterator[T]:
    """``items``; text that is not in the encoding its mark promises is an error for people."""
    try:
        yield from items
    except UnicodeDecodeError as error:
        raise DropUnreadable(
            f"{file.name} says that it is in {error.encoding}, but its bytes are not ({error.reason}).",
            hint="Save it as UTF-8, or write its encoding into source.yaml.",
        ) from None


def _is_marker(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name in ("_SUCCESS", "source.yaml") or path.name.startswith(".")


def _tables_of(file: DropFile, config: SourceConfig, commerce: list[tuple[DropFile, XmlFile]]) -> Iterator[Table]:
    kind = identify(file)
    if kind is Kind.JSON:
        yield from json_records.read(file, config)
    elif kind is Kind.XML:
        xml = open_xml(file, config.encoding)
        if xml.root == commerceml.ROOT:
            commerce.append((file, xml))
        else:
            table = _xml_table(xml, file, config)
            table.rows = holding(_undamaged(table.rows, table), xml)
            yield table
    elif kind is Kind.SHEET:
        from vitrina.feeds import sheets

        yield from sheets.read(file, config)
    elif kind is Kind.TEXT:
        from vitrina.feeds import tables

        yield from tables.read(file, config)
    else:
        raise _unreadable(file, kind)


def _xml_table(xml: XmlFile, file: DropFile, config: SourceConfig) -> Table:
    tags = {tag.lower() for tag in xml.tags}
    if xml.root.lower() == "html":
        raise _unreadable(file, Kind.HTML)
    if xml.root == "Workbook" and "office:spreadsheet" in xml.namespace:
        raise DropUnreadable(
            f"{file.name} is an Excel 2003 XML workbook.", hint="Save it as .xlsx or .csv.", fault=Fault.OTHER_KIND
        )
    if xml.root in ("urlset", "sitemapindex"):
        raise NoProducts(f"{file.name} is a site map: addresses of pages, no products.", hint="Drop the feed itself.")
    if xml.root == "yml_catalog" or ("offer" in tags and {"categoryid", "currencyid"} & tags):
        return yml.table(xml)
    if xml.root in ("rss", "feed", "RDF", "channel"):
        return merchant_rss.table(xml, file)
    return xml_records.table(xml, file, config)


def _undamaged(rows: Iterable[RawRow], table: Table) -> Iterator[RawRow]:
    """Rows whose text was damaged by bytes of another encoding go to quarantine."""
    damaged = any(DAMAGE in note for note in table.notes)
    for row in rows:
        if damaged and any("\ufffd" in str(value) for value in row.values.values()):
            message = "bytes that are not text in the encoding of the file"
            raw = row.raw or repr(dict(row.values))[:20_000]
            table.broken.append(QuarantinedRow(row.number, Reason.BAD_ENCODING, message, raw, row.file))
        else:
            yield row


def _unreadable(file: DropFile, kind: Kind) -> DropUnreadable:
    if kind is Kind.EMPTY:
        return DropUnreadable(f"{file.name} is empty.", hint="Ask the parser for the file again.", fault=Fault.EMPTY)
    if kind is Kind.HTML:
        return DropUnreadable(
            f"{file.name} is a web page (HTML), not a product file.",
            hint="Often a shop's error or login page saved under a feed's name, or a table saved as .xls: get the "
            "feed itself, or save the table as .xlsx.",
            fault=Fault.WEB_PAGE,
        )
    head = read_head(file.path, 64)
    for magic, name, hint in _OTHERS:
        if head.startswith(magic):
            return DropUnreadable(f"{file.name} is {name}.", hint=hint, fault=Fault.OTHER_KIND)
    return DropUnreadable(
        f"{file.name} is a binary file of an unknown kind (it begins with {head[:8].hex(' ')}).",
        hint="Known are text tables, XLSX, XLS, ODS, JSON, XML, and these packed as .gz or .zip.",
        fault=Fault.OTHER_KIND,
    )
