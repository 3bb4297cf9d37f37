"""The little HTML that a description may carry, and its way to plain text.

Belongs here: sanitising, escaping, text extraction, word counting. Stays out: limits (``contract``) and wording.
"""

from __future__ import annotations

import html as stdlib_html
import re
import unicodedata
from collections.abc import Sequence

import nh3

ALLOWED_TAGS = frozenset({"p", "ul", "li"})

_BLOCK_END = re.compile(r"</?(?:p|ul|li)>")
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[^\S\n]+")
_WORD = re.compile(r"[^\W_]+(?:[-'’.,][^\W_]+)*")
# Zero-width, bidirectional and tag characters hide text from people and show it to models.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def sanitise(markup: str) -> str:
    """Markup with only ``<p>``, ``<ul>``, ``<li>`` and no attributes; the text of scripts and styles is dropped.

    Idempotent: a sanitised string comes back as it is.
    """
    return nh3.clean(clean_text(markup), tags=set(ALLOWED_TAGS), attributes={}, clean_content_tags={"script", "style"})


def clean_text(text: str) -> str:
    """NFC text without control, zero-width, bidirectional and tag characters. Line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _CONTROL.sub("", _INVISIBLE.sub("", text)))


def to_text(markup: str) -> str:
    """Plain text of a description: one line per paragraph or list item, entities resolved."""
    safe = _TAG.sub("", _BLOCK_END.sub("\n", sanitise(markup)))
    lines = (_SPACES.sub(" ", line).strip() for line in stdlib_html.unescape(safe).split("\n"))
    return "\n".join(line for line in lines if line)


def strip_markup(text: str) -> str:
    """Scraped text, which may be HTML of any kind, as plain text in which no tag survives."""
    if "<" in text or "&" in text:  # most names and values have neither; parsing them took a tenth of a card's time
        text = _without_tags(text)
    return "\n".join(filter(None, (_SPACES.sub(" ", line).strip() for line in clean_text(text).split("\n"))))


def _without_tags(text: str) -> str:
    spaced = re.sub(r"<(?:br|/?p|/?div|/?li|/?ul|/?ol|/?tr|/?h[1-6])\b[^<>]*>", "\n", text, flags=re.IGNORECASE)
    bare = stdlib_html.unescape(nh3.clean(clean_text(spaced), tags=set(), clean_content_tags={"script", "style"}))
    # Twice-escaped markup becomes a tag only now.
    return stdlib_html.unescape(nh3.clean(bare, tags=set(), clean_content_tags={"script", "style"}))


def paragraph(text: str) -> str:
    """One escaped paragraph."""
    return f"<p>{nh3.clean(_escape(text), tags=set())}</p>"


def bullet_list(items: Sequence[str]) -> str:
    """An escaped list; empty for no items."""
    return (
        "<ul>" + "".join(f"<li>{nh3.clean(_escape(item), tags=set())}</li>" for item in items) + "</ul>"
        if items
        else ""
    )


def _escape(text: str) -> str:
    return stdlib_html.escape(clean_text(text), quote=False)


def words(text: str) -> list[str]:
    """Words of plain text: runs of letters and digits; ``хлопок-стрейч`` and ``0,5`` are one word each."""
    return _WORD.findall(text)


def word_count(markup: str) -> int:
    """Words that a reader of the description sees."""
    return len(words(to_text(markup)))
