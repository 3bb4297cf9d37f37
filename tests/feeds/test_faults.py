"""Each kind of file that cannot be read has its code, by which pages say it in words."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

from vitrina.feeds.preview import check_files
from vitrina.feeds.records import DropUnreadable, Fault, SourceConfig

TABLE = b"id;title;price\n" + b"1;Dress;5\n" * 200


def packed(name: str, body: bytes, *, encrypted: bool = False) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    made = bytearray(stream.getvalue())
    if encrypted:  # the flag alone, in both headers: nobody gets as far as the content
        made[6] |= 1
        made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


@pytest.mark.parametrize(
    ("name", "body", "fault"),
    [
        ("a.csv", b"", Fault.EMPTY),
        ("a.csv", b" \n\n", Fault.EMPTY),
        ("a.csv.gz", gzip.compress(b"0" * 60_000_000, 1, mtime=0), Fault.TOO_LARGE),
        ("a.json", b"[" * 100_000, Fault.TOO_LARGE),
        ("a.csv", b"MZ\x90" + b"\0\1\2" * 99, Fault.OTHER_KIND),
        ("a.csv", bytes(range(256)) * 9, Fault.OTHER_KIND),
        ("a.rar", b"Rar!\x1a\x07\x00" + b"1" * 30, Fault.OTHER_KIND),
        ("a.xml", b"<html><body>Sign in</body></html>", Fault.WEB_PAGE),
        ("a.json", json.dumps([{"id": 1, "title": "Dress"}])[:12].encode(), Fault.CUT_OFF),
        ("a.csv.gz", gzip.compress(TABLE, mtime=0)[:-20], Fault.CUT_OFF),
        ("a.zip", packed("a.csv", TABLE)[:-30], Fault.CUT_OFF),
        ("a.zip", packed("a.csv", TABLE, encrypted=True), Fault.ENCRYPTED),
        ("a.zip", packed("../../a.csv", TABLE), Fault.UNSAFE_ARCHIVE),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', Fault.UNSAFE_XML),
        ("a.csv", b"a;b\n1;2\n", Fault.NO_TITLE),
        ("a.csv", "Артикул;Название;Цена\n".encode(), Fault.NO_PRODUCTS),
    ],
)
def test_what_cannot_be_read_says_of_which_kind_it_is(tmp_path: Path, name: str, body: bytes, fault: Fault) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(DropUnreadable) as told:
        check_files([path], SourceConfig(source="shop"))
    assert told.value.fault is fault
