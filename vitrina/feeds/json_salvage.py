"""Single JSON records: parsing one, cleaning its values, and finding records in a document with a fault.

Belongs here: what works on the bytes of one record or of a head. Stays out: going through files (``json_stream``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from io import BytesIO
from itertools import islice
from typing import Any

from vitrina.feeds.json_keys import is_product_like, kinds
from vitrina.feeds.json_scan import Cut, cut_objects
from vitrina.feeds.json_survey import Found

#: How much of a broken document is looked at to find the depth at which its records stand.
PROBE_BYTES = 1 << 20
_PROBE_DEPTHS = range(7)
_PROBE_RECORDS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAN_NOTE = "NaN and Infinity in the file were read as empty values"


def probe(head: bytes, mapping: Mapping[str, str] | None = None) -> Found | None:
    """The depth at which readable objects look like products and the cuts are clean; the shallowest of equals.

    Cutting a document at depth 0 also gives objects, but tears the first out of its wrapper: that is a fault.
    """
    ranked: list[tuple[bool, bool, int, int, Found]] = []
    for depth in _PROBE_DEPTHS:
        place = Found(("?",) * (depth - 1), "list") if depth else Found((), "top")
        pieces = list(islice(cut_objects(BytesIO(head), depth), _PROBE_RECORDS))
        for piece in pieces:
            if piece.kind is Cut.RECORD:
                with suppress(ValueError, RecursionError):
                    place.keys.update(Counter(loads(piece.data, []).keys()))
                    place.objects += 1
        place.found = kinds(place.keys, mapping)
        if place.objects:
            faults = sum(piece.kind is not Cut.RECORD for piece in pieces[:-1])  # the last may be cut by the head
            sells = is_product_like(place.found) and "price" in place.found
            ranked.append((sells, is_product_like(place.found), -faults, -depth, place))
    return max(ranked, key=lambda rank: rank[:4])[4] if ranked else None


def loads(data: bytes, notes: list[str]) -> dict[str, Any]:
    """One object; decimals stay exact, NaN and Infinity (which Python's own writer leaves) become ``None``.

    Raises:
        ValueError: Not JSON, not UTF-8, or a number beyond every limit.
    """

    def constant(_: str) -> None:
        if _NAN_NOTE not in notes:
            notes.append(_NAN_NOTE)

    return json.loads(data.decode("utf-8"), parse_float=_decimal, parse_constant=constant)


def _decimal(text: str) -> Decimal | str:
    with suppress(ArithmeticError):
        return Decimal(text)
    return text


def clean(value: Any) -> Any:
    """Values that a database can keep: no lone surrogates, and numbers beyond any price or count as their text."""
    if isinstance(value, str):
        return value if value.isascii() or not _SURROGATE.search(value) else _SURROGATE.sub("�", value)
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean(inner) for inner in value]
    if isinstance(value, Decimal) and (not value.is_finite() or abs(value.adjusted()) > 30):
        return str(value)
    if isinstance(value, int) and value.bit_length() > 128:
        return f"{value:x}" if value.bit_length() > 14_000 else str(value)
    return value
