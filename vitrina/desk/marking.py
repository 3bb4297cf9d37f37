"""A text with its findings marked, and the difference of two texts by words. Pure; everything is escaped.

Belongs here: plain text to safe HTML. Stays out: finding things (``vitrina.content.grounding``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_WORDS = re.compile(r"\s+|[^\s\w]|\w+")
_MOST_WORDS = 6_000


def marked(plain: str, findings: Iterable[Mapping[str, Any]]) -> SafeString:
    """The text with ``<mark>`` around the words of each finding; paragraphs by line feeds.

    Args:
        findings: With ``surface`` (the words) and ``explanation``. Each is marked where it first stands after the
            former ones; words that are not there are left out (they may stand in the title).
    """
    places: list[tuple[int, int, str]] = []
    for finding in findings:
        surface = str(finding.get("surface", ""))
        start = next((at for at in _occurrences(plain, surface) if _free(places, at, at + len(surface))), -1)
        if start >= 0:
            places.append((start, start + len(surface), str(finding.get("explanation", ""))))
    parts: list[str] = []
    place = 0
    for start, end, told in sorted(places):
        parts += [escape(plain[place:start]), f'<mark title="{escape(told)}">{escape(plain[start:end])}</mark>']
        place = end
    parts.append(escape(plain[place:]))
    return _paragraphs("".join(parts))


def _occurrences(plain: str, surface: str) -> Iterator[int]:
    at = plain.find(surface) if surface else -1
    while at >= 0:
        yield at
        at = plain.find(surface, at + 1)


def _free(places: Iterable[tuple[int, int, str]], start: int, end: int) -> bool:
    return all(end <= first or start >= last for first, last, _ in places)


def difference(old: str, new: str) -> SafeString:
    """``<ins>`` and ``<del>`` by word. Beyond 6,000 words a side the rest is shown without a comparison."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    rest = "".join(after[_MOST_WORDS:])
    before, after = before[:_MOST_WORDS], after[:_MOST_WORDS]
    parts: list[str] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what in ("delete", "replace"):
            parts.append(f"<del>{escape(''.join(before[a:b]))}</del>")
        if what in ("insert", "replace"):
            parts.append(f"<ins>{escape(''.join(after[c:d]))}</ins>")
        if what == "equal":
            parts.append(escape("".join(after[c:d])))
    return _paragraphs("".join(parts) + escape(rest))


def _paragraphs(text: str) -> SafeString:
    # Every part was escaped above; only our own tags stand in it.
    return mark_safe("".join(f"<p>{line}</p>" for line in text.split("\n") if line.strip()))  # noqa: S308
