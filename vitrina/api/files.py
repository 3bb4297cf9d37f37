"""CSV and JSON Lines: rows of a request's body, and rows as a stream.

Belongs here: reading with limits, writing cells that no spreadsheet runs. Stays out: what rows mean (``transfer``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.http import StreamingHttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from vitrina.api.problems import TooLarge
from vitrina.storefront.tables import safe_cell

MOST_BYTES = 32 * 2**20
MOST_ROWS = 200_000
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
#: An export puts an apostrophe before these; an import takes it off again.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Table:
    """A body that is a table: ``kind`` is csv or jsonl."""

    kind: str
    content: bytes

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Line number and row.

        Raises:
            ParseError: Not UTF-8, or no table at all.
        """
        try:
            text = self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ParseError(f"The file is not UTF-8 (byte {error.start}).") from error
        return _csv(text) if self.kind == "csv" else _jsonl(text)


class _TableParser(BaseParser):
    kind = ""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Table:  # noqa: ARG002
        """The body, up to the limit."""
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TooLarge(f"A file may have {MOST_BYTES // 2**20} MB.", hint="Split it; imports may be repeated.")
        return Table(self.kind, content)


class CsvParser(_TableParser):
    """``text/csv``."""

    media_type = "text/csv"
    kind = "csv"


class LinesParser(_TableParser):
    """``application/x-ndjson``: one JSON object a line."""

    media_type = "application/x-ndjson"
    kind = "jsonl"


def stream(kind: str, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> StreamingHttpResponse:
    """Rows as a download, made while they are read."""
    lines = (
        _csv_lines(columns, rows) if kind == "csv" else (orjson.dumps(dict(row), default=str) + b"\n" for row in rows)
    )
    answer = StreamingHttpResponse(lines, content_type=TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    yield b"\xef\xbb\xbf" + buffer.getvalue().encode()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([safe_cell(_cell(row.get(name))) for name in columns])
        yield buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else value


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if "\0" in text:
        raise ParseError("The file holds null characters.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header or len(set(header)) != len(header):
            raise ParseError("The first line must name the columns, each once.")
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise ParseError(f"Line {reader.line_num} has {len(cells)} cells, the header {len(header)}.")
            yield reader.line_num, {name: _plain(cell) for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise ParseError(f"Line {reader.line_num} is no CSV: {error}.") from error


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" \u00a0").startswith(_GUARDED) else cell


def _jsonl(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"Line {number} is no JSON: {error}.") from error
        if not isinstance(row, dict):
            raise ParseError(f"Line {number} is no object.")
        if "\\u0000" in line:
            raise ParseError(f"Line {number} holds a null character.")
        yield number, row
