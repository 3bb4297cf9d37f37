"""Any text file as UTF-8 bytes: what JSON and XML readers work on.

Belongs here: finding the encoding of structured text and re-encoding it. Stays out: the encoding of text tables,
which have no syntax to help (``tables``).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from vitrina.feeds.records import DropUnreadable
from vitrina.feeds.scratch import Scratch

#: How much of a file is looked at to decide what it is.
HEAD_BYTES = 256 * 1024
_CHUNK = 1 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_HIGH = re.compile(r"[^\x00-\x7f]")


@dataclass(slots=True, frozen=True)
class Utf8View:
    """A file to be read as UTF-8.

    Attributes:
        path: The file itself, or a re-encoded copy.
        offset: Bytes to skip at its start (a byte order mark).
        encoding: What the original was in.
        scratch: Holds the copy; ``None`` when there is none.
    """

    path: Path
    offset: int
    encoding: str
    scratch: Scratch | None = None


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """The first ``size`` bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(size)


def bom_of(head: bytes) -> tuple[str, int] | None:
    """Encoding and length of the byte order mark at the start, if there is one."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding, len(bom)
    return None


def is_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8; a character cut at the end of the head is no fault."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def guess_encoding(head: bytes) -> tuple[str, int]:
    """Encoding of structured text, and the length of its byte order mark.

    JSON and XML begin with an ASCII character, so the zero bytes of the first two say which UTF-16 it is. Text that
    is not UTF-8 is windows-1251 when that makes at least half of its non-ASCII characters Cyrillic letters (files
    written under a Russian Windows); else it is called UTF-8, and the records that break it are refused one by one.
    """
    marked = bom_of(head)
    if marked:
        return marked
    if len(head) >= 4:
        first, second = head[0], head[1]
        if second == 0 and first != 0 and head[3:4] == b"\0":
            return "utf-16-le", 0
        if first == 0 and second != 0 and head[2:3] == b"\0":
            return "utf-16-be", 0
    if is_utf8(head):
        return "utf-8", 0
    high = _HIGH.findall(head.decode("cp1251", errors="ignore"))
    cyrillic = sum(1 for char in high if _CYRILLIC.match(char))
    if len(high) >= 4 and cyrillic * 2 >= len(high) and not _mostly_utf8(head):
        return "cp1251", 0
    return "utf-8", 0


def _mostly_utf8(head: bytes) -> bool:
    """Whether a text is UTF-8 but for a few damaged places: windows-1251 almost never looks like UTF-8 by chance."""
    decoded = head.decode("utf-8", errors="replace")
    damaged = decoded.count("\ufffd")
    return len(_HIGH.findall(decoded)) > 2 * damaged


def utf8_view(path: Path, encoding: str | None = None) -> Utf8View:
    """A view of ``path`` as UTF-8, re-encoded into a temporary file when it is in another encoding.

    Args:
        path: The file.
        encoding: A fixed encoding from ``source.yaml``; ``None`` to find it.

    Raises:
        DropUnreadable: ``encoding`` is not an encoding that Python knows.
    """
    head = read_head(path)
    found, offset = guess_encoding(head)
    if encoding and bom_of(head) is None:
        try:
            found = codecs.lookup(encoding).name
        except LookupError:
            raise DropUnreadable(
                f"The encoding {encoding!r} in source.yaml is not known.",
                hint="Write for example utf-8, windows-1251 or windows-1254.",
            ) from None
    if found == "utf-8":
        return Utf8View(path, offset, "utf-8")
    scratch = Scratch()
    copy = scratch.new_file()
    decoder = codecs.getincrementaldecoder(found)(errors="replace")
    with path.open("rb") as source, copy.open("wb") as target:
        source.seek(offset)
        while chunk := source.read(_CHUNK):
            target.write(decoder.decode(chunk).encode("utf-8", errors="replace"))
        target.write(decoder.decode(b"", final=True).encode("utf-8", errors="replace"))
    return Utf8View(copy, 0, found, scratch)
