"""The records of a JSON file of any size: one document, one object a line, or objects with anything between them.

Belongs here: choosing how to go through the file, and keeping what is broken. Stays out: what the records mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from typing import IO, Any

import ijson

from vitrina.feeds.json_scan import Cut, cut_objects
from vitrina.feeds.json_survey import SYNTAX_ERRORS, Found, Survey, choose, survey, walk
from vitrina.feeds.records import DropFile, DropUnreadable, NoProducts, QuarantinedRow, Reason, SourceConfig
from vitrina.feeds.utf8 import HEAD_BYTES, Utf8View, read_head, utf8_view

RAW_LIMIT = 20_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAN_NOTE = "NaN and Infinity in the file were read as empty values"
Record = tuple[int, dict[str, Any]]


@dataclass(slots=True)
class JsonFile:
    """A JSON file with its records found.

    Attributes:
        rows: (ordinal, object) of the sound records; consumed once.
        broken: Filled while ``rows`` is consumed.
        shape: ``json``, ``jsonl`` (objects one after another).
        looked: The survey of the document, or of the first record of a sequence.
    """

    rows: Iterator[Record]
    shape: str
    encoding: str
    looked: Survey
    places: list[Found]
    broken: list[QuarantinedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def open_json(file: DropFile, config: SourceConfig) -> JsonFile:
    """Find the records of a JSON file.

    Raises:
        DropUnreadable: It is not JSON, or nested beyond reason.
        NoProducts: It is sound JSON without objects.
    """
    view = utf8_view(file.path, config.encoding)
    first = _first_of_several(read_head(view.path)[view.offset :])
    if first is not None:
        looked = survey(BytesIO(first))
        return _sequence(file, view, config, looked)
    with _open(view) as stream:
        looked = survey(stream)
    if looked.too_deep:
        raise DropUnreadable(
            f"{file.name}: {looked.error}; product files have about a dozen.",
            hint="Check what the parser wrote; such a file is broken or meant to harm.",
        )
    if looked.error is None and set(looked.top) == {"object"} and looked.top["object"] > 1:
        return _sequence(file, view, config, looked)
    places = choose(looked.places, config.mapping)
    if not places:
        _refuse(file, looked)
    result = JsonFile(iter(()), "json", view.encoding, looked, places)
    if looked.error is None:
        result.rows = _document(file, view, places, result)
        _say_where(result)
        return result
    salvage = places[0] if places[0].shape == "list" else None
    result.shape = "json" if salvage else "jsonl"
    result.notes.append(f"the file is not sound JSON ({looked.error}); its records were read one by one")
    result.rows = _cut(file, view, salvage, places, result)
    return result


def _refuse(file: DropFile, looked: Survey) -> None:
    if looked.error:
        raise DropUnreadable(
            f"{file.name} is not sound JSON: {looked.error}, and no object in it can be read.",
            hint="Write the drop again; a file cut off while it was written is the usual cause.",
        )
    held = ", ".join(f"{count} {name}" for name, count in looked.top.items()) or "nothing"
    raise NoProducts(
        f"{file.name} is JSON without product objects (at the top level: {held}).",
        hint="A product file holds a list of objects with at least a title.",
    )


def _say_where(result: JsonFile) -> None:
    for place in result.places:
        if place.path and place.path != ("item",):
            result.notes.append(f"records were taken from {place.where} ({place.objects})")


def _sequence(file: DropFile, view: Utf8View, config: SourceConfig, looked: Survey) -> JsonFile:
    """Objects one after another; each may itself be an answer that wraps a list of products."""
    places = [place for place in choose(looked.places, config.mapping) if place.shape != "top"]
    top = next((place for place in looked.places if place.shape == "top"), None)
    chosen = choose(looked.places, config.mapping)
    wraps = places if chosen and chosen[0].shape != "top" else []
    result = JsonFile(iter(()), "jsonl", view.encoding, looked, wraps or ([top] if top else []))
    result.rows = _cut(file, view, None, wraps, result)
    return result


def _first_of_several(head: bytes) -> bytes | None:
    """The first object, when the head shows that another top-level object follows it."""
    if not head.lstrip().startswith(b"{"):
        return None
    first: bytes | None = None
    for piece in cut_objects(BytesIO(head)):
        if piece.kind is Cut.RECORD and first is None:
            first = piece.data
        elif first is not None:
            # A second record, or one that the head cuts: both begin with a bracket at the top level.
            return first if piece.kind in (Cut.RECORD, Cut.UNFINISHED) else None
        elif piece.kind is Cut.UNFINISHED and len(head) < HEAD_BYTES:
            continue
        else:
            return None
    return None


def _open(view: Utf8View) -> IO[bytes]:
    stream = view.path.open("rb")
    stream.seek(view.offset)
    return stream


def _document(file: DropFile, view: Utf8View, places: list[Found], result: JsonFile) -> Iterator[Record]:
    number = 0
    for place in places:
        with _open(view) as stream:
            for value in _items(stream, place):
                number += 1
                if isinstance(value, dict):
                    yield number, clean(value)
                else:
                    result.broken.append(_not_an_object(file, number, value))
    del view


def _items(stream: IO[bytes], place: Found) -> Iterator[Any]:
    if place.shape == "map":
        for key, value in ijson.kvitems(stream, ".".join(place.path), multiple_values=True):
            yield {"id": key, **value} if isinstance(value, dict) else value
        return
    prefix = "" if place.shape == "top" else ".".join((*place.path, "item"))
    yield from ijson.items(stream, prefix, multiple_values=True)


def _cut(
    file: DropFile, view: Utf8View, salvage: Found | None, wraps: list[Found], result: JsonFile
) -> Iterator[Record]:
    """Records cut one by one: a sequence (``salvage`` is None), or the list of a broken document."""
    number = 0
    with _open(view) as stream:
        for piece in cut_objects(stream, salvage.depth if salvage else 0):
            if piece.kind is Cut.RECORD:
                try:
                    value = loads(piece.data, result.notes)
                except (ValueError, RecursionError) as error:
                    number += 1
                    result.broken.append(_broken(file, number, piece.data, str(error), error))
                    continue
                if salvage and not set(value) & set(salvage.keys):
                    continue  # an object of the wrapper beside the list
                inner = [value] if salvage else [v for place in wraps for v in walk(value, place)] or [value]
                for record in inner:
                    number += 1
                    if isinstance(record, dict):
                        yield number, clean(record)
                    else:
                        result.broken.append(_not_an_object(file, number, record))
            else:
                number += 1
                result.broken.append(_broken(file, number, piece.data, _MESSAGES[piece.kind], None, piece.kind))
    del view


_MESSAGES = {
    Cut.UNFINISHED: "the object is not closed: the file or the record was cut off",
    Cut.TOO_LARGE: "one record of more than 8 MB is not a product",
    Cut.BETWEEN: "text between the objects that is not JSON",
}
_REASONS = {Cut.TOO_LARGE: Reason.TOO_LARGE, Cut.BETWEEN: Reason.NOT_AN_OBJECT}


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


def _broken(
    file: DropFile, number: int, data: bytes, message: str, error: BaseException | None, kind: Cut = Cut.RECORD
) -> QuarantinedRow:
    reason = _REASONS.get(kind, Reason.BROKEN_RECORD)
    if isinstance(error, UnicodeDecodeError):
        reason, message = Reason.BAD_ENCODING, f"bytes that are not UTF-8 at byte {error.start} of the record"
    raw = data[: RAW_LIMIT * 4].decode("utf-8", errors="replace")[:RAW_LIMIT]
    return QuarantinedRow(number, reason, message[:500], raw, file.name)


def _not_an_object(file: DropFile, number: int, value: Any) -> QuarantinedRow:
    raw = json.dumps(clean(value), ensure_ascii=False, default=str)[:RAW_LIMIT]
    return QuarantinedRow(number, Reason.NOT_AN_OBJECT, "an element of the list that is not an object", raw, file.name)


__all__ = ["RAW_LIMIT", "SYNTAX_ERRORS", "JsonFile", "Record", "clean", "loads", "open_json"]
