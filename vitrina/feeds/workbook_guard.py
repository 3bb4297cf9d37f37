"""What a workbook would cost, judged before it is opened.

Belongs here: sizes of packed workbooks and of their sheets. Stays out: reading them (``sheets``).

The library makes a sheet as large as its farthest filled cell; a file of 5 KB with one cell in the last row of the last
column would ask for hundreds of gigabytes, and its failure ends the whole process.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO

from vitrina.feeds.records import DropFile, DropUnreadable

MAX_CELLS = 50_000_000
_MAX_UNPACKED = 512 * 1024 * 1024
_MAX_RATIO = 300
_RATIO_FROM = 50_000_000
_CHUNK = 1 << 20
_LONGEST_CELL_TAG = 200
#: A cell that is not empty: its tag does not close itself.
_CELL = re.compile(rb'<(?:\w+:)?c\b[^<>]*?\br="([A-Z]{1,3})(\d{1,7})"[^<>/]*>')


def check_container(file: DropFile) -> str:
    """Kind of the workbook: ``xlsx``, ``xlsb``, ``ods`` or ``xls``.

    Raises:
        DropUnreadable: It unpacks to far more than a price list, or has a cell far away from its others.
    """
    if not zipfile.is_zipfile(file.path):
        return "xls"
    try:
        with zipfile.ZipFile(file.path) as archive:
            return _check_members(file, archive)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise DropUnreadable(
            f"{file.name} is a damaged workbook ({error}).",
            hint="Open it in a spreadsheet program and save it again as XLSX.",
        ) from None


def _check_members(file: DropFile, archive: zipfile.ZipFile) -> str:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    names = {member.filename for member in members}
    packed = file.path.stat().st_size
    if unpacked > _MAX_UNPACKED or (unpacked > _RATIO_FROM and unpacked > packed * _MAX_RATIO):
        raise DropUnreadable(
            f"{file.name} unpacks to {unpacked:,} bytes; the limit is {_MAX_UNPACKED:,}.",
            hint="That is how bombs look; if it is a real list, save it as CSV.",
        )
    if "mimetype" in names or "content.xml" in names:
        return "ods"
    for member in members:
        if "/worksheets/" in member.filename and member.filename.endswith(".xml") and not member.flag_bits & 0x1:
            with archive.open(member) as stream:
                rows, columns = _extent(stream)
            if rows * columns > MAX_CELLS:
                raise DropUnreadable(
                    f"{file.name}: a sheet reaches to row {rows:,} and column {columns:,}: too large to open.",
                    hint="Delete what stands far from the list, or save the list alone as CSV.",
                )
    return "xlsb" if any(name.endswith(".bin") and "workbook" in name for name in names) else "xlsx"


def _extent(stream: IO[bytes]) -> tuple[int, int]:
    """Row and column of the farthest filled cells of a sheet."""
    rows, columns, rest = 0, set[bytes](), b""
    while chunk := stream.read(_CHUNK):
        text = rest + chunk
        found = _CELL.findall(text)
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
