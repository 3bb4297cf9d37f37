"""Which preferences a dataset takes, and why it leaves the others.

Belongs here: the rules, each a word that is stored and counted. Pure. Stays out: rows that no reader could read
(``formats``), the split. Every row given comes out once, kept or set aside.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.content.duplicates import jaccard, shingle_hashes
from vitrina.content.language import cyrillic_share, looks_like
from vitrina.preferences.dataset.rows import TIED, Aside, Label, Pair, Sorted
from vitrina.preferences.formats.keys import normalised, prompt_group

#: Sides that share so much (Jaccard similarity of word 5-grams) leave nothing to learn.
NEAR_IDENTICAL = 0.95
LANGUAGES = frozenset({"ru", "en", "tr"})
#: Texts shorter than this have no language that could be told.
_LETTERS_FOR_LANGUAGE = 40
_LETTER = re.compile(r"[^\W\d_]")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w\b")
#: International, as in Russia (8 …), and of a Turkish mobile (05 …).
_PHONE = re.compile(r"(?<![\w.])(?:\+\d{1,3}|8|0(?=[\s(.-]*5))[\s(.-]*\d{3}[\s).-]*\d{3}[\s.-]*\d{2}[\s.-]*\d{2}(?!\w)")
_CARD = re.compile(r"(?<!\d)(?:\d{4}[ -]){3}\d{4}(?!\d)")

REASONS = {
    "wrong_type": "a text is none",
    "empty_prompt": "there is no prompt",
    "empty_side": "a side is empty",
    "identical_sides": "both sides are the same but for case, spacing and punctuation",
    "near_identical_sides": "both sides say the same in almost the same words",
    "too_long": "the prompt or a side is longer than DATASET_MAX_CHARS",
    "wrong_language": "a side is not in the language that the row names",
    "two_languages": "one side is in Cyrillic letters and the other is not",
    "personal_data": "an e-mail address, a telephone number or a card number stands in it",
    "no_majority": "people gave different answers, and none leads",
    "duplicate": "another preference says the same of the same texts",
    "contradiction": "another preference says something else of the same texts",
    "joins_sides": "its prompt, product or a near-duplicate stands on another side of the split already",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What rules compare with. ``max_chars`` holds for the prompt and for each side."""

    max_chars: int = 8000


def validate(pairs: Iterable[Pair], labels: Iterable[Label], limits: Limits) -> Sorted:
    """Sort preferences and labelled texts into kept ones and those set aside."""
    found = Sorted()
    kept: list[Pair] = []
    for pair in pairs:
        reason, detail = _problem(pair, limits)
        if reason:
            found.aside.append(Aside(pair.key, reason, detail))
        else:
            kept.append(pair)
    for pair in _once(kept, found.aside):
        (found.ties if pair.outcome in TIED else found.pairs).append(pair)
    seen: set[tuple[str, str, bool]] = set()
    for label in labels:
        reason, detail = _label_problem(label, limits)
        mark = (label.prompt_group, normalised(label.text) if isinstance(label.text, str) else "", label.good)
        if not reason and mark in seen:
            reason, detail = "duplicate", ""
        if reason:
            found.aside.append(Aside(label.key, reason, detail))
        else:
            seen.add(mark)
            found.labels.append(label)
    return found


def _problem(pair: Pair, limits: Limits) -> tuple[str, str]:
    texts = (pair.prompt, pair.text_a, pair.text_b)
    if problem := _text_problem(texts, limits):
        return problem
    if normalised(pair.text_a) == normalised(pair.text_b):
        return "identical_sides", ""
    similarity = jaccard(shingle_hashes(pair.text_a), shingle_hashes(pair.text_b))
    if similarity >= NEAR_IDENTICAL:
        return "near_identical_sides", f"similarity {similarity:.2f}"
    if problem := _language_problem(pair.language, (pair.text_a, pair.text_b)):
        return problem
    if kind := personal_data("\n".join(texts)):
        return "personal_data", kind
    if pair.outcome == "split":
        return "no_majority", f"{pair.votes_a} : {pair.votes_b}, {pair.votes_tied} equal"
    return "", ""


def _label_problem(label: Label, limits: Limits) -> tuple[str, str]:
    texts = (label.prompt, label.text)
    if problem := _text_problem(texts, limits) or _language_problem(label.language, (label.text,)):
        return problem
    kind = personal_data("\n".join(texts))
    return ("personal_data", kind) if kind else ("", "")


def _text_problem(texts: Sequence[Any], limits: Limits) -> tuple[str, str] | None:
    if any(not isinstance(text, str) for text in texts):
        return "wrong_type", ", ".join(type(text).__name__ for text in texts)
    if not texts[0].strip():
        return "empty_prompt", ""
    if any(not text.strip() for text in texts[1:]):
        return "empty_side", ""
    longest = max(map(len, texts))
    return ("too_long", f"{longest} characters") if longest > limits.max_chars else None


def _language_problem(language: str, sides: Sequence[str]) -> tuple[str, str] | None:
    told = [side for side in sides if len(_LETTER.findall(side)) >= _LETTERS_FOR_LANGUAGE]
    # Of other languages nothing is known by which a text could be told
    if language in LANGUAGES and any(not looks_like(side, language) for side in told):
        return "wrong_language", language
    shares = [cyrillic_share(side) for side in told]
    if len(shares) == 2 and abs(shares[0] - shares[1]) > 0.8:
        return "two_languages", ""
    return None


def personal_data(text: str) -> str:
    """What kind of personal data stands in a text; empty for none. Names of people are not found."""
    if _EMAIL.search(text):
        return "an e-mail address"
    if _PHONE.search(text):
        return "a telephone number"
    if any(_luhn(found) for found in _CARD.findall(text)):
        return "a card number"
    return ""


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _once(pairs: Sequence[Pair], aside: list[Aside]) -> list[Pair]:
    """Each two texts of a prompt and a criterion once. Whatever contradicts itself is left out altogether."""
    same: dict[tuple[str, str, frozenset[str]], list[Pair]] = defaultdict(list)
    for pair in pairs:
        same[pair.criterion, prompt_group(pair.prompt), frozenset((pair.text_a.strip(), pair.text_b.strip()))].append(
            pair
        )
    kept = []
    for group in same.values():
        if len({_answer(pair) for pair in group}) > 1:
            keys = ", ".join(sorted(pair.key for pair in group)[:5])
            aside += [Aside(pair.key, "contradiction", keys) for pair in group]
            continue
        # The one with most votes; of equals the oldest key, so that versions do not change for nothing.
        best = min(group, key=lambda pair: (-(pair.votes_a + pair.votes_b + pair.votes_tied), pair.key))
        kept.append(best)
        aside += [Aside(pair.key, "duplicate", best.key) for pair in group if pair is not best]
    return kept


def _answer(pair: Pair) -> str:
    """What was said, whatever the order of the texts."""
    if not pair.decided:
        return pair.outcome
    return (pair.text_a if pair.outcome == "a" else pair.text_b).strip()
