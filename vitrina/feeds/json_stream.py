"""The records of a JSON file of any size: one document, one object a line, or objects with anything between them.

Belongs here: choosing how to go through the file, and keeping what is broken. Stays out: what the records mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any

import ijson

from vitrina.feeds.json_columns import may_be_columns, read_columns
from vitrina.feeds.json_places import choose, walk
from vitrina.feeds.json_salvage import PROBE_BYTES, clean, loads, probe
from vitrina.feeds.json_scan import Cut, cut_objects
from vitrina.feeds.json_survey import Found, Survey, survey
from vitrina.feeds.records import DropFile, DropUnreadable, Fault, NoProducts, QuarantinedRow, Reason, SourceConfig
from vitrina.feeds.utf8 import Utf8View, read_head, utf8_view

RAW_LIMIT = 20_000
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
            fault=Fault.TOO_LARGE,
        )
    if looked.error is None and set(looked.top) == {"object"} and looked.top["object"] > 1:
        return _sequence(file, view, config, looked)
    if looked.error is not None:
        return _salvage(file, view, config, looked)
    if may_be_columns(looked) and (table := _columns(file, view, looked)) is not None:
        return table
    places = choose(looked.places, config.mapping)
    if not places:
        raise no_products(file, looked)
    result = JsonFile(iter(()), "json", view.encoding, looked, places)
    result.rows = _document(file, view, places, result)
    _say_where(result)
    return result


def _columns(file: DropFile, view: Utf8View, looked: Survey) -> JsonFile | None:
    """The document as a table by columns, or None where it is none."""
    result = JsonFile(iter(()), "json", view.encoding, looked, [])
    try:
        rows = read_columns(file.name, view, result.notes)
    except (ValueError, RecursionError):
        return None
    if rows is None:
        return None
    result.notes.append("the file holds a table by its columns, not a list of objects")
    for number, row in enumerate(rows, 1):
        if isinstance(row, list):
            raw = json.dumps(row, ensure_ascii=False, default=str)[:RAW_LIMIT]
            message = f"{len(row)} cells, and another number of columns"
            result.broken.append(QuarantinedRow(number, Reason.RAGGED_ROW, message, raw, file.name))
    result.rows = ((number, row) for number, row in enumerate(rows, 1) if isinstance(row, dict))
    return result


def no_products(file: DropFile, looked: Survey) -> NoProducts:
    """The error for sound JSON that has nothing to read."""
    held = ", ".join(f"{count} {name}" for name, count in looked.top.items()) or "nothing"
    keys = f" with the keys {', '.join(looked.top_keys[:10])}" if looked.top_keys else ""
    return NoProducts(
        f"{file.name} is JSON without product objects (at the top level: {held}{keys}).",
        hint="A product file holds a list of objects with at least a title.",
    )


def _salvage(file: DropFile, view: Utf8View, config: SourceConfig, looked: Survey) -> JsonFile:
    """A document with a fault: its records are cut out one by one, and only the broken ones are lost.

    Raises:
        DropUnreadable: No object in it can be read.
    """
    place = probe(read_head(view.path, PROBE_BYTES)[view.offset :], config.mapping)
    if place is None:
        raise DropUnreadable(
            f"{file.name} is not sound JSON: {looked.error}, and no object in it can be read.",
            hint="Write the drop again; a file cut off while it was written is the usual cause.",
            fault=Fault.CUT_OFF,
        )
    result = JsonFile(iter(()), "json" if place.depth else "jsonl", view.encoding, looked, [place])
    result.notes.append(f"the file is not sound JSON ({looked.error}); its records were read one by one")
    result.rows = _cut(file, view, place if place.depth else None, [], result)
    return result


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
    pieces = cut_objects(BytesIO(head))
    first, second = next(pieces, None), next(pieces, None)
    if first is None or second is None or first.kind is not Cut.RECORD:
        return None
    if second.kind is Cut.BETWEEN:  # one line of a log between two records
        second = next(pieces, None)
    # A second record, or one that the head cuts: both begin with a bracket at the top level.
    return first.data if second and second.kind in (Cut.RECORD, Cut.UNFINISHED) else None


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
