"""The embedded model service's writer: answers a description request without a model.

Belongs here: the chat protocol's side of it. Stays out: the writing (``vitrina.content.writer``) and the HTTP server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vitrina.content import contract
from vitrina.content.contract import Description
from vitrina.content.facts import ProductFacts
from vitrina.content.prompts import RequestError, read_request, trimmed
from vitrina.content.writer.compose import compose
from vitrina.content.writer.reading import read
from vitrina.lexicon import Lexicon
from vitrina.lexicon.active import active

#: A change of wording takes a new number: it is part of the provenance of every text.
VERSION = "1"
MODEL = f"vitrina-offline-writer/{VERSION}"


def answer_chat(request: Mapping[str, Any]) -> str:
    """The answer to an OpenAI-chat-shaped request whose schema is ``product_description``.

    Returns:
        JSON text of a :class:`~vitrina.content.contract.Description`. The same request gets the same answer, a
        repair request too: the writer has nothing to add.

    Raises:
        RequestError: Another schema is asked for, or the messages carry no product.
    """
    if schema_name(request) != contract.SCHEMA_NAME:
        raise RequestError(
            f"The offline writer answers {contract.SCHEMA_NAME!r} only.",
            hint="Set OPENAI_BASE_URL and AI_MODEL to a real model for anything else.",
        )
    messages = request.get("messages")
    if not isinstance(messages, list):
        raise RequestError("The request has no messages.")
    return contract.dump(write(read_request(messages), seed=seed_of(request)))


def write(facts: ProductFacts, lexicon: Lexicon | None = None, *, seed: int = 0) -> Description:
    """The description of a product; short where its facts are few. Another seed says the same in other words."""
    return compose(read(trimmed(facts), lexicon or active()), seed)


def seed_of(request: Mapping[str, Any]) -> int:
    """The ``seed`` of a request, 0 when it has none that is a whole number."""
    seed = request.get("seed")
    return seed if isinstance(seed, int) and not isinstance(seed, bool) else 0


def schema_name(request: Mapping[str, Any]) -> str | None:
    """The name of the schema that a request asks for, ``None`` when it asks for none."""
    wanted = request.get("response_format")
    schema = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
    name = schema.get("name") if isinstance(schema, Mapping) else None
    return name if isinstance(name, str) else None
