"""JSON that holds a table by its columns or as rows of cells, as data frames write it.

Belongs here: telling such documents and turning them into objects. Stays out: lists of objects (``json_stream``).

pandas alone writes four of these (orients "columns", "split", "values" and "list"); read as objects, the first is one
product with the cells of all others among its attributes.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from vitrina.feeds.json_salvage import clean, loads
from vitrina.feeds.json_survey import Survey
from vitrina.feeds.records import DropUnreadable, Fault
from vitrina.feeds.utf8 import Utf8View

#: Such a document can only be read whole.
MAX_BYTES = 64 * 1024 * 1024
_HEADERS = ("columns", "headers", "header", "fields")
_ROWS = ("data", "rows", "values")
_PLAIN = (str, int, float, Decimal, type(None))

Rows = list[dict[str, Any] | list[Any]]


def may_be_columns(looked: Survey) -> bool:
    """Whether the survey leaves open that the document is a table: its root holds no list of objects."""
    if sum(looked.top.values()) != 1:
        return False
    if looked.top["list"]:
        return not looked.places
    root = [place for place in looked.places if place.path == ()]
    by_number = any(place.shape == "map" and all(map(str.isdecimal, place.keys)) for place in root)
    return by_number or all(place.shape == "top" for place in looked.places)


def read_columns(name: str, view: Utf8View, notes: list[str]) -> Rows | None:
    """The rows of such a document in its order, or None where it is none.

    Returns:
        Objects; a row whose cells do not fit the header stays a list.

    Raises:
        DropUnreadable: it is larger than ``MAX_BYTES``.
    """
    if view.path.stat().st_size > MAX_BYTES:
        with view.path.open("rb") as stream:
            stream.seek(view.offset)
            if not _begins_like_columns(stream.read(4096)):
                return None
        raise DropUnreadable(
            f"{name} holds a table by its columns in more than {MAX_BYTES >> 20} MB.",
            hint='Write it as a list of objects or as one object a line (pandas: orient="records").',
            fault=Fault.TOO_LARGE,
        )
    with view.path.open("rb") as stream:
        stream.seek(view.offset)
        document: Any = loads(stream.read(), notes)
    rows = _rows(document)
    return None if rows is None else [clean(row) for row in rows]


def _begins_like_columns(head: bytes) -> bool:
    text = head.decode("utf-8", "ignore").lstrip()
    decoder = json.JSONDecoder()
    if text.startswith("[["):
        return True
    try:
        name, end = decoder.raw_decode(text[1:].lstrip())
    except ValueError:
        return False
    rest = text[1:].lstrip()[end:].lstrip(": \t\r\n")
    return isinstance(name, str) and (rest.startswith('{"0":') or (rest.startswith("[") and rest[1:2] not in "{["))


def _rows(document: Any) -> Rows | None:
    if isinstance(document, list):
        return _with_header(document[0], document[1:]) if len(document) > 1 else None
    if not isinstance(document, dict) or not document:
        return None
    header = next((document[name] for name in _HEADERS if isinstance(document.get(name), list)), None)
    cells = next((document[name] for name in _ROWS if isinstance(document.get(name), list)), None)
    if header is not None and cells is not None:
        return _with_header(header, cells)
    columns = list(document.values())
    if all(isinstance(column, dict) and column for column in columns):
        return _by_number(document)
    if len(columns) > 1 and all(isinstance(column, list) for column in columns):
        return _by_place(document)
    return None


def _with_header(header: Any, cells: list[Any]) -> Rows | None:
    if not isinstance(header, list) or not header or not all(isinstance(name, str) for name in header):
        return None
    if not cells or not all(isinstance(row, list) for row in cells) or len(set(header)) != len(header):
        return None
    return [dict(zip(header, row, strict=True)) if len(row) == len(header) else row for row in cells]


def _by_number(document: dict[str, dict[str, Any]]) -> Rows | None:
    numbers = dict.fromkeys(number for column in document.values() for number in column)
    cells = (cell for column in document.values() for cell in column.values())
    if not all(map(str.isdecimal, numbers)) or any(isinstance(cell, dict) for cell in cells):
        return None
    return [{name: column.get(number) for name, column in document.items()} for number in sorted(numbers, key=int)]


def _by_place(document: dict[str, list[Any]]) -> Rows | None:
    lengths = {len(column) for column in document.values()}
    if len(lengths) != 1 or not all(isinstance(cell, _PLAIN) for column in document.values() for cell in column):
        return None
    return [dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True)] or None
