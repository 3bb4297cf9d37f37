"""The category question to a language model (CAT-5) and its answer.

Belongs here: prompt, schema, checks of the answer. Stays out: sending it (the gateway), weighing it (``cascade``).

The product is scraped text. It goes into the user role alone, as one JSON object; the answer is a closed object whose
category must resolve in the tree, so a hijacked answer can name a wrong category and do nothing else.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from vitrina.categories.cascade import LLM_RELIABILITY, LlmAnswer
from vitrina.categories.nearest import Neighbour
from vitrina.categories.tree import CategoryTree
from vitrina.content.facts import ProductFacts

SCHEMA_NAME: Final = "product_category"
PURPOSE: Final = "product_category"
TEMPERATURE: Final = 0.3
MAX_TOKENS: Final = 800
#: So many are searched; so many stand in the prompt.
SEARCHED: Final = 5
SHOWN: Final = 3
_EXAMPLES = 3

ATTRIBUTES: Final = ("gender", "age_group", "clothing_type", "season", "style")
_MARK = "CANDIDATES "
_TITLE_LIMIT, _TEXT_LIMIT, _VALUE_LIMIT = 500, 1_500, 200
_MAX_ATTRIBUTES = 20
_TEMPLATE = Path(__file__).parent / "prompt_templates" / "product_category.j2"
_VERSION = re.compile(r"\{#-?\s*version:\s*(\d+)")
_UNKNOWN = {"", "null", "none", "unknown", "n/a", "-", "—", "не указано", "не указан", "неизвестно"}


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Alternative(_Model):
    """Another category that the model thought of."""

    category_name: str = Field(max_length=300)
    confidence: float = Field(ge=0, le=1)


class CategoryAnswer(_Model):
    """The answer as the schema asks for it. Unknown keys are ignored; a wrong echo is refused by the reader."""

    product_id: StrictInt
    category_name: str = Field(max_length=300)
    parent_category: str | None = Field(default=None, max_length=300)
    full_path: str | None = Field(default=None, max_length=900)
    confidence: float = Field(ge=0, le=1)
    attributes: dict[str, str | None] = Field(default_factory=dict)
    alternatives: list[Alternative] = Field(default_factory=list)
    reasoning: str = Field(default="", max_length=4_000)


def prompt_version() -> str:
    """``product_category.1``: part of the fingerprint of every answer."""
    found = _VERSION.match(_TEMPLATE.read_text(encoding="utf-8"))
    return f"{SCHEMA_NAME}.{found[1] if found else 0}"


def query_text(facts: ProductFacts, clothing_type: str | None = None) -> str:
    """What is embedded to find near categories: title, description, clothing type (CAT-5), cut to their heads."""
    parts = [facts.title, clothing_type or "", _plain(facts.description, _VALUE_LIMIT)]
    return ". ".join(part for part in parts if part)


def schema() -> dict[str, Any]:
    """JSON schema in the strict subset: every key required, nothing beside."""
    text, number = {"type": "string"}, {"type": "number"}
    optional = {"type": ["string", "null"]}

    def closed(properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    alternative = closed({"category_name": text, "confidence": number})
    return closed(
        {
            "product_id": {"type": "integer"},
            "category_name": text,
            "parent_category": optional,
            "full_path": optional,
            "confidence": number,
            "attributes": closed(dict.fromkeys(ATTRIBUTES, optional)),
            "alternatives": {"type": "array", "items": alternative},
            "reasoning": text,
        }
    )


def build_messages(
    facts: ProductFacts, neighbours: Sequence[Neighbour], tree: CategoryTree, clothing_type: str | None = None
) -> list[dict[str, str]]:
    """System message with the three nearest categories, user message with the product."""
    shown = [near for near in neighbours if near.slug in tree][:SHOWN]
    candidates = []
    for near in shown:
        above = tree.ancestors(near.slug)
        candidates.append(
            {
                "category_name": tree[near.slug].name(),
                "parent_category": tree[above[-1]].name() if above else None,
                "full_path": tree.path(near.slug),
                "similarity": round(near.similarity, 3),
                "examples": [_plain(title, _VALUE_LIMIT) for title in tree[near.slug].examples[:_EXAMPLES]],
            }
        )
    product = {
        "product_id": facts.product_id,
        "title": _plain(facts.title, _TITLE_LIMIT),
        "brand": _plain(facts.brand, _VALUE_LIMIT),
        "clothing_type": _plain(clothing_type, _VALUE_LIMIT),
        "description": _plain(facts.description, _TEXT_LIMIT),
        "attributes": {
            _plain(name, _VALUE_LIMIT): _plain(value, _VALUE_LIMIT)
            for name, value in list(facts.attributes.items())[:_MAX_ATTRIBUTES]
        },
    }
    system = _template().render(candidates=json.dumps(candidates, ensure_ascii=False))
    return [
        {"role": "system", "content": system.strip()},
        {"role": "user", "content": json.dumps(product, ensure_ascii=False)},
    ]


def read_messages(messages: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Candidates and product out of a prompt of :func:`build_messages`: what the embedded service answers from.

    Raises:
        ValueError: It is not such a prompt.
    """
    system = next((str(one.get("content")) for one in messages if one.get("role") == "system"), "")
    user = next((str(one.get("content")) for one in messages if one.get("role") == "user"), "")
    line = next((text for text in system.split("\n") if text.startswith(_MARK)), None)
    if line is None:
        raise ValueError("the prompt lists no candidate categories")
    candidates, product = json.loads(line.removeprefix(_MARK)), json.loads(user)
    if not isinstance(product, dict) or not isinstance(product.get("product_id"), int):
        raise ValueError("the user message is no product with product_id")
    return candidates, product


def read_answer(data: Any, product_id: int, tree: CategoryTree, *, reliability: float = LLM_RELIABILITY) -> LlmAnswer:
    """The checked answer for the cascade.

    Raises:
        ValueError: The object breaks its contract (pydantic's ``ValidationError`` included), or answers for another
            product. A category that the tree does not have is no error: its ``slug`` is ``None``.
    """
    answer = CategoryAnswer.model_validate(data)
    if answer.product_id != product_id:
        raise ValueError(f"product_id is {answer.product_id}, asked was {product_id}")
    slug = tree.resolve(answer.full_path or "") or tree.resolve(answer.category_name, answer.parent_category)
    named = tree.resolve(answer.category_name, answer.parent_category)
    if named is not None and slug != named:
        # Name and path disagree: neither is believed.
        slug = None
    others = [(tree.resolve(one.category_name), one.confidence) for one in answer.alternatives[:3]]
    attributes = {
        name: text
        for name in ATTRIBUTES
        if (text := _plain(answer.attributes.get(name), 60)).casefold() not in _UNKNOWN
    }
    return LlmAnswer(
        slug,
        answer.confidence,
        tuple((other, share) for other, share in others if other is not None and other != slug),
        attributes,
        _plain(answer.reasoning, 600),
        reliability,
    )


def _plain(value: str | None, limit: int) -> str:
    """One line without control, zero-width, bidi and tag characters, cut to the limit."""
    if not value:
        return ""
    kept = (
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in unicodedata.normalize("NFKC", str(value)[: limit * 4])
        if unicodedata.category(letter) not in ("Cf", "Co", "Cn", "Cs")
    )
    return " ".join("".join(kept).split())[:limit]


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
