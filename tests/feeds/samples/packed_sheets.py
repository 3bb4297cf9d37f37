"""ODS and XLSB workbooks in their barest form, with one cell far away from the list.

No library of the project writes these formats; what is here is what readers ask of them.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

_ODS = (
    '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="List">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)
_MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
_RELATION = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="{}" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/></Relationships>'
)
Rows = Sequence[Sequence[str]]


def write_ods(path: Path, rows: Rows, *, far: tuple[int, int], filled: bool = True) -> None:
    """Rows of texts from A1 on; the cell ``far`` (row, column) holds a text, or is empty in repeated rows and cells."""
    text = "".join("<table:table-row>" + "".join(map(_ods_cell, row)) + "</table:table-row>" for row in rows)
    row, column = far
    gap = f'<table:table-cell table:number-columns-repeated="{column - 1}"/>'
    text += f'<table:table-row table:number-rows-repeated="{row - len(rows) - 1}">{gap}</table:table-row>'
    text += f"<table:table-row>{gap}{_ods_cell('x') if filled else '<table:table-cell/>'}</table:table-row>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", _ODS.format(text))
        archive.writestr("META-INF/manifest.xml", _MANIFEST)


def _ods_cell(text: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def write_xlsb(path: Path, rows: Rows, *, far: tuple[int, int], filled: bool = True) -> None:
    """The same in binary records."""
    row, column = far
    sheet = _record(0x81) + _record(0x94, struct.pack("<4I", 0, row - 1, 0, column - 1)) + _record(0x91)
    for number, cells in enumerate(rows):
        sheet += _row(number)
        sheet += b"".join(_record(6, struct.pack("<2I", at, 0) + _wide(cell)) for at, cell in enumerate(cells))
    sheet += _row(row - 1)
    sheet += (
        _record(6, struct.pack("<2I", column - 1, 0) + _wide("x"))
        if filled
        else _record(1, struct.pack("<2I", column - 1, 0))
    )
    sheet += _record(0x92) + _record(0x82)
    book = _record(0x83) + _record(0x8F) + _record(0x9C, struct.pack("<2I", 0, 1) + _wide("rId1") + _wide("List"))
    book += _record(0x90) + _record(0x84)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", _RELATION.format("rId1", "officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/_rels/workbook.bin.rels", _RELATION.format("rId1", "worksheet", "worksheets/sheet1.bin"))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def _row(number: int) -> bytes:
    return _record(0, struct.pack("<I", number) + bytes(21))


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _record(kind: int, content: bytes = b"") -> bytes:
    kinds = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, left = b"", len(content)
    while left > 0x7F:
        size, left = size + bytes([left & 0x7F | 0x80]), left >> 7
    return kinds + size + bytes([left]) + content
