"""What two texts need before people may compare them blindly.

Belongs here: the one order of a pair, its fingerprint, what is measured of both sides, refusing texts that name their
writer. Pure: no database. Stays out: batches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from vitrina.content import html
from vitrina.fingerprints import fingerprint
from vitrina.review.errors import NotDecidable
from vitrina.review.results import PairDraft

#: A text that names a model tells who wrote it, or that a machine did.
_WRITERS = re.compile(
    r"\b(?:chat ?gpt|gpt-?\d\w*|open ?ai|claude|anthropic|gemini|llama[- ]?\d*|mistral|qwen\w*|deepseek|"
    r"yandex ?gpt|gigachat|vitrina-offline|large language model|as an ai|языков(?:ая|ой) модель)\b",
    re.IGNORECASE,
)
_MARKUP = {
    "paragraphs": re.compile(r"<p>|\n\s*\n"),
    "list_items": re.compile(r"<li>|^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE),
    "bold": re.compile(r"<(?:b|strong)>|\*\*[^*\n]+\*\*"),
    "headers": re.compile(r"<h[1-6]>|^#{1,6}\s", re.MULTILINE),
}
_EXPECTED = ("first", "second", "tie")


class SameText(NotDecidable):
    """Both texts are one: there is nothing to compare."""

    reason: ClassVar[str] = "same text"


class NamesWriter(NotDecidable):
    """A text names a language model."""

    reason: ClassVar[str] = "names its writer"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pair in its one order, ready for the table."""

    fingerprint: str
    product: int | None
    prompt: str
    facts: dict[str, Any]
    language: str
    text_a: str
    text_b: str
    version_a: int | None
    version_b: int | None
    measures: dict[str, Any]
    expected: str
    explanation: str
    priority: int
    certainty: float


def prepare(draft: PairDraft, *, known: bool = False, explained: bool = False) -> Prepared:
    """Put a draft in order. The order follows the texts' hashes, so it says nothing of who wrote them or when.

    Args:
        draft: The pair.
        known: Its answer is known: gold and onboarding.
        explained: The answer is explained too: onboarding.

    Raises:
        SameText, NamesWriter: The texts cannot be compared blindly.
        NotDecidable: A known pair without its answer, or one of the onboarding without words to it.
    """
    if known and draft.expected not in _EXPECTED:
        raise NotDecidable("A known pair needs its answer.", hint=f"expected is one of {', '.join(_EXPECTED)}.")
    if explained and not draft.explanation.strip():
        raise NotDecidable("An onboarding pair explains its answer.", hint="Write why that is the answer.")
    if draft.first.strip() == draft.second.strip():
        raise SameText("Both texts are the same.")
    for text in (draft.first, draft.second):
        if found := names_writer(text):
            raise NamesWriter(f"A text names its writer: «{found}».")
    sides = [(draft.first, draft.first_version_id, "first"), (draft.second, draft.second_version_id, "second")]
    (text_a, version_a, name_a), (text_b, version_b, _) = sorted(sides, key=lambda side: fingerprint(side[0]))
    expected = "" if not known else "E" if draft.expected == "tie" else "A" if draft.expected == name_a else "B"
    return Prepared(
        fingerprint(draft.prompt, text_a, text_b), draft.product_id, draft.prompt, draft.facts, draft.language,
        text_a, text_b, version_a, version_b, {"a": measures(text_a), "b": measures(text_b)}, expected,
        draft.explanation, draft.priority, draft.certainty,
    )  # fmt: skip


def names_writer(text: str) -> str:
    """The words of a text that name a language model; empty where there are none."""
    found = _WRITERS.search(text)
    return found.group() if found is not None else ""


def measures(text: str) -> dict[str, int]:
    """Length and markup of a text: what people are known to prefer without meaning to."""
    plain = html.to_text(text)
    counts = {name: len(pattern.findall(text)) for name, pattern in _MARKUP.items()}
    return {"characters": len(plain), "words": len(html.words(plain)), **counts}
