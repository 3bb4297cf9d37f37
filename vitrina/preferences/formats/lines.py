"""Records of a JSON Lines file or of a JSON array, one at a time, compressed with gzip or not.

What belongs here: bytes to objects in bounded memory, with a line number and a reason where that fails. What stays
out: what the objects mean.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vitrina.errors import PermanentError
from vitrina.preferences.formats.elements import cut_elements
from vitrina.preferences.formats.rows import Reason, SetAside

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


def shown(path: Path) -> str:
    """A file's name as text: on disk a name may be bytes that are none."""
    return path.name.encode("utf-8", "replace").decode()


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    """Line number and object of each record, or why there is none. Empty lines are skipped.

    Raises:
        PermanentError: no such file, or it unpacks to more than `MAX_FILE_BYTES`.
    """
    if not path.is_file():
        raise PermanentError(f"{path} is not a file.", hint="Name JSON Lines files, plain or .gz.")
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            head = stream.read(4096).removeprefix(_BOM).lstrip()
        except (EOFError, zlib.error, OSError) as error:
            yield _early(path, 1, error)
            return
        stream.seek(0)
        # an object that is written over several lines begins with a bracket alone
        whole = head.startswith(b"[") or head.split(b"\n", 1)[0].strip() == b"{"
        yield from (_elements if whole else _lines)(stream, path)


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
        line = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
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


def _elements(stream: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    number = 0
    try:
        for element in cut_elements(_Bounded(stream, path), MAX_LINE_BYTES):
            number += 1
            if element is None:
                message = f"The element has more than {MAX_LINE_BYTES:,} bytes."
                yield SetAside(Reason.TOO_LONG_LINE, message, shown(path), number)
            else:
                yield _parsed(element, path, number, "element")
    except (EOFError, zlib.error, OSError) as error:
        yield _early(path, number + 1, error)


class _Bounded:
    """A stream without its byte order mark that refuses a file without end."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path, self._total = stream, path, 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._total += len(data)
        _bounded(self._total, self._path)
        return data.removeprefix(_BOM) if self._total == len(data) else data
