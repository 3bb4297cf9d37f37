"""What a short card must be: the second contract beside the full description.

Belongs here: the shape of an answer, its limits (160 to 380 characters of plain text, for lists and adverts), reading
one. Stays out: the full description (``contract``); whether statements are true (``grounding``). A small model can
learn this contract; the full one is for pretrained writers. Errors and violations are as in ``contract``.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vitrina.content import html
from vitrina.content.contract import ContractError, Violation, echo_errors, read_answer
from vitrina.content.emoji import count_emoji
from vitrina.content.forbidden import forbidden_words
from vitrina.content.language import looks_like

SCHEMA_NAME = "product_card"
CHARS_MIN, CHARS_MAX = 160, 380
EMOJI_MAX = 1
#: An answer longer than this is no card that a repair could mend.
_LIMIT = 4_000


class Card(BaseModel):
    """One short card: plain text in one paragraph."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    product_id: int = Field(strict=True, description="The product_id of the input, unchanged.")
    language: Literal["ru", "en"] = Field(description="The language of the text, as asked.")
    text: str = Field(
        min_length=1, max_length=_LIMIT, description=f"Plain text of {CHARS_MIN}-{CHARS_MAX} characters, one paragraph."
    )


def json_schema() -> dict[str, Any]:
    """The schema for ``response_format`` in the subset that strict modes accept."""
    properties = {
        name: {key: value for key, value in node.items() if key not in {"title", "minLength", "maxLength"}}
        for name, node in Card.model_json_schema()["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def parse(answer: str, *, product_id: int | None = None, language: str | None = None) -> Card:
    """Read an answer; markup becomes plain text.

    Raises:
        ContractError: Not JSON, not the schema, or another product or language.
    """
    card = read_answer(Card, answer)
    errors = echo_errors(card, product_id=product_id, language=language)
    plain = " ".join(html.strip_markup(card.text).split())
    if not plain:
        errors.append("text: nothing is left without markup")
    if errors:
        raise ContractError(errors)
    return card.model_copy(update={"text": plain})


def dump(card: Card) -> str:
    """The answer as JSON text, Cyrillic unescaped."""
    return json.dumps(card.model_dump(), ensure_ascii=False)


def violations(card: Card) -> list[Violation]:
    """Every rule that this card breaks, in a stable order."""
    found: list[Violation] = []
    length = len(card.text)
    if length < CHARS_MIN:
        found.append(Violation("too_short", f"{length} characters, at least {CHARS_MIN} are wanted"))
    elif length > CHARS_MAX:
        found.append(Violation("too_long", f"{length} characters, at most {CHARS_MAX} are allowed"))
    if count_emoji(card.text) > EMOJI_MAX:
        found.append(Violation("too_many_emoji", f"at most {EMOJI_MAX} emoji are allowed"))
    if forbidden := forbidden_words(card.text, card.language):
        found.append(Violation("forbidden_word", "forbidden words: " + ", ".join(forbidden)))
    if not looks_like(card.text, card.language):
        found.append(Violation("language_mismatch", f"the text does not read as {card.language}"))
    return found
