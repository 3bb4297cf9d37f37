"""Unpack .gz, .bz2, .xz and .zip files of a drop, within limits.

Belongs here: telling archives by content, and unpacking them into a scratch folder. Stays out: what is inside.

Names in an archive never become paths on disk: entries are written under numbers, and a name that climbs out of its
folder is refused.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from vitrina.feeds.records import DropFile, DropUnreadable, Fault
from vitrina.feeds.scratch import Scratch
from vitrina.feeds.utf8 import read_head

_CHUNK = 1 << 20
_BESIDES = {
    ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg", ".ico", ".mp4", ".mov", ".pdf", ".log",
    ".md", ".html", ".htm", ".css", ".js",
}  # fmt: skip
_LETTERS = {
    "readme", "read_me", "license", "licence", "changelog", "notes", "note", "прочти", "прочти меня", "прочитай",
    "прочти_меня", "заметки", "примечания", "benioku", "notlar",
}  # fmt: skip
_NO_READER = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
}


@dataclass(slots=True, frozen=True)
class Limits:
    """What an archive may unpack to.

    Attributes:
        total_bytes: Sum over the drop. The largest real feed in the samples is 30 MB.
        ratio: Unpacked to packed, looked at once ``ratio_from`` bytes are out; text of price lists has 5 to 40.
        entries: Files in all archives of a drop.
        nesting: Archives inside archives.
    """

    total_bytes: int = 4 * 1024**3
    ratio: int = 200
    ratio_from: int = 32 * 1024**2
    entries: int = 5000
    nesting: int = 3


class Unpacker:
    """Gives the plain files of a drop; counts bytes and entries over all of them."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.scratch: Scratch | None = None
        self.notes: list[str] = []
        self._bytes = 0
        self._entries = 0

    def plain_files(self, files: Sequence[DropFile]) -> Iterator[DropFile]:
        """The files themselves, and the files inside those that are archives.

        Raises:
            DropUnreadable: Encrypted, damaged, of a kind without a reader, or beyond the limits.
        """
        for file in files:
            yield from self._open(file, 0)

    def _open(self, file: DropFile, level: int) -> Iterator[DropFile]:
        head = read_head(file.path, 512)
        for magic, name in _NO_READER.items():
            if head.startswith(magic):
                raise DropUnreadable(
                    f"{file.name} is a {name} archive.",
                    hint="Pack it as .zip or .gz, or not at all.",
                    fault=Fault.OTHER_KIND,
                )
        single = _single_stream(head)
        if single is None and not head.startswith(b"PK\x03\x04") and not head.startswith(b"PK\x05\x06"):
            yield file
            return
        if single is None and is_office_file(file.path):
            yield file
            return
        if level >= self.limits.nesting:
            raise DropUnreadable(
                f"{file.name}: archives are packed more than {self.limits.nesting} times into each other.",
                hint="Pack the files once.",
                fault=Fault.TOO_LARGE,
            )
        inner = self._zip(file) if single is None else self._stream(file, single)
        for unpacked in inner:
            yield from self._open(unpacked, level + 1)

    def _stream(self, file: DropFile, kind: str) -> Iterator[DropFile]:
        name = file.name
        for suffix in (".gz", ".gzip", ".bz2", ".xz"):
            if name.lower().endswith(suffix):
                name = name[: -len(suffix)]
        target = self._new(name)
        try:
            with _opened(file.path, kind) as source:
                self._copy(source, target, file, max(file.path.stat().st_size, 1))
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DropUnreadable(
                f"{file.name} is a damaged {kind} file ({error}).",
                hint="Transfer it again; it may be cut off.",
                fault=Fault.CUT_OFF,
            ) from None
        if _is_tar(target):
            raise DropUnreadable(
                f"{file.name} is a tar archive.", hint="Pack the files as .zip.", fault=Fault.OTHER_KIND
            )
        yield DropFile(target, name)

    def _zip(self, file: DropFile) -> Iterator[DropFile]:
        try:
            with zipfile.ZipFile(file.path) as archive:
                for info in archive.infolist():
                    if info.is_dir() or _is_beside(info.filename):
                        continue
                    yield self._entry(file, archive, info)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            OSError,
            lzma.LZMAError,
            ValueError,
        ) as error:
            raise DropUnreadable(
                f"{file.name} is a damaged .zip file ({error}).",
                hint="Transfer it again; it may be cut off.",
                fault=Fault.CUT_OFF,
            ) from None

    def _entry(self, file: DropFile, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> DropFile:
        name = safe_name(info.filename)
        if name is None:
            raise DropUnreadable(
                f"{file.name} holds a file whose name leaves the archive's folder: {info.filename[:200]!r}.",
                hint="Such archives are made to overwrite files; it was not unpacked.",
                fault=Fault.UNSAFE_ARCHIVE,
            )
        if info.flag_bits & 0x1:
            raise DropUnreadable(
                f"{file.name} is encrypted.", hint="Pack it without a password.", fault=Fault.ENCRYPTED
            )
        self._entries += 1
        if self._entries > self.limits.entries:
            raise DropUnreadable(
                f"{file.name} holds more than {self.limits.entries} files.",
                hint="Split the drop.",
                fault=Fault.TOO_LARGE,
            )
        target = self._new(name)
        with archive.open(info) as source:
            self._copy(source, target, file, max(info.compress_size, 1))
        return DropFile(target, f"{file.name}/{name}")

    def _new(self, name: str) -> Path:
        if self.scratch is None:
            self.scratch = Scratch()
        suffix = PurePosixPath(name).suffix
        return self.scratch.new_file(suffix if suffix.isascii() and len(suffix) <= 8 and suffix[1:].isalnum() else "")

    def _copy(self, source: IO[bytes], target: Path, file: DropFile, packed: int) -> None:
        written = 0
        with target.open("wb") as out:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                self._bytes += len(chunk)
                bomb = written > self.limits.ratio_from and written > packed * self.limits.ratio
                if bomb or self._bytes > self.limits.total_bytes:
                    raise DropUnreadable(
                        f"{file.name} unpacks to more than {written // 1024**2} MB from {packed / 1024**2:.1f} MB.",
                        hint="That is how archive bombs look; if it is a real feed, drop it unpacked or in parts.",
                        fault=Fault.TOO_LARGE,
                    )
                out.write(chunk)


def _opened(path: Path, kind: str) -> IO[bytes]:
    if kind == "gzip":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return cast("IO[bytes]", bz2.open(path, "rb") if kind == "bzip2" else lzma.open(path, "rb"))


def _single_stream(head: bytes) -> str | None:
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return "bzip2"
    return "xz" if head.startswith(b"\xfd7zXZ\x00") else None


def is_office_file(path: Path) -> bool:
    """Whether a zip is a spreadsheet or document (XLSX, ODS) and not an archive of files."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return "[Content_Types].xml" in names or ("mimetype" in names and "content.xml" in names)


def _is_tar(path: Path) -> bool:
    return read_head(path, 512)[257:262] == b"ustar"


def _is_beside(name: str) -> bool:
    """Pictures, words to the reader and system files that stand beside the lists."""
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in path.parts)
    letter = path.suffix.lower() in ("", ".txt") and path.stem.casefold() in _LETTERS
    return hidden or letter or path.suffix.lower() in _BESIDES or path.name in ("_SUCCESS", "Thumbs.db", "desktop.ini")


def safe_name(name: str) -> str | None:
    """The entry's name as a relative path, or ``None`` when it would leave its folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")) or not path.parts:
        return None
    return "/".join(part for part in path.parts if part not in ("", "."))[:500]
