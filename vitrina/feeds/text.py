"""Cleaning of scraped text: one line (titles, names) and paragraphs (descriptions).

Belongs here: Unicode hygiene, HTML to text, length caps. Stays out: meaning of any kind (prices, units, words).

Most cells of a feed are clean already, so one compiled expression decides whether a text needs work at all
(0.4 µs for 60 characters); only what fails it takes the slow path. Both cleaners are idempotent and never raise.
"""

from __future__ import annotations

import html.entities
import re
import unicodedata
from itertools import islice
from typing import Any

import nh3

MAX_LINE = 1_000
MAX_TEXT = 20_000
#: Raw text beyond this many times the cap is cut before any work: cleaning must not be a way to burn time.
_RAW_FACTOR = 20

# Letters, digits and punctuation that stand in NFC and never need a change. "&" and "<" are left out on purpose.
_SAFE = (
    r"!-%'-;=-~\u00a1-\u00ac\u00ae-\u017f\u0401-\u044f\u0451-\u045f\u0490\u0491"
    r"\u0621-\u063a\u0641-\u064a\u2013\u2014\u2018-\u201d\u2022\u2026\u2030\u20ac\u20b4\u20bd\u2116\u2122"
)
_CLEAN_LINE = re.compile(rf"[{_SAFE}]+(?: [{_SAFE}]+)*")
_CLEAN_TEXT = re.compile(rf"[{_SAFE}]+(?:[ \n][{_SAFE}]+)*")

# Control, format (zero-width, bidi, tag characters), surrogate, private use and noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_SPACES = re.compile(r"\s+")
_TAG = re.compile(r"<(?:[a-zA-Z/!?][^<>]*)>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLOCK = re.compile(r"</?(?:p|br|li|ul|ol|div|tr|h1|h2|h3|h4|h5|h6|table|section|article|blockquote|pre|hr|dt|dd)>")
_BLOCK_TAGS = {
    "p", "br", "li", "ul", "ol", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "section", "article",
    "blockquote", "pre", "hr", "dt", "dd",
}  # fmt: skip
_DROPPED_WITH_CONTENT = {"script", "style", "iframe", "object", "template", "noscript", "svg"}
_PASSES = 8
#: The HTML parser takes quadratic time over tags that are never closed: 0.3 s for 8,000, 25 s for 100,000.
_MAX_TAGS = 8_000


def clean_line(value: Any, limit: int = MAX_LINE) -> str:
    """One line of plain NFC text: tags stripped, entities resolved, spaces collapsed, cut at ``limit`` characters."""
    text = value if isinstance(value, str) else as_text(value)
    if len(text) <= limit and _CLEAN_LINE.fullmatch(text):
        return text
    return _settle(text, limit, keep_lines=False)


def clean_text(value: Any, limit: int = MAX_TEXT) -> str:
    """Plain NFC text with paragraphs as single line feeds; otherwise as :func:`clean_line`."""
    text = value if isinstance(value, str) else as_text(value)
    if len(text) <= limit and _CLEAN_TEXT.fullmatch(text):
        return text
    return _settle(text, limit, keep_lines=True)


def has_letters(text: str) -> bool:
    """Whether a text says anything: at least one letter of any script."""
    return any(character.isalpha() for character in text)


def as_text(value: Any) -> str:
    """A cell of any type as text: whole floats lose their ".0" (spreadsheets store integers as floats)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _settle(text: str, limit: int, *, keep_lines: bool) -> str:
    """Repeat the pass until nothing changes (``&amp;lt;b&amp;gt;`` needs several), then cut."""
    text = text[: limit * _RAW_FACTOR]
    for _ in range(_PASSES):
        cleaned = _one_pass(text, keep_lines=keep_lines)
        if cleaned == text:
            break
        text = cleaned
    else:
        # Deeper nesting than any honest feed has: what is left of the markup loses its meaning.
        text = _one_pass(text.replace("&", " ").replace("<", " "), keep_lines=keep_lines)
    if len(text) > limit:
        text = unicodedata.normalize("NFC", text[:limit]).rstrip()
    return text


def _one_pass(text: str, *, keep_lines: bool) -> str:
    text = _INVISIBLE.sub("", text)
    if "<" in text and _TAG.search(text):
        text = _strip_tags(text, keep_lines=keep_lines)
    if "&" in text:
        text = _ENTITY.sub(_resolve_entity, text)
    if not keep_lines:
        text = _SPACES.sub(" ", text).strip()
    else:
        lines = (_SPACES.sub(" ", line).strip() for line in text.splitlines())
        text = "\n".join(line for line in lines if line)
    return unicodedata.normalize("NFC", text)


def _strip_tags(text: str, *, keep_lines: bool) -> str:
    many = next(islice(_TAG.finditer(text), _MAX_TAGS, None), None)
    if many is not None:
        text = text[: many.start()]
    kept = nh3.clean(
        text, tags=set(_BLOCK_TAGS), clean_content_tags=_DROPPED_WITH_CONTENT, attributes={}, strip_comments=True
    )
    # nh3 gives well-formed markup without attributes, so these few literal tags are all that can be left.
    kept = _BLOCK.sub("\n" if keep_lines else " ", kept)
    return kept.replace("&nbsp;", " ")


def _resolve_entity(match: re.Match[str]) -> str:
    body = match.group()[1:-1]
    if body[0] != "#":
        return html.entities.html5.get(f"{body};", match.group())
    code = int(body[2:], 16) if body[1] in "xX" else int(body[1:])
    return chr(code) if 0 < code < 0x110000 else ""
