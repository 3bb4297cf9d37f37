"""Records of a JSON Lines file or of a JSON array, one at a time, compressed with gzip or not.

What belongs here: bytes to objects in constant memory, with a line number and a reason where that fails. What stays
out: what the objects mean.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vitrina.errors import PermanentError
from vitrina.preferences.formats.rows import Reason, SetAside

#: The longest line that is read. The longest row of the public sets looked at has 40 thousand characters.
MAX_LINE_BYTES = 8 << 20
#: Unpacked bytes of one file; a file that unpacks to more is taken for a bomb.
MAX_FILE_BYTES = 8 << 30
_EXCERPT = 160
_BOM = b"\xef\xbb\xbf"


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
        yield from (_array(stream, path) if head.startswith(b"[") else _lines(stream, path))


def _early(path: Path, line: int, error: Exception) -> SetAside:
    return SetAside(Reason.FILE_ENDS_EARLY, f"The file cannot be read from here on: {error}", path.name, line)


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
            yield SetAside(Reason.TOO_LONG_LINE, message, path.name, number, excerpt=_text(line))
            continue
        line = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
        if line:
            yield _parsed(line, path, number)


def _bounded(total: int, path: Path) -> None:
    if total > MAX_FILE_BYTES:
        raise PermanentError(f"{path.name} holds more than {MAX_FILE_BYTES >> 30} GiB.", hint="Cut it into parts.")


def _text(line: bytes) -> str:
    return line[:_EXCERPT].decode("utf-8", "replace")


def _parsed(line: bytes, path: Path, number: int) -> tuple[int, dict[str, Any]] | SetAside:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return SetAside(Reason.NOT_JSON, f"The line is not JSON: {error}", path.name, number, excerpt=_text(line))
    if not isinstance(record, dict):
        message = f"The line holds {type(record).__name__}, not an object."
        return SetAside(Reason.NOT_AN_OBJECT, message, path.name, number, excerpt=_text(line))
    return number, record


def _array(stream: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any]] | SetAside]:
    import ijson

    number = 0
    try:
        for record in ijson.items(_Bounded(stream, path), "item", use_float=True):
            number += 1
            if isinstance(record, dict):
                yield number, record
            else:
                message = f"The element is {type(record).__name__}, not an object."
                yield SetAside(Reason.NOT_AN_OBJECT, message, path.name, number, excerpt=str(record)[:_EXCERPT])
    except (ijson.JSONError, EOFError, zlib.error, OSError) as error:
        yield _early(path, number + 1, error)


class _Bounded:
    """A stream without its byte order mark that refuses to give more than `MAX_FILE_BYTES`."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path, self._total = stream, path, 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._total += len(data)
        _bounded(self._total, self._path)
        return data.removeprefix(_BOM) if self._total == len(data) else data
