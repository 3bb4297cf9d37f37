"""Make a not well-formed feed well-formed where nothing is lost by it.

Belongs here: the few faults that shops' own scripts leave: blank lines before the declaration, a lone ``&``, HTML's
named characters, control characters, another encoding than declared. Stays out: faults of structure; there the reader
keeps what stands before them.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from html.entities import name2codepoint
from pathlib import Path

from vitrina.feeds.utf8 import bom_of, guess_encoding, is_utf8, read_head

#: The note on bytes that are not text in the file's encoding; rows that hold them are quarantined by the reader.
DAMAGE = "bytes could not be decoded and are shown as \ufffd"

_CHUNK = 1 << 20
_KEEP = 64  # enough to hold any reference or the beginning of a section over a chunk's end
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")
_DECLARED = re.compile(rb"<\?xml\b[^>]*\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9A-Fa-f]{1,6});|([A-Za-z][A-Za-z0-9]{1,31});)?")
_OWN = {"amp", "lt", "gt", "quot", "apos"}


def mend(source: Path, target: Path, encoding: str | None = None) -> list[str]:
    """Write a mended UTF-8 copy; say in words what was mended."""
    head = read_head(source)
    found, notes = _encoding(head, encoding)
    counts: Counter[str] = Counter()
    with target.open("w", encoding="utf-8", newline="") as out:
        begun = False
        for inside, text in _sections(_decoded(source, found)):
            if not begun:
                stripped = text.lstrip("\ufeff \t\r\n\0")
                if not stripped:
                    continue
                if len(stripped) < len(text.lstrip("\ufeff")):
                    notes.append("blank lines before the XML declaration were cut off")
                text, begun = _DECLARATION.sub("", stripped, count=1), True
            cleaned, removed = _CONTROL.subn("", text)
            counts["control characters removed"] += removed
            out.write(cleaned if inside else _REFERENCE.sub(lambda match: _reference(match, counts), cleaned))
            counts[DAMAGE] += cleaned.count("\ufffd")
    notes.extend(f"{count} {what}" for what, count in counts.items() if count)
    return notes


def _encoding(head: bytes, fixed: str | None) -> tuple[str, list[str]]:
    declared = _DECLARED.search(head[:2000])
    name = fixed or (declared.group(1).decode() if declared else "utf-8")
    try:
        name = codecs.lookup(name).name
    except LookupError:
        name = "utf-8"
    marked = bom_of(head)
    if marked:
        return ("utf-16" if marked[0].startswith("utf-16") else marked[0]), []
    guessed, _ = guess_encoding(head)
    if guessed.startswith("utf-16"):
        return guessed, []
    if name == "utf-8" and not is_utf8(head) and guessed == "cp1251":
        return "cp1251", ["the file says UTF-8 but is in windows-1251; it was read as that"]
    if name.startswith("utf-16"):
        return "utf-8", []
    return name, []


def _decoded(source: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with source.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _sections(chunks: Iterator[str]) -> Iterator[tuple[bool, str]]:
    """The text in pieces, each wholly inside or outside of CDATA and comments; no reference is cut."""
    buffer, closing = "", ""
    for chunk in chunks:
        buffer += chunk
        while buffer:
            if closing:
                at = buffer.find(closing)
                if at < 0:
                    keep = len(closing) - 1
                    if len(buffer) > keep:
                        yield True, buffer[:-keep]
                        buffer = buffer[-keep:]
                    break
                yield True, buffer[: at + len(closing)]
                buffer, closing = buffer[at + len(closing) :], ""
                continue
            opening = _first(buffer)
            if opening is None:
                if len(buffer) <= _KEEP:
                    break
                yield False, buffer[:-_KEEP]
                buffer = buffer[-_KEEP:]
                break
            at, length, closing = opening
            if at:
                yield False, buffer[:at]
            yield True, buffer[at : at + length]
            buffer = buffer[at + length :]
    if buffer:
        yield bool(closing), buffer


def _first(text: str) -> tuple[int, int, str] | None:
    found = [
        (at, len(opening), closing)
        for opening, closing in (("<![CDATA[", "]]>"), ("<!--", "-->"))
        if (at := text.find(opening)) >= 0
    ]
    return min(found) if found else None


def _reference(match: re.Match[str], counts: Counter[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if decimal or hexadecimal:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        if code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF:
            return match.group()
        counts["control characters removed"] += 1
        return ""
    if name in _OWN:
        return match.group()
    if name in name2codepoint:
        counts["HTML characters such as &nbsp; written out"] += 1
        return f"&#{name2codepoint[name]};"
    counts["single & written as &amp;"] += 1
    return "&amp;" + match.group()[1:]
