"""The prompt of a short card. Stays out: the wording (``prompt_templates``), the full description's prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vitrina.content import card
from vitrina.content.facts import ProductFacts
from vitrina.content.prompting import render, version
from vitrina.content.prompts import fenced, read_request, trimmed

PROMPT_VERSION = version("card_system", "card_user", "description_repair")
MAX_TOKENS = 500


def build_messages(facts: ProductFacts) -> list[dict[str, str]]:
    """System and user message for one product."""
    limits = {"chars_min": card.CHARS_MIN, "chars_max": card.CHARS_MAX}
    return [
        {"role": "system", "content": render("card_system", language=facts.language, **limits)},
        {"role": "user", "content": render("card_user", language=facts.language, **fenced(trimmed(facts)))},
    ]


def build_repair_messages(
    messages: Sequence[Mapping[str, Any]], answer: str, errors: Sequence[str]
) -> list[dict[str, Any]]:
    """The conversation for the one repair call."""
    language = read_request(messages).language
    return [
        *(dict(message) for message in messages),
        {"role": "assistant", "content": answer},
        {"role": "user", "content": render("description_repair", language=language, errors=list(errors))},
    ]
