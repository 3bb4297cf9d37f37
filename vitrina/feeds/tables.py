"""Reader of text tables: CSV, TSV, PSV and their relatives, streaming.

Belongs here: from bytes to raw rows, and what becomes of rows that do not fit the header. Stays out: what the columns
mean (``mapping``), sheets (``sheets``), JSON and XML.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO

from vitrina.feeds import dialect as dialects
from vitrina.feeds import encodings
from vitrina.feeds.headers import find_header, unique_names
from vitrina.feeds.records import DropFile, DropUnreadable, Fault, QuarantinedRow, RawRow, Reason, SourceConfig, Table

_SAMPLE_CHARS = 512 * 1024
_MAX_LINE = 16_000_000
_MAX_RAW = 20_000
_MAX_RECORD_LINES = 500
_HEAD_ROWS = 200
#: Above this share of short rows in the head, the exporter leaves out empty cells at the end, and they are filled up.
_SHORT_IS_HABIT = 0.2
_HABIT_ROWS = 20


def read(file: DropFile, config: SourceConfig) -> Iterator[Table]:
    """Read a text table as one :class:`Table`.

    Raises:
        DropUnreadable: Empty, binary, more columns or longer lines than any feed has.
    """
    encoding = encodings.detect(file.path, fixed=config.encoding, language=config.language)
    stream = encodings.open_text(file.path, encoding)
    try:
        sample = stream.read(_SAMPLE_CHARS)
        if not sample.strip("\ufeff\0 \t\r\n"):
            raise DropUnreadable(f"{file.name} is empty.", hint="Ask the parser for the file again.", fault=Fault.EMPTY)
        dialect = dialects.detect(sample, complete=len(sample) < _SAMPLE_CHARS, fixed=config.delimiter)
        stream.seek(0)
        records = _records(stream, dialect, file.name)
        head = list(islice(records, _HEAD_ROWS))
        width, header = _layout([[] if isinstance(row, str) else row for _, row in head], config)
        table = Table(dialect.label, (), encoding.label)
        repeated_header: list[str] | None = None
        if header is None:
            table.headers = [str(number) for number in range(1, width + 1)]
            table.notes.append(f"{file.name} has no header row: columns are numbered")
        else:
            repeated_header = list(head[header][1])
            table.headers = unique_names(repeated_header)
            _note_odd_headers(table, repeated_header, file.name)
            above = sum(1 for _, row in head[:header] if any(cell.strip() for cell in row or ()))
            if above:
                table.notes.append(f"{file.name}: {above} rows above the header were left out")
            head = head[header + 1 :]
        short_is_habit = _short_share(head, len(table.headers)) > _SHORT_IS_HABIT
        table.rows = _rows(
            chain(head, records),
            table,
            file.name,
            repeated_header,
            delimiter=dialect.delimiter,
            pad=short_is_habit,
            check_bytes=encoding.broken,
        )
        yield table
    finally:
        stream.close()


def _layout(rows: list[list[str]], config: SourceConfig) -> tuple[int, int | None]:
    """Width of the table, and the index of its header row among the first rows (``None``: it has none)."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    width = max((len(row) for row in filled), key=lambda size: sum(len(r) == size for r in filled), default=0)
    if width > dialects.MAX_COLUMNS:
        raise DropUnreadable(
            f"The table has {width:,} columns; the limit is {dialects.MAX_COLUMNS:,}.",
            hint="Export the columns of the products only, or one product a line.",
            fault=Fault.TOO_LARGE,
        )
    if config.has_header is False:
        return width, None
    header = find_header(rows)
    if header is None and config.has_header:
        header = next((index for index, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
    return width, header


def _short_share(head: list[tuple[int, list[str] | str]], width: int) -> float:
    filled = [row for _, row in head if not isinstance(row, str) and any(row)]
    return sum(1 for row in filled if 1 < len(row) < width) / len(filled) if len(filled) >= _HABIT_ROWS else 0.0


def _note_odd_headers(table: Table, cells: list[str], name: str) -> None:
    blank = [str(number) for number, cell in enumerate(cells, 1) if not cell.strip()]
    if blank:
        table.notes.append(f"{name}: columns without a name are called by their number: {', '.join(blank[:20])}")
    texts = [cell.strip() for cell in cells if cell.strip()]
    repeated = sorted({text for text in texts if texts.count(text) > 1}) if len(texts) < 1_000 else []
    if repeated:
        table.notes.append(f"{name}: repeated column names: {', '.join(repeated[:20])}")


class _Unclosed(Exception):
    """More lines in one record than any honest cell has."""


class _Lines:
    """Physical lines, with those of the current record kept, so that a quote without end can be undone."""

    def __init__(self, stream: IO[str], name: str, dialect: dialects.Dialect) -> None:
        self._stream, self._name = stream, name
        self._quote, self._wrapped = dialect.quote, dialect.wrapped
        self._pushed: deque[str] = deque()
        self.current: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        readline, current, number = self._stream.readline, self.current, 0
        while True:
            line = self._pushed.popleft() if self._pushed else readline(_MAX_LINE)
            if not line:
                self.ended = True
                return
            number += 1
            if line[0] == "\ufeff" and line.strip("\ufeff"):
                line = line.lstrip("\ufeff")  # files put together keep the marks of their parts
            if self._wrapped and (inner := dialects.unwrap(line)) is not None:
                line = f"{inner}\n"
            if len(line) >= _MAX_LINE:
                raise DropUnreadable(
                    f"{self._name}: a line near {number:,} has more than {_MAX_LINE:,} characters.",
                    hint="No list has such lines: check what the parser wrote.",
                    fault=Fault.OTHER_KIND,
                )
            current.append(line)
            if len(current) > _MAX_RECORD_LINES:
                raise _Unclosed
            yield line

    def unclosed(self) -> bool:
        """Whether the file ended inside quotes: quotes come in pairs in every whole record."""
        return self.ended and len(self.current) > 1 and sum(line.count(self._quote) for line in self.current) % 2 == 1

    def drop_first(self) -> str:
        """Give up the first line of the record; the others are read again."""
        first, *others = self.current
        self._pushed.extendleft(reversed(others))
        self.current.clear()
        self.ended = False
        return first


def _records(stream: IO[str], dialect: dialects.Dialect, name: str) -> Iterator[tuple[int, list[str] | str]]:
    """Number of its first line, and the fields, for each record; a line that had to be given up comes as text."""
    csv.field_size_limit(dialects.MAX_CELL)
    lines, number = _Lines(stream, name, dialect), 1
    while True:
        try:
            for row in csv.reader(iter(lines), **dialect.arguments()):
                if lines.ended and lines.unclosed():
                    raise _Unclosed
                yield number, row
                number += len(lines.current)
                lines.current.clear()
        except (csv.Error, _Unclosed):
            yield number, lines.drop_first()
            number += 1
            continue
        return


def _rows(
    records: Iterable[tuple[int, list[str] | str]],
    table: Table,
    name: str,
    repeated_header: list[str] | None,
    *,
    delimiter: str,
    pad: bool,
    check_bytes: bool,
) -> Iterator[RawRow]:
    headers, width = table.headers, len(table.headers)
    for number, row in records:
        if isinstance(row, str):
            table.broken.append(_given_up(number, row, name))
            continue
        if len(row) != width or not row:
            if not row or not any(cell.strip() for cell in row):
                continue  # a blank line is no record
            repaired = _repair(row, width, delimiter, pad=pad)
            if repaired is None:
                table.broken.append(_broken(number, row, width, name))
                continue
            row = repaired
        elif not row[0] and not any(cell.strip() for cell in row):
            continue
        if row == repeated_header:
            message = "The header row stands here again."
            table.broken.append(
                QuarantinedRow(number, Reason.BROKEN_RECORD.value, message, _joined(row)[:_MAX_RAW], name)
            )
            continue
        if check_bytes and any(encodings.is_broken(cell) for cell in row):
            raw = "".join(_joined(row)).encode("utf-8", "backslashreplace").decode()[:_MAX_RAW]
            message = f"Some bytes are not {table.encoding}. Fix the file, or set `encoding` in source.yaml."
            table.broken.append(QuarantinedRow(number, Reason.BAD_ENCODING.value, message, raw, name))
            continue
        yield RawRow(number, dict(zip(headers, row, strict=False)), None, name)


def _repair(row: list[str], width: int, delimiter: str, *, pad: bool) -> list[str] | None:
    """A row with empty cells too many, one that lacks them by the exporter's habit, or one quoted as a whole."""
    if len(row) == 1 and delimiter in row[0]:
        try:
            inner = next(csv.reader([row[0]], delimiter=delimiter))
        except csv.Error:
            return None
        return inner if len(inner) == width else None
    if len(row) > width:
        return row[:width] if not any(cell.strip() for cell in row[width:]) else None
    return row + [""] * (width - len(row)) if pad and len(row) > 1 else None


def _broken(number: int, row: list[str], width: int, name: str) -> QuarantinedRow:
    raw = _joined(row).encode("utf-8", "backslashreplace").decode()[:_MAX_RAW]
    message = f"{len(row)} cells where the header has {width}."
    return QuarantinedRow(number, Reason.RAGGED_ROW.value, message, raw, name)


def _given_up(number: int, line: str, name: str) -> QuarantinedRow:
    raw = line.strip("\r\n")[:_MAX_RAW].encode("utf-8", "backslashreplace").decode()
    if len(line) > dialects.MAX_CELL:
        message = f"A cell is longer than {dialects.MAX_CELL:,} characters."
        return QuarantinedRow(number, Reason.TOO_LARGE.value, message, raw, name)
    message = "A quote in this line is never closed; the lines after it were read without it."
    return QuarantinedRow(number, Reason.BROKEN_RECORD.value, message, raw, name)


def _joined(row: list[str]) -> str:
    return " ¦ ".join(cell[:_MAX_RAW] for cell in row[:200])
