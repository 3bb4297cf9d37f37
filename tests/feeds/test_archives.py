"""Compressed drops: unpacked within limits, cleaned up after."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_bytes
from vitrina.feeds.archives import Limits, safe_name
from vitrina.feeds.detect import open_tables
from vitrina.feeds.records import DropFile, DropUnreadable, SourceConfig

GOODS = json.dumps([{"name": f"Крем {n}", "price": n} for n in range(1, 4)]).encode()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped({"a/goods.json": data})]
)
@pytest.mark.parametrize("name", ["goods.json.gz", "no-extension"])
def test_compressed_files_are_read_by_content_and_leave_nothing(tmp_path: Path, scratch: Path, pack, name: str) -> None:
    (opened,) = open_bytes(tmp_path, {name: pack(GOODS)})
    assert len(opened.rows) == 3
    assert list(scratch.iterdir()) == []


def test_archives_in_archives_are_opened(tmp_path: Path, scratch: Path) -> None:
    content = zipped({"inner.zip": zipped({"goods.json.gz": gzip.compress(GOODS)})})
    (opened,) = open_bytes(tmp_path, {"drop.zip": content})
    assert opened.file == "drop.zip/inner.zip/goods.json"
    assert list(scratch.iterdir()) == []


def test_archives_packed_too_often_are_refused(tmp_path: Path, scratch: Path) -> None:
    content = GOODS
    for _ in range(5):
        content = gzip.compress(content)
    with pytest.raises(DropUnreadable, match="packed more than 3 times"):
        open_bytes(tmp_path, {"drop.gz": content})
    assert list(scratch.iterdir()) == []


def test_bombs_are_refused_before_they_fill_the_disk(tmp_path: Path, scratch: Path) -> None:
    limits = Limits(total_bytes=50_000_000, ratio=50, ratio_from=1_000_000)
    for content in (gzip.compress(b"0" * 20_000_000), zipped({"a.csv": b"0" * 20_000_000})):
        with pytest.raises(DropUnreadable, match="bombs"):
            open_bytes(tmp_path, {"drop": content}, limits=limits)
    assert list(scratch.iterdir()) == []


def test_the_sum_over_a_drop_is_limited(tmp_path: Path) -> None:
    packed = {f"{n}.json.gz": gzip.compress(GOODS, 0) for n in range(5)}
    with pytest.raises(DropUnreadable, match="unpacks to more"):
        open_bytes(tmp_path, packed, limits=Limits(total_bytes=len(GOODS) * 3))


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DropUnreadable, match="more than 3 files"):
        open_bytes(tmp_path, {"a.zip": zipped({f"{n}.json": GOODS for n in range(5)})}, limits=Limits(entries=3))


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b.json", "..\\..\\b.json", "C:\\b.json"]
)
def test_names_that_climb_out_are_refused(tmp_path: Path, scratch: Path, name: str) -> None:
    with pytest.raises(DropUnreadable, match="leaves the archive"):
        open_bytes(tmp_path, {"a.zip": zipped({name: GOODS})})
    assert list(scratch.iterdir()) == []
    assert safe_name(name) is None


def test_pictures_and_system_files_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    files = {
        "goods.json": GOODS,
        "img/1.jpg": b"\xff\xd8",
        "__MACOSX/._goods.json": b"\0",
        ".DS_Store": b"x",
        "_SUCCESS": b"",
        "lists/Readme.txt": b"Prices are in roubles.",
    }
    (opened,) = open_bytes(tmp_path, {"a.zip": zipped(files)})
    assert opened.file == "a.zip/goods.json"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(GOODS, mtime=0)[:-12], "damaged gzip"),
        (gzip.compress(GOODS, mtime=0)[:15] + b"\0" * 40, "damaged gzip"),
        (zipped({"a.json": GOODS})[:-40], "damaged .zip"),
        (b"7z\xbc\xaf\x27\x1c123", "7-Zip"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (zipped({}), "no file"),
        (gzip.compress(b"\0" * 257 + b"ustar" + b"\0" * 250, mtime=0), "tar"),
    ],
)  # fmt: skip
def test_what_cannot_be_unpacked_says_why(tmp_path: Path, scratch: Path, content: bytes, what: str) -> None:
    with pytest.raises(DropUnreadable, match=what):
        open_bytes(tmp_path, {"drop": content})
    assert list(scratch.iterdir()) == []


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.json": GOODS}))
    content[6] |= 1
    central = content.find(b"PK\x01\x02")
    content[central + 8] |= 1
    with pytest.raises(DropUnreadable, match="encrypted"):
        open_bytes(tmp_path, {"a.zip": bytes(content)})


def test_rows_read_after_all_tables_were_asked_for_still_have_their_file(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(GOODS))
    tables = list(open_tables([DropFile(path, "a.gz")], SourceConfig()))
    assert len(list(tables[0][1].rows)) == 3
    del tables
    assert list(scratch.iterdir()) == []


def test_a_reader_that_is_abandoned_leaves_nothing(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(GOODS))
    stream = open_tables([DropFile(path, "a.gz")], SourceConfig())
    _, table = next(stream)
    next(iter(table.rows))
    del stream, table
    assert list(scratch.iterdir()) == []
