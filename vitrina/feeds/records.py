"""What a feed reader takes and gives: plain records without a database.

Belongs here: the types that readers, the intake and ``vitrina drop check`` share. Stays out: any parsing.

A drop is read in two layers. A *reader* decodes bytes to ``RawRow`` objects (one per record of the file). The
*mapping* layer turns a raw row into a ``ParsedProduct`` or a ``QuarantinedRow``. Readers of formats with a fixed
meaning (YML, CommerceML, Wildberries, …) give rows whose keys are already canonical field names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from vitrina.errors import PermanentError
from vitrina.feeds.seen_columns import Column


class Fault(StrEnum):
    """Why a drop cannot be read, as far as a page has words of its own for it. Stable codes."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    OTHER_KIND = "other_kind"
    WEB_PAGE = "web_page"
    CUT_OFF = "cut_off"
    ENCRYPTED = "encrypted"
    UNSAFE_XML = "unsafe_xml"
    UNSAFE_ARCHIVE = "unsafe_archive"
    NO_TITLE = "no_title"
    NO_PRODUCTS = "no_products"
    UNREADABLE = "unreadable"


class DropUnreadable(PermanentError):
    """The whole drop cannot be read: wrong format, encrypted, no title column, a bomb.

    The message is shown to a person as it is; the file stays where it was.

    Args:
        message: What was found.
        hint: What to do.
        fault: Of which kind it is.
    """

    fault = Fault.UNREADABLE

    def __init__(self, message: str, *, hint: str | None = None, fault: Fault | None = None) -> None:
        super().__init__(message, hint=hint)
        if fault is not None:
            self.fault = fault


class NoProducts(DropUnreadable):
    """The file is sound but of a kind that holds no products (search filters, price history)."""

    fault = Fault.NO_PRODUCTS


class Reason(StrEnum):
    """Why a row went to quarantine. Stable codes: they are stored, counted and filtered by."""

    NO_TITLE = "no_title"
    RAGGED_ROW = "ragged_row"
    BAD_ENCODING = "bad_encoding"
    NOT_AN_OBJECT = "not_an_object"
    BROKEN_RECORD = "broken_record"
    TOO_LARGE = "too_large"
    NO_IDENTITY = "no_identity"
    GROUP_WITHOUT_GOODS = "group_without_goods"
    ORPHAN_OFFER = "orphan_offer"


class PriceNote(StrEnum):
    """Why an accepted product has no price, or a remark on the price it has."""

    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    ZERO = "zero"
    NEGATIVE = "negative"
    FILLER = "filler"
    AMBIGUOUS = "ambiguous"
    OUT_OF_RANGE = "out_of_range"
    CURRENCY_ASSUMED = "currency_assumed"


@dataclass(slots=True, frozen=True)
class DropFile:
    """One file of a drop, already on local disk.

    Attributes:
        path: Where the bytes are.
        name: The file's name inside the drop (relative path), as the parser left it.
    """

    path: Path
    name: str


@dataclass(slots=True)
class RawRow:
    """One record as the file has it.

    Attributes:
        number: 1-based position in its file as a person would count: the line for text tables (first line of the
            record), the row for sheets, the ordinal of the record for JSON and XML.
        values: Header (or canonical field name) to raw value.
        raw: The record as text for quarantine, at most 20,000 characters; built lazily where that is dear.
        file: Name of the file inside the drop.
    """

    number: int
    values: Mapping[str, Any]
    raw: str | None = None
    file: str = ""


@dataclass(slots=True)
class ParsedProduct:
    """One product, cleaned. Text is NFC, without control characters, trimmed; ``None`` means "the file does not say".

    Attributes:
        external_id: Identity within the source; see ``identity``.
        identity: How the id came about: ``id`` (the file's own), ``url`` (article number in the URL), ``derived``
            (from normalised title and brand).
        price: In units of ``currency`` (roubles, not kopecks); ``None`` with a ``price_note`` when unknown.
        currency: ISO 4217.
        old_price: The crossed-out price, when it is above ``price``.
        category_hint: The source's own category path, ``"A > B > C"``.
        barcodes: GTINs as digit strings.
        available: ``None`` when the file does not say.
        attributes: Name as in the source → value as text (or list of texts), without those stored in fields.
        number: Row number of the (last merged) record; ``file`` its file.
        notes: Remarks for people, e.g. ``"id derived from title and brand"``.
    """

    external_id: str
    identity: str
    title: str
    description: str | None = None
    brand: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    old_price: Decimal | None = None
    price_note: str | None = None
    supplier: str | None = None
    url: str | None = None
    image_urls: list[str] = field(default_factory=list)
    category_hint: str | None = None
    barcodes: list[str] = field(default_factory=list)
    available: bool | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    file: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class QuarantinedRow:
    """A record that is not a product, kept with the reason and the raw value. Nothing is dropped silently."""

    number: int
    reason: str
    message: str
    raw: str
    file: str = ""


