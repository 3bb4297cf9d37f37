"""Checks of a case as people read them, and the words of its text that they doubt.

Belongs here: from reasons and findings to lines and marks; the same checks on words that a person is writing. Stays
out: the checks themselves (``vitrina.content``), marking (``vitrina.desk.marking``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion
from vitrina.content.moderation_words import output_marks, suspicious_words
from vitrina.content.product_facts import facts_of
from vitrina.desk.editing import Words, to_lines
from vitrina.desk.marking import Doubt
from vitrina.desk.wording import check_title, claim_words, detail_words, priority_word
from vitrina.review.models import ReviewItem

_MOST_DOUBTS = 40
_FORBIDDEN = "forbidden words: "


@dataclass(frozen=True, slots=True)
class Line:
    """Below a check: words quoted from the text with the number of their mark, or a remark; a picture by its key."""

    quote: str = ""
    note: str = ""
    number: int | None = None
    picture_key: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What a rule found. ``rule`` is its code."""

    rule: str
    priority: int
    word: str
    title: str
    lines: tuple[Line, ...]


def checks_of(item: ReviewItem, version: ContentVersion | None) -> tuple[list[Check], list[Doubt]]:
    """Checks of a case, the worst first, and the doubts to mark in its text; numbers join them."""
    checks: list[Check] = []
    doubts = _Doubts(_text_of(version))
    found = list(version.grounding.get("findings", ())) if version is not None else []
    reasons = sorted(item.reasons, key=lambda reason: int(reason.get("priority") or item.priority))
    for reason in reasons:
        rule, priority = str(reason.get("rule", "")), int(reason.get("priority") or item.priority)
        lines = tuple(_lines(rule, reason, found, doubts))
        checks.append(Check(rule, priority, priority_word(priority), check_title(reason), lines))
    if found and not any(check.rule == "unsupported_claim" for check in checks):
        lines = tuple(_claims(found, doubts))
        checks.append(Check("unsupported_claim", 3, _("Remark"), _("Words that the product's data do not bear"), lines))
    return checks, doubts.found


def facts_for(item: ReviewItem) -> ProductFacts | None:
    """What a text of the case may say: the facts of the version that it replaces, or else of the product."""
    if item.version is not None and item.version.facts:
        return ProductFacts.from_dict(item.version.facts)
    return facts_of(item.product) if item.product is not None else None


def doubts_about(words: Words, facts: ProductFacts | None) -> list[Doubt]:
    """The same checks on words that somebody is writing; without facts nothing that they state can be doubted."""
    from vitrina.content.grounding import check

    text = words.all_text()
    doubts = _Doubts(text)
    if facts is not None:
        for finding in check(text, facts).findings:
            doubts.add(finding.surface, claim_words(finding.kind))
    for word in suspicious_words(text):
        doubts.add(word, _("a word that hints at counterfeit goods"))
    for mark in output_marks(text):
        doubts.add(mark.partition(": ")[2], detail_words("stray_output", mark))
    return doubts.found


class _Doubts:
    """Doubts in the order in which they are found; the same words twice are one, and there is an end to it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Doubt] = []

    def add(self, surface: str, why: str) -> int | None:
        """The number of a doubt; ``None`` for words that do not stand in the text (but in the source's, say)."""
        for doubt in self.found:
            if doubt.surface == surface:
                return doubt.number
        if not surface or surface not in self.text or len(self.found) >= _MOST_DOUBTS:
            return None
        self.found.append(Doubt(len(self.found) + 1, surface, why))
        return len(self.found)


def _text_of(version: ContentVersion | None) -> str:
    return f"{version.title}\n{to_lines(version.body)}" if version is not None else ""


def _lines(rule: str, reason: Mapping[str, Any], found: list[dict[str, Any]], doubts: _Doubts) -> Iterator[Line]:
    details = [str(detail) for detail in reason.get("details") or ()]
    if rule == "unsupported_claim" and found:
        yield from _claims(found, doubts)
    elif rule == "suspicious_word":
        for word in details:
            yield Line(quote=word, number=doubts.add(word, check_title(reason)))
    elif rule == "picture_conflict":
        for detail in details:
            yield Line(picture_key=detail) if "/" in detail and " " not in detail else Line(note=detail)
    elif details != ["—"]:
        for detail in details:
            quotes = list(_quoted(rule, detail))
            if not quotes:
                yield Line(note=detail_words(rule, detail))
            for quote in quotes:
                yield Line(quote=quote, note=_name_of(rule, detail), number=doubts.add(quote, check_title(reason)))


def _claims(found: Iterable[Mapping[str, Any]], doubts: _Doubts) -> Iterator[Line]:
    for finding in found:
        surface, why = str(finding.get("surface", "")), claim_words(str(finding.get("kind", "")))
        yield Line(quote=surface, note=why, number=doubts.add(surface, why))


def _quoted(rule: str, detail: str) -> Iterator[str]:
    """Pieces of the text that a detail quotes."""
    if rule == "stray_output" and ": " in detail:
        yield detail.partition(": ")[2]
    elif rule == "contract" and _FORBIDDEN in detail:
        yield from detail.partition(_FORBIDDEN)[2].split(", ")


def _name_of(rule: str, detail: str) -> str:
    return detail_words(rule, detail) if rule == "stray_output" else _("a forbidden word")
