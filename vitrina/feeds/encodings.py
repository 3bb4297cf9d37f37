"""Which encoding a text file is in, judged by its bytes.

Belongs here: detection and opening. Stays out: delimiters and records (``dialect``, ``tables``).

UTF-8 is proved over the whole file (30 ms for 29 MB), so a row check is needed only where it failed.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from vitrina.feeds.records import DropUnreadable

_BLOCK = 1 << 20
_SAMPLE = 48 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What shops' systems really write. Left to itself the detector prefers exotic pages for short texts. Central
#: European cp1250 is left out: it was taken for Spanish and Turkish files; such a source names it in source.yaml.
_CANDIDATES = ["cp1251", "cp1254", "cp1252", "big5", "gb18030", "shift_jis", "euc_kr", "cp1256"]
_CYRILLIC = ("cp1251", "koi8_r", "cp866")
#: Frequency of Russian letters in per mille, the common half; the rest count nothing.
_RUSSIAN = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгз",
        (110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16),
        strict=True,
    )
)
_MIXED = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
#: Bytes that are ğ ı ş İ Ş Ğ in cp1254 and Icelandic letters in cp1252.
_TURKISH_BYTES = frozenset(b"\xf0\xfd\xfe\xdd\xde\xd0")
#: ł ą ż ś ź ť of cp1250 inside words.
_CENTRAL = re.compile(rb"(?<=[A-Za-z])[\xb3\xb9\xbf\x9c\x9d\x9f](?=[A-Za-z])")
_FEW_LETTERS = 3
_BY_LANGUAGE = {"ru": "cp1251", "tr": "cp1254"}
#: A file with at most this share of bad bytes among its non-ASCII ones is UTF-8 with broken rows. Text of any other
#: page has nine bad bytes of ten, so a short list with one broken row is told too.
_FEW_BROKEN = 0.25


@dataclass(slots=True, frozen=True)
class Encoding:
    """Python codec name, and whether some bytes do not decode by it (their rows go to quarantine)."""

    name: str
    broken: bool = False

    @property
    def label(self) -> str:
        """For the report: without codec details."""
        return {"utf-8-sig": "utf-8 with BOM"}.get(self.name, self.name.replace("_", "-"))


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Undecodable bytes as lone surrogates. Unlike "surrogateescape" this serves UTF-16 and ASCII bytes too."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


_MARK = "vitrina.mark"
codecs.register_error(_MARK, _mark)


def detect(path: Path, *, fixed: str | None = None, language: str | None = None) -> Encoding:
    """Find the encoding of a file.

    Raises:
        DropUnreadable: The fixed encoding is unknown, or nothing fits.
    """
    if fixed:
        try:
            name = codecs.lookup(fixed).name
        except LookupError:
            raise DropUnreadable(
                f"source.yaml asks for the encoding {fixed!r}, which does not exist.",
                hint="Use a name such as utf-8, windows-1251 or utf-16.",
            ) from None
        return Encoding(name, broken=not _decodes(path, name))
    with path.open("rb") as stream:
        head = stream.read(_SAMPLE)
    for bom, name in _BOMS:
        if head.startswith(bom):
            broken = not _decodes(path, name)
            if broken and name == "utf-32":
                continue  # the mark of UTF-16 before a zero character looks the same
            return Encoding(name, broken=broken)
    wide = utf16_without_bom(head)
    if wide:
        return Encoding(wide, broken=not _decodes(path, wide))
    if _decodes(path, "utf-8"):
        return Encoding("utf-8")
    sample = _non_ascii_sample(path)
    if _mostly_utf8(sample):
        return Encoding("utf-8", broken=True)
    name = _guess(sample, language)
    return Encoding(name, broken=not _decodes(path, name))


def open_text(path: Path, encoding: Encoding) -> IO[str]:
    """Open for reading with line ends untouched; undecodable bytes become lone surrogates (see :func:`is_broken`)."""
    errors = _MARK if encoding.broken else "strict"
    return io.TextIOWrapper(path.open("rb", buffering=_BLOCK), encoding=encoding.name, errors=errors, newline="")


def is_broken(text: str) -> bool:
    """Whether a text holds bytes that did not decode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def utf16_without_bom(head: bytes) -> str | None:
    """Text of any script has many zero bytes at even or at odd places only (spaces, digits, commas, line ends)."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > 0.1 * pairs and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.1 * pairs and odd == 0 else None


def _non_ascii_sample(path: Path) -> bytes:
    """The head, plus lines with non-ASCII bytes from further on when the head has none."""
    parts: list[bytes] = []
    size = 0
    for block in _blocks(path):
        if size == 0:
            parts.append(block[:_SAMPLE])
            size = len(parts[0])
        for line in block.splitlines():
            if size >= 2 * _SAMPLE:
                return b"\n".join(parts)
            if not line.isascii():
                parts.append(line[:1_000])
                size += len(parts[-1])
    return b"\n".join(parts)


def _mostly_utf8(sample: bytes) -> bool:
    foreign = sum(1 for byte in sample if byte > 127)
    broken = sum(1 for character in sample.decode("utf-8", "surrogateescape") if "\udc80" <= character <= "\udcff")
    return foreign > 0 and broken <= max(2, foreign * _FEW_BROKEN) and broken < foreign / 2


def _guess(sample: bytes, language: str | None) -> str:
    hinted = _BY_LANGUAGE.get(language or "")
    if hinted:
        return hinted
    cyrillic = _cyrillic(sample)
    if cyrillic:
        return cyrillic
    if _is_central_european(sample):
        return "cp1250"
    best = from_bytes(sample, cp_isolation=_CANDIDATES, enable_fallback=False).best()
    name = best.encoding if best is not None else "cp1252"
    if name in ("cp1252", "cp1254"):
        name = "cp1254" if _TURKISH_BYTES & set(sample) else "cp1252"
    return name


def _is_central_european(sample: bytes) -> bool:
    """Polish, Czech, Hungarian: bytes that are signs in Western pages stand inside words, two kinds of them at least.

    In cp1252 these are ³ ¹ ¿ œ Ÿ and ˛: one of them alone may be an exponent or a French œ.
    """
    inside = _CENTRAL.findall(sample)
    return len(inside) >= _FEW_LETTERS and len({match[-1:] for match in inside}) > 1


def _cyrillic(sample: bytes) -> str | None:
    """The Cyrillic page under which the foreign letters are as frequent as in Russian, if the text is Russian at all.

    Words in mixed case ("кРЕМ") count against a page: cp1251 read as koi8-r has the cases swapped.
    """
    scores = {}
    for name in _CYRILLIC:
        text = sample.decode(name, "replace")
        letters = [character for character in text.lower() if ord(character) > 127]
        if not letters:
            return None
        if len(_MIXED.findall(text)) > 0.3 * len(letters):
            return None  # foreign letters inside Latin words: Spanish or Turkish, not Russian
        weight = sum(_RUSSIAN.get(character, 0) for character in letters) / len(letters)
        swapped = sum(1 for word in text.split() if len(word) > 2 and word[0].islower() and word[1:].isupper())
        scores[name] = weight - 20 * swapped / (1 + len(text.split()))
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] > 35 else None
