"""What the first bytes of a file say it is. Pure; no decoder is loaded.

Belongs here: marks of formats, and what is plain text. Stays out: decoding (``codec``).
"""

from __future__ import annotations

import re
from typing import Final

#: Bytes that settle it.
HEAD: Final = 512
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
    (b"BM", "BMP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"II+\0", "TIFF"), (b"MM\0+", "TIFF"),
    (b"\0\0\1\0", "ICO"), (b"\0\0\2\0", "CUR"), (b"8BPS", "PSD"), (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"), (b"\xff\x0a", "JPEG XL"), (b"\0\0\0\x0cJXL ", "JPEG XL"), (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"), (b"qoif", "QOI"), (b"DDS ", "DDS"), (b"SIMPLE  =", "FITS"), (b"\xd7\xcd\xc6\x9a", "WMF"),
)  # fmt: skip
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"msf1": "HEIF"}
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)


def sniff(head: bytes) -> str | None:
    """What the first bytes say: one of ours in lower case, another picture format by its name, or ``None``."""
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video or HEIF")
    if _SVG.search(head[:1000]):
        return "SVG"
    return None


_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]*")


def is_text(head: bytes) -> bool:
    """Whether the beginning of a file is text: a page, JSON, a message. No format that is taken begins so."""
    begin = head[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith((b"<", b"{", b"[")):
        return True
    try:
        begin.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(begin) - 4:
            return False
    return bool(begin) and _TEXT.fullmatch(begin) is not None
