"""The description prompt: from facts to chat messages, and back.

Belongs here: what goes into the messages and how untrusted text is fenced in. Stays out: the wording
(``prompt_templates``), sending (the gateway), the category prompt.

The system message is the same for every product of a language, so that providers can cache it. The product is ONE
JSON object between two lines that carry a digest of it: text inside the object cannot close the fence, since it would
have to contain its own digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vitrina.content import contract, html
from vitrina.content.facts import ProductFacts
from vitrina.content.prompting import render, version
from vitrina.errors import PermanentError

PROMPT_VERSION = version("description_system", "description_user", "description_repair")

#: Request parameters of CAT-6.
PARAMETERS: Mapping[str, Any] = {"temperature": 0.7, "max_tokens": 1500}

TITLE_LIMIT = 500
DESCRIPTION_LIMIT = 4_000
VALUE_LIMIT = 400
ATTRIBUTES_LIMIT = 60
EXAMPLE_LIMIT = 2_000
EXAMPLES = 2

_PRODUCT = re.compile(r"^<<<PRODUCT ([0-9a-f]{16})>>>\n(.*)\n<<<END \1>>>$", re.DOTALL | re.MULTILINE)


class RequestError(PermanentError):
    """A chat request that does not carry exactly one product in the form of :func:`build_messages`."""


def trimmed(facts: ProductFacts) -> ProductFacts:
    """The facts as the prompt shows them: plain text, no hidden characters, every field within its limit."""

    def plain(text: str | None, limit: int) -> str | None:
        return html.strip_markup(text[: limit * 4])[:limit].strip() or None if text else None

    attributes: dict[str, str] = {}
    for name, value in sorted(facts.attributes.items()):
        key, text = plain(str(name), VALUE_LIMIT), plain(str(value), VALUE_LIMIT)
        if key and text and len(attributes) < ATTRIBUTES_LIMIT:
            attributes[key] = text
    return replace(
        facts,
        title=plain(facts.title, TITLE_LIMIT) or "",
        brand=plain(facts.brand, VALUE_LIMIT),
        description=plain(facts.description, DESCRIPTION_LIMIT),
        category_path=plain(facts.category_path, VALUE_LIMIT),
        attributes=attributes,
        category_facts=tuple(filter(None, (plain(fact, VALUE_LIMIT) for fact in facts.category_facts))),
    )


def build_messages(
    facts: ProductFacts,
    examples: Sequence[str] = (),
    *,
    language: str | None = None,
    category: str | None = None,
) -> list[dict[str, str]]:
    """System and user message for one product.

    Args:
        facts: The product; cut to the limits of this module.
        examples: Texts of the nearest description templates, for style only; the first two are used.
        language: ``ru`` or ``en``; by default that of the facts.
        category: Path for the reader; by default that of the facts.
    """
    language = language or facts.language
    facts = trimmed(replace(facts, language=language))
    limits = {"title_max": contract.TITLE_MAX, "words_min": contract.WORDS_MIN, "words_max": contract.WORDS_MAX}
    unknown = "not known" if language == "en" else "не указана"
    shown = [" ".join(html.strip_markup(example).split())[:EXAMPLE_LIMIT] for example in examples[:EXAMPLES]]
    user = render(
        "description_user",
        language=language,
        category=json.dumps(category or facts.category_path or unknown, ensure_ascii=False),
        examples=shown,
        **fenced(facts),
    )
    return [
        {"role": "system", "content": render("description_system", language=language, **limits)},
        {"role": "user", "content": user},
    ]


def fenced(facts: ProductFacts) -> dict[str, str]:
    """``product`` and ``mark`` for a template that fences one product, which must be :func:`trimmed`."""
    product = json.dumps(facts.as_dict(), ensure_ascii=False, sort_keys=True)
    return {"product": product, "mark": _mark(product)}


def build_repair_messages(messages: Sequence[Mapping[str, str]], answer: str, errors: Sequence[str]) -> list[dict]:
    """The conversation for the one repair call: the same messages, the answer, what is wrong with it."""
    language = read_request(messages).language
    return [
        *(dict(message) for message in messages),
        {"role": "assistant", "content": answer},
        {"role": "user", "content": render("description_repair", language=language, errors=list(errors))},
    ]


def build_request(model: str, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The body of the chat request for a description, without endpoint and key."""
    return {
        "model": model,
        "messages": [dict(message) for message in messages],
        "response_format": contract.response_format(),
        **PARAMETERS,
    }


def read_request(messages: Sequence[Mapping[str, Any]]) -> ProductFacts:
    """The facts back out of a prompt: what the embedded model service writes from.

    Raises:
        RequestError: There is not exactly one fenced product in the first user message, its digest is wrong, or it
            is not a product.
    """
    user = next((message.get("content") for message in messages if message.get("role") == "user"), None)
    found = _PRODUCT.findall(user) if isinstance(user, str) else []
    if len(found) != 1 or _mark(found[0][1]) != found[0][0]:
        raise RequestError("The request carries no readable product.", hint="Build it with prompts.build_messages.")
    try:
        value = json.loads(found[0][1])
        facts = ProductFacts.from_dict(value)
        sound = isinstance(facts.product_id, int) and isinstance(facts.title, str)
        sound = sound and isinstance(facts.attributes, dict) and facts.language in ("ru", "en")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RequestError("The product in the request is not a product.") from error
    if not sound:
        raise RequestError("The product in the request is not a product.")
    return facts


def _mark(product: str) -> str:
    return hashlib.sha256(product.encode("utf-8", "replace")).hexdigest()[:16]
