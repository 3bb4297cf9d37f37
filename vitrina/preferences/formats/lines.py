"""Records of JSON Lines, a JSON array or a table of text, one at a time, compressed with gzip or not.

What belongs here: bytes to objects in bounded memory, with a line number and a reason where that fails. What stays
out: what the objects mean.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vitrina.errors import PermanentError
from vitrina.preferences.formats.elements import cut_elements, wrapped_array
from vitrina.preferences.formats.rows import Reason, SetAside
from vitrina.preferences.formats.tables import delimiter_of, table_rows

#: The longest line that is read. The longest row of the public sets looked at has 40 thousand characters.
MAX_LINE_BYTES = 8 << 20
#: Unpacked bytes of one file; a file that unpacks to more is taken for a bomb.
MAX_FILE_BYTES = 8 << 30
#: Lists and objects within each other in one record. Formats have four.
MAX_DEPTH = 64
_EXCERPT = 160
_DEEP = f"The record has more than {MAX_DEPTH} lists and objects within each other."
_HALF = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"
#: By so much of it a file's kind is known; read in steps, since what stands before a fault is used.
_HEAD, _STEP = 1 << 16, 1 << 12
_ENDS = re.compile(rb"[\r\n]")
#: Names under which an object may hold all rows, and names that a row itself has.
_WRAPPERS = frozenset({b"data", b"rows", b"examples", b"train"})
_OF_ROWS = frozenset({b"prompt", b"chosen", b"rejected", b"instruction", b"question", b"input", b"messages"})


def shown(path: Path) -> str:
    """A file's name as text: on disk a name may be bytes that are none."""
    return path.name.encode("utf-8", "replace").decode()


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    """Line number and object of each record, or why there is none. Empty lines are skipped.

    JSON Lines; a JSON array, alone or as ``data``, ``rows``, ``examples`` or ``train`` of one object; CSV and TSV with
    a header. Lines may end as on any system.

    Raises:
        PermanentError: no such file, or it unpacks to more than `MAX_FILE_BYTES`.
    """
    if not path.is_file():
        raise PermanentError(f"{path} is not a file.", hint="Name JSON Lines files, plain or .gz.")
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        read = b""
        try:
            while len(read) < _HEAD and (more := stream.read(_STEP)):
                read += more
        except (EOFError, zlib.error, OSError) as error:
            if not read:
                yield _early(path, 1, error)
                return
        head = read.removeprefix(_BOM).lstrip()
        array = wrapped_array(head, _WRAPPERS, _OF_ROWS) if head.startswith(b"{") else None
        stream.seek(0 if array is None else len(read) - len(head) + array)
        if array is not None:
            yield from _elements(stream, path, once=True)
        # an object that is written over several lines begins with a bracket alone
        elif head.startswith(b"[") or _ENDS.split(head, 1)[0].strip() == b"{":
            yield from _elements(stream, path)
        else:
            # old systems end lines with CR alone, which JSON has nowhere else
            old = b"\r" in read and b"\n" not in read
            own = io.BufferedReader(_NewEnds(stream), _HEAD) if old else stream
            delimiter = delimiter_of(head, path.name)
            yield from _lines(own, path) if delimiter is None else _table(own, path, delimiter)


