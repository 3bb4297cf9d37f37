"""The embedded writer of short cards, in seeded variants.

Belongs here: the chat protocol's side, and which variant a seed means. Stays out: the sentences (``writer``). Every
variant says true things only, some of them little beyond mild praise; they differ in structure, order, tone and in how
much they say, so that people have something to choose between where no model is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vitrina.content import card
from vitrina.content.card import Card
from vitrina.content.facts import ProductFacts
from vitrina.content.offline_writer import schema_name, seed_of
from vitrina.content.prompts import RequestError, read_request, trimmed
from vitrina.content.writer.card import compose_card
from vitrina.content.writer.reading import read
from vitrina.lexicon import Lexicon
from vitrina.lexicon.active import active

#: A change of wording takes a new number: it is part of the provenance of every text.
VERSION = "2"


def answer_chat(request: Mapping[str, Any]) -> str:
    """The answer to a chat request whose schema is ``product_card``: the same request, the same answer.

    Raises:
        RequestError: Another schema is asked for, or the messages carry no product.
    """
    if schema_name(request) != card.SCHEMA_NAME:
        raise RequestError(f"The writer of cards answers {card.SCHEMA_NAME!r} only.")
    messages = request.get("messages")
    if not isinstance(messages, list):
        raise RequestError("The request has no messages.")
    return card.dump(write_card(read_request(messages), seed=seed_of(request)))


def write_card(facts: ProductFacts, *, seed: int = 0, lexicon: Lexicon | None = None) -> Card:
    """The short card of a product; shorter than the contract wants where its facts are few."""
    text = compose_card(read(trimmed(facts), lexicon or active()), seed)
    return Card(product_id=facts.product_id, language="en" if facts.language == "en" else "ru", text=text)
