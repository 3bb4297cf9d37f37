"""JSON Lines and CSV. Scraped text is hostile: no CSV cell may be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import orjson

from vitrina.storefront.items import StorefrontItem

#: A cell that begins so is run as a formula by spreadsheets (OWASP, CSV injection); full-width forms count as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

CSV_COLUMNS = (
    "product_id", "source", "external_id", "title", "category", "brand", "price", "old_price", "currency",
    "available", "description", "seo_title", "seo_description", "keywords", "url", "images", "barcodes", "written_by",
    "card",
)  # fmt: skip


def safe_cell(value: Any) -> str:
    """The value as text that no spreadsheet runs: an apostrophe goes before what looks like a formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        return str(value)
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def to_csv(items: Iterable[StorefrontItem]) -> bytes:
    """UTF-8 with BOM, so that Excel reads Cyrillic; every text cell quoted."""
    from vitrina.content.html import to_text

    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for item in items:
        cells = (
            item.product_id, item.source, item.external_id, item.title,
            " > ".join(name for _, name in item.category_path), item.brand, item.price, item.old_price, item.currency,
            {True: "yes", False: "no", None: ""}[item.available], to_text(item.description_html), item.seo_title,
            item.seo_description, ", ".join(item.keywords), item.url, " ".join(item.image_urls),
            " ".join(item.barcodes), item.written_by, item.card,
        )  # fmt: skip
        writer.writerow([safe_cell(cell) for cell in cells])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def to_jsonl(items: Iterable[StorefrontItem]) -> bytes:
    """One object a line; prices as text, because JSON numbers are floats to most readers."""
    return b"".join(orjson.dumps(asdict(item), default=str) + b"\n" for item in items)
