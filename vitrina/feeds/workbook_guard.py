"""What a workbook would cost, judged before it is opened.

Belongs here: sizes of packed workbooks and of their sheets. Stays out: reading them (``sheets``).

The library makes a sheet as large as its farthest filled cell; a file of 5 KB with one cell in the last row of the last
column would ask for hundreds of gigabytes, and its failure ends the whole process.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator

from vitrina.feeds import workbook_extent
from vitrina.feeds.records import DropFile, DropUnreadable, Fault

MAX_CELLS = 50_000_000
_MAX_UNPACKED = 512 * 1024 * 1024
_MAX_RATIO = 300
_RATIO_FROM = 50_000_000


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
            fault=Fault.CUT_OFF,
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
            fault=Fault.TOO_LARGE,
        )
    kind = "xlsx"
    if "mimetype" in names or "content.xml" in names:
        kind = "ods"
    elif any(name.endswith(".bin") and "workbook" in name for name in names):
        kind = "xlsb"
    for rows, columns in _extents(archive, kind):
        if rows * columns > MAX_CELLS:
            raise DropUnreadable(
                f"{file.name}: a sheet reaches to row {rows:,} and column {columns:,}: too large to open.",
                hint="Delete what stands far from the list, or save the list alone as CSV.",
                fault=Fault.TOO_LARGE,
            )
    return kind


def _extents(archive: zipfile.ZipFile, kind: str) -> Iterator[tuple[int, int]]:
    """Rows and columns up to the farthest filled cells, for each sheet."""
    for member in archive.infolist():
        if member.flag_bits & 0x1:
            continue  # encrypted: the library says so
        if kind == "ods" and member.filename == "content.xml":
            with archive.open(member) as stream:
                yield workbook_extent.of_ods(stream)
        elif "/worksheets/" in member.filename and member.filename.endswith(".xml"):
            with archive.open(member) as stream:
                yield workbook_extent.of_xlsx(stream)
        elif kind == "xlsb" and "/worksheets/" in member.filename and member.filename.endswith(".bin"):
            yield workbook_extent.of_xlsb(archive.read(member))