def _table(stream: BinaryIO, path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    number = 0

    def lines() -> Iterator[bytes]:
        nonlocal number
        total = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number, total = number + 1, total + len(line)
            _bounded(total, path)
            if len(line) > MAX_LINE_BYTES:
                raise OSError(f"a line has more than {MAX_LINE_BYTES:,} bytes")
            yield line

    try:
        yield from table_rows(lines(), delimiter, shown(path), MAX_LINE_BYTES)
    except (EOFError, zlib.error, OSError) as error:
        yield _early(path, number + 1, error)


class _NewEnds(io.RawIOBase):
    """A stream whose lines end with LF instead of CR."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)


def _early(path: Path, line: int, error: Exception) -> SetAside:
    return SetAside(Reason.FILE_ENDS_EARLY, f"The file cannot be read from here on: {error}", shown(path), line)


def _lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    number = total = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE_BYTES + 1)
            too_long = len(line) > MAX_LINE_BYTES
            rest = line
            while too_long and rest and not rest.endswith(b"\n"):
                rest = stream.readline(1 << 20)
                total += len(rest)
                _bounded(total, path)
        except (EOFError, zlib.error, OSError) as error:
            yield _early(path, number, error)
            return
        if not line:
            return
        total += len(line)
        _bounded(total, path)
        if too_long:
            message = f"The line has more than {MAX_LINE_BYTES:,} bytes."
            yield SetAside(Reason.TOO_LONG_LINE, message, shown(path), number, excerpt=_text(line))
            continue
        # Where files were put together, a mark stands at the beginning of each
        line = line.removeprefix(_BOM).strip()
        if line:
            yield _parsed(line, path, number)


def _bounded(total: int, path: Path) -> None:
    if total > MAX_FILE_BYTES:
        raise PermanentError(f"{shown(path)} holds more than {MAX_FILE_BYTES >> 30} GiB.", hint="Cut it into parts.")


def _text(line: bytes) -> str:
    return line[:_EXCERPT].decode("utf-8", "replace")


def _parsed(data: bytes, path: Path, number: int, what: str = "line") -> tuple[int, dict[str, Any]] | SetAside:
    try:
        record = _loads(data)
    except ValueError as error:
        return SetAside(Reason.NOT_JSON, f"The {what} is not JSON: {error}", shown(path), number, excerpt=_text(data))
    except RecursionError:
        return SetAside(Reason.TOO_DEEP, _DEEP, shown(path), number, excerpt=_text(data))
    if _too_deep(record):
        return SetAside(Reason.TOO_DEEP, _DEEP, shown(path), number, excerpt=_text(data))
    if not isinstance(record, dict):
        message = f"The {what} holds {type(record).__name__}, not an object."
        return SetAside(Reason.NOT_AN_OBJECT, message, shown(path), number, excerpt=_text(data))
    return number, record


def _loads(data: bytes) -> Any:
    """JSON, and what Python and JavaScript write beside it: `NaN` becomes None, half an emoji the replacement sign.

    Raises:
        ValueError: no JSON.
        RecursionError: brackets without end.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    return _clean(json.loads(data.decode("utf-8"), parse_constant=lambda _: None))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    return value


def _too_deep(record: Any) -> bool:
    """Whether the record has more than `MAX_DEPTH` levels; level by level, since recursion has an end of its own."""
    level = [record]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += [value for value in each.values() if isinstance(value, dict | list)]
            elif isinstance(each, list):
                inner += [value for value in each if isinstance(value, dict | list)]
        if not inner:
            return False
        level = inner
    return True


def _elements(stream: BinaryIO, path: Path, *, once: bool = False) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    number = 0
    try:
        for element in cut_elements(_Bounded(stream, path), MAX_LINE_BYTES, once=once):
            number += 1
            if element is None:
                message = f"The element has more than {MAX_LINE_BYTES:,} bytes."
                yield SetAside(Reason.TOO_LONG_LINE, message, shown(path), number)
            else:
                yield (
                    _inner(_parsed(element, path, number, "element"))
                    if once
                    else _parsed(element, path, number, "element")
                )
    except (EOFError, zlib.error, OSError) as error:
        yield _early(path, number + 1, error)


def _inner(parsed: tuple[int, dict[str, Any]] | SetAside) -> tuple[int, dict[str, Any]] | SetAside:
    """Servers of datasets give ``{"row_idx": 0, "row": {…}}``."""
    if not isinstance(parsed, SetAside) and "row_idx" in parsed[1] and isinstance(parsed[1].get("row"), dict):
        return parsed[0], parsed[1]["row"]
    return parsed


class _Bounded:
    """A stream without its byte order mark that refuses a file without end."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path, self._total = stream, path, 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._total += len(data)
        _bounded(self._total, self._path)
        return data.removeprefix(_BOM) if self._total == len(data) else data