@dataclass(slots=True)
class FeedReport:
    """What was seen in a drop. ``rows == accepted + quarantined + merged`` always; :meth:`balanced` says so.

    Attributes:
        format: Short name such as ``csv``, ``xlsx``, ``yml``, ``wildberries``; several files join by ``+``.
        encoding: Encoding found, ``"-"`` for binary formats.
        rows: Records in the file (headers, blank lines and group rows of price lists are not records).
        accepted: Different products.
        merged: Records that repeat a product of the same drop (same external id) and were merged into it.
        reasons: Quarantine reason → count.
        columns: Header in the file → canonical field (``None`` where it went to attributes), in file order.
        notes: For people: "the id is derived …", "prices taken from column …".
        seen: The columns with their first values, in file order; none for formats that name their fields themselves.
    """

    format: str = ""
    encoding: str = "-"
    rows: int = 0
    accepted: int = 0
    quarantined: int = 0
    merged: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seen: list[Column] = field(default_factory=list)

    def balanced(self) -> bool:
        """Whether every record is accounted for."""
        return self.rows == self.accepted + self.quarantined + self.merged


@dataclass(slots=True)
class ReadDrop:
    """A drop read to the end: its products (one per external id, repeats merged), its quarantine, its report."""

    products: list[ParsedProduct]
    quarantine: list[QuarantinedRow]
    report: FeedReport


#: The canonical fields a column can be mapped to, in ``source.yaml`` and by recognition. ``attribute`` columns
#: and everything unknown go to ``ParsedProduct.attributes`` under their own header.
CANONICAL_FIELDS: tuple[str, ...] = (
    "id", "title", "description", "brand", "price", "old_price", "currency", "supplier", "url", "image",
    "category", "barcode", "available", "color", "size", "material", "country", "gender", "composition",
)  # fmt: skip


@dataclass(slots=True, frozen=True)
class SourceConfig:
    """What ``drops/<source>/source.yaml`` may say. All of it is optional.

    Attributes:
        name: Shown to people; also the supplier where a file names none.
        full_list: Each drop is the whole list: what the next one lacks is delisted (through the list gate).
        currency: ISO code for prices that carry none (default RUB).
        language: Hint, ``ru``, ``tr`` or ``en``.
        mapping: Header (or 1-based column number as text, for files without header) → canonical field, or
            ``attribute:<name>``, or ``ignore``.
        has_header: ``None`` to detect.
        encoding, delimiter: Fixed instead of detected.
        price_unit: ``major`` (roubles) or ``minor`` (kopecks).
        filler_prices: Prices that mean "ask us", e.g. ``["159.9"]``.
        currency_is_set: The file names ``currency`` itself: then the shop's links say nothing against it.
    """

    source: str = "default"
    name: str | None = None
    full_list: bool = False
    currency: str = "RUB"
    language: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    has_header: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None
    price_unit: str = "major"
    filler_prices: tuple[str, ...] = ()
    currency_is_set: bool = False


@dataclass(slots=True)
class Table:
    """What a reader found in one file: rows to stream, and what they mean.

    Attributes:
        format: Short name for the report.
        rows: Consumed once.
        canonical: ``values`` already carry canonical field names (plus attributes under ``attr:<name>`` keys).
        headers: For non-canonical tables, the headers in file order (``"1"``, ``"2"``, … without header).
        broken: Records that the reader itself had to give up on are appended here while ``rows`` is consumed.
    """

    format: str
    rows: Iterable[RawRow]
    encoding: str = "-"
    canonical: bool = False
    headers: list[str] = field(default_factory=list)
    broken: list[QuarantinedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Reader(Protocol):
    """A reader module: ``sniff`` looks at the head of a file, ``read`` streams it."""

    def sniff(self, head: bytes, name: str) -> bool: ...

    def read(self, file: DropFile, config: SourceConfig) -> Iterator[Table]: ...
