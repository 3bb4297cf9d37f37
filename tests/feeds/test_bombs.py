"""Files made to burn time or memory are refused in seconds, with what to do."""

from __future__ import annotations

import gzip
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.feeds.samples.packed_sheets import write_ods, write_xlsb
from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, DropUnreadable, SourceConfig

_MB = 1 << 20


def _pieces(*pieces: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as out:
            for piece in pieces:
                out.write(piece)

    return write


def _gzip(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as out:
        for _ in range(60):
            out.write(b"\0" * _MB)


def _workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            for _ in range(60):
                out.write(b" " * _MB)


def _far_cell(path: Path) -> None:
    workbook = Workbook()
    workbook.active["A1"], workbook.active["XFD1048576"] = "name", "x"
    workbook.save(path)


def _many_attributes(path: Path) -> None:
    attributes = " ".join(f'a{number}=">"' for number in range(400_000))
    path.write_text(
        f'<?xml version="1.0"?><yml_catalog><shop><offers><offer {attributes}/></offers></shop></yml_catalog>'
    )


def _far_ods(path: Path) -> None:
    write_ods(path, [["id", "name"], ["1", "крем"]], far=(1_048_576, 16_384))


def _far_xlsb(path: Path) -> None:
    write_xlsb(path, [["id", "name"], ["1", "крем"]], far=(1_048_576, 16_384))


_BOMBS = {
    "line.csv": _pieces(b"id,name,price\n", *[b"x" * _MB] * 30),
    "columns.csv": _pieces(b",".join(b"c%d" % n for n in range(50_000)) + b"\n", b"1," * 49_999 + b"1\n"),
    "text.json": _pieces(b'[{"name":"', *[b"x" * _MB] * 30),
    "number.json": _pieces(b"[1", *[b"1" * _MB] * 10),
    "deep.json": _pieces(b'[{"name":"a","price":1,"x":', b"[" * _MB),
    "deep.xml": _pieces(b"<a>" * _MB),
    "text.xml": _pieces(b"<a><b>", *[b"x" * _MB] * 30),
    "bomb.csv.gz": _gzip,
    "bomb.xlsx": _workbook,
    "far.xlsx": _far_cell,
    "far.ods": _far_ods,
    "far.xlsb": _far_xlsb,
    "attributes.xml": _many_attributes,
}


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_is_refused_soon_with_what_to_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    _BOMBS[name](path)
    began = time.process_time()  # by the clock a busy machine may need much longer
    with pytest.raises(DropUnreadable) as refusal:
        read_drop([DropFile(path, name)], SourceConfig())
    assert time.process_time() - began < 20
    assert name in refusal.value.message or "columns" in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize("name", ["list.ods", "list.xlsb"])
def test_a_sheet_whose_far_cells_are_empty_is_read(name: str, tmp_path: Path) -> None:
    rows = [["id", "name", "price"], *([str(n), f"Крем {n}", "5"] for n in range(1, 6))]
    (write_ods if name.endswith("ods") else write_xlsb)(tmp_path / name, rows, far=(1_048_576, 16_384), filled=False)
    content = read_drop([DropFile(tmp_path / name, name)], SourceConfig())
    assert [product.title for product in content.products] == [f"Крем {n}" for n in range(1, 6)]
