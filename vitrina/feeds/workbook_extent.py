"""How far the filled cells of a sheet reach, found in its packed form without building it.

Belongs here: one scan a format (XLSX, ODS, XLSB), each streaming. Stays out: what is too far (``workbook_guard``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

_CHUNK = 1 << 20
_LONGEST_CELL_TAG = 200
_LONGEST_ODS_TAG = 4_000_000
#: A cell that is not empty: its tag does not close itself.
_XLSX_CELL = re.compile(rb'<(?:\w+:)?c\b[^<>]*?\br="([A-Z]{1,3})(\d{1,7})"[^<>/]*>')
# The prefixes are part of the names for the library that reads the sheets, too.
_ODS_TAG = re.compile(rb"<table:(table|table-row|(?:covered-)?table-cell)(?=[\s/>])((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ODS_REPEATED = re.compile(rb"table:number-(?:rows|columns)-repeated\s*=\s*[\"'](\d{1,9})")
_XLSB_ROW, _XLSB_BLANK, _XLSB_LAST_CELL = 0, 1, 11


def of_xlsx(stream: IO[bytes]) -> tuple[int, int]:
    """Row and column of the farthest filled cells of a sheet's XML."""
    rows, columns, rest = 0, set[bytes](), b""
    while chunk := stream.read(_CHUNK):
        text = rest + chunk
        found = _XLSX_CELL.findall(text)
        if found:
            rows = max(rows, max(int(row) for _, row in found))
            columns.update(column for column, _ in found)
        rest = text[-_LONGEST_CELL_TAG:]
    return rows, max((_number(column) for column in columns), default=0)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def of_ods(stream: IO[bytes]) -> tuple[int, int]:
    """Row and column of the farthest filled cells of the largest sheet in ``content.xml``; repeats are counted.

    Raises:
        ValueError: A tag of some megabytes.
    """
    largest = (0, 0)
    row = column = rows = columns = repeat = 0
    for name, attributes in _ods_tags(stream):
        found = _ODS_REPEATED.search(attributes)
        times = int(found.group(1)) if found else 1
        if name == b"table":
            largest = max(largest, (rows, columns), key=lambda size: size[0] * size[1])
            row = column = rows = columns = repeat = 0
        elif name == b"table-row":
            row, column, repeat = row + repeat, 0, times
        else:
            column += times
            if b"office:" in attributes or not attributes.rstrip().endswith(b"/"):
                rows, columns = max(rows, row + repeat), max(columns, column)
    return max(largest, (rows, columns), key=lambda size: size[0] * size[1])


def _ods_tags(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    rest = b""
    while chunk := stream.read(_CHUNK):
        text = rest + chunk
        end = 0
        for match in _ODS_TAG.finditer(text):
            end = match.end()
            yield match.group(1), match.group(2)
        opening = text.rfind(b"<")
        rest = text[opening:] if opening >= end else b""
        if len(rest) > _LONGEST_ODS_TAG:
            raise ValueError("a tag of its content is too long")


def of_xlsb(content: bytes) -> tuple[int, int]:
    """Row and column of the farthest filled cells of a binary sheet: records of type, length and content."""
    at, row, rows, columns, end = 0, 0, 0, 0, len(content)
    while at < end - 1:
        kind = content[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | content[at] << 7
            at += 1
        size = shift = 0
        while at < end and shift < 28:
            byte = content[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if kind == _XLSB_ROW:
            row = int.from_bytes(content[at : at + 4], "little")
        elif _XLSB_BLANK < kind <= _XLSB_LAST_CELL:
            rows, columns = max(rows, row + 1), max(columns, int.from_bytes(content[at : at + 4], "little") + 1)
        at += size
    return rows, columns
