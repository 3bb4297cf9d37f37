"""Texts with their doubts marked, and the difference of two texts by words. Pure; everything is escaped.

Belongs here: plain text to safe HTML. Stays out: finding things (``vitrina.content.grounding``, ``doubts``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

#: A line that is an item of a list: the bullet that ``editing`` puts first, maybe inside of a mark.
_ITEM = re.compile(r"^((?:<[^>]*>)?)• ")
_WORDS = re.compile(r"\s+|[^\s\w]|\w+")
#: Two texts of 3,000 words each take 0.3 s; a description has 250.
_MOST_WORDS = 3_000


@dataclass(frozen=True, slots=True)
class Doubt:
    """Words of a text that a check doubts. ``number`` joins the mark in the text to its line among the checks."""

    number: int
    surface: str
    why: str


def marked(plain: str, findings: Iterable[Mapping[str, Any]]) -> SafeString:
    """One text in paragraphs with ``findings`` marked: each with ``surface`` (the words) and ``explanation``."""
    doubts = [Doubt(n, str(f.get("surface", "")), str(f.get("explanation", ""))) for n, f in enumerate(findings, 1)]
    return paragraphs(marked_texts([plain], doubts)[0])


def marked_texts(texts: Sequence[str], doubts: Iterable[Doubt]) -> list[SafeString]:
    """The texts with ``<mark>`` around the words of each doubt: where they first stand, over all texts in order.

    Words that stand nowhere are left out.
    """
    places: list[list[tuple[int, int, Doubt]]] = [[] for _ in texts]
    for doubt in doubts:
        for text, taken in zip(texts, places, strict=True):
            length = len(doubt.surface)
            start = next((at for at in _occurrences(text, doubt.surface) if _free(taken, at, at + length)), None)
            if start is not None:
                taken.append((start, start + length, doubt))
                break
    return [_with_marks(text, sorted(taken, key=lambda t: t[0])) for text, taken in zip(texts, places, strict=True)]


def paragraphs(markup: str) -> SafeString:
    """Paragraphs and lists of escaped text, or of text with our own marks: one for each line, as ``editing`` writes."""
    parts: list[str] = []
    for line in markup.split("\n"):
        item = _ITEM.sub(r"\1", line)
        if item != line:
            parts.append(f"<li>{item}</li>" if parts and parts[-1].endswith("</li>") else f"<ul><li>{item}</li>")
        elif line.strip():
            parts.append(f"</ul><p>{line}</p>" if parts and parts[-1].endswith("</li>") else f"<p>{line}</p>")
    closed = parts and parts[-1].endswith("</li>")
    return mark_safe("".join(parts) + ("</ul>" if closed else ""))  # noqa: S308 - escaped by the caller


def difference(old: str, new: str) -> SafeString:
    """``<ins>`` and ``<del>`` by word. Beyond 3,000 words a side the rest is shown without a comparison."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    rest = "".join(after[_MOST_WORDS:])
    before, after = before[:_MOST_WORDS], after[:_MOST_WORDS]
    parts: list[str] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what in ("delete", "replace"):
            parts.append(_each_line("del", "".join(before[a:b])))
        if what in ("insert", "replace"):
            parts.append(_each_line("ins", "".join(after[c:d])))
        if what == "equal":
            parts.append(escape("".join(after[c:d])))
    return paragraphs("".join(parts) + escape(rest))


def _each_line(tag: str, text: str) -> str:
    """The tag around the part of each line, since lines become paragraphs."""
    return "\n".join(f"<{tag}>{escape(line)}</{tag}>" if line else "" for line in text.split("\n"))


def _occurrences(text: str, surface: str) -> Iterator[int]:
    at = text.find(surface) if surface else -1
    while at >= 0:
        yield at
        at = text.find(surface, at + 1)


def _free(taken: Iterable[tuple[int, int, Doubt]], start: int, end: int) -> bool:
    return all(end <= first or start >= last for first, last, _ in taken)


def _with_marks(text: str, places: Iterable[tuple[int, int, Doubt]]) -> SafeString:
    parts: list[str] = []
    at = 0
    for start, end, doubt in places:
        parts += [
            escape(text[at:start]),
            f'<mark id="mark-{doubt.number}" title="{escape(doubt.why)}">{escape(text[start:end])}'
            f'<sup aria-hidden="true">{doubt.number}</sup></mark>',
        ]
        at = end
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped; only our own tags stand in it
