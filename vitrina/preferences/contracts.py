"""The two kinds of text that are compared: short cards and full descriptions.

Belongs here: prompt, schema, reading and rules of each, under one face. Stays out: the contracts themselves
(``vitrina.content``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vitrina.content import card, card_prompts, html, prompts
from vitrina.content import contract as full
from vitrina.content.contract import ContractError, Violation
from vitrina.content.facts import ProductFacts
from vitrina.llm.messages import ChatRequest
from vitrina.llm.structured import Contract, InvalidAnswerError

_WORDS = {
    "ru": ("Название", "Бренд", "Категория", "Описание продавца", "Характеристики"),
    "en": ("Title", "Brand", "Category", "Seller's text", "Characteristics"),
}
_TASKS = {
    ("card", "ru"): "Напиши короткую карточку товара.",
    ("card", "en"): "Write a short product card.",
    ("description", "ru"): "Напиши описание товара.",
    ("description", "en"): "Write a product description.",
}
#: The dataset's prompt shows the seller's own text up to here.
_SELLER_CHARS = 600
_ATTRIBUTES = 20


@dataclass(frozen=True, slots=True)
class TextContract:
    """One kind of text, ready to be asked for."""

    name: str
    schema_name: str
    schema: Callable[[], dict[str, Any]]
    messages: Callable[[ProductFacts], Sequence[Mapping[str, Any]]]
    prompt_version: str
    max_tokens: int
    asking: Contract
    text: Callable[[Any], str]
    violations: Callable[[Any], list[Violation]]


def _read_card(request: ChatRequest, data: Any) -> card.Card:
    return _read(card.parse, request, data)  # type: ignore[no-any-return]


def _read_full(request: ChatRequest, data: Any) -> full.Description:
    return _read(full.parse, request, data).sanitised()  # type: ignore[no-any-return]


def _read(parse: Callable[..., Any], request: ChatRequest, data: Any) -> Any:
    facts: ProductFacts = request.context.facts
    try:
        return parse(orjson.dumps(data).decode(), product_id=facts.product_id, language=facts.language)
    except ContractError as error:
        raise InvalidAnswerError(error.errors) from error


def _repair_card(request: ChatRequest, text: str, problems: tuple[str, ...]) -> Sequence[Mapping[str, Any]]:
    return card_prompts.build_repair_messages(request.messages, text, problems)


def _repair_full(request: ChatRequest, text: str, problems: tuple[str, ...]) -> Sequence[Mapping[str, Any]]:
    return prompts.build_repair_messages(list(request.messages), text, problems)  # type: ignore[arg-type]


CONTRACTS: Mapping[str, TextContract] = {
    "card": TextContract(
        "card", card.SCHEMA_NAME, card.json_schema, card_prompts.build_messages, card_prompts.PROMPT_VERSION,
        card_prompts.MAX_TOKENS, Contract(validate=_read_card, repair=_repair_card),
        lambda value: value.text, card.violations,
    ),
    "description": TextContract(
        "description", full.SCHEMA_NAME, full.json_schema, prompts.build_messages, prompts.PROMPT_VERSION,
        prompts.PARAMETERS["max_tokens"], Contract(validate=_read_full, repair=_repair_full),
        lambda value: value.body, full.violations,
    ),
}  # fmt: skip


def prompt_text(facts: ProductFacts, contract: str) -> str:
    """What both texts answer, in words: the prompt of datasets, the same for every writer."""
    shown = prompts.trimmed(facts)
    language = "en" if facts.language == "en" else "ru"
    title, brand, category, seller, attributes = _WORDS[language]
    lines = [_TASKS[contract, language], f"{title}: {shown.title}"]
    lines += [f"{label}: {value}" for label, value in ((brand, shown.brand), (category, shown.category_path)) if value]
    if shown.attributes:
        named = [f"{name}: {value}" for name, value in list(shown.attributes.items())[:_ATTRIBUTES]]
        lines.append(f"{attributes}: " + "; ".join(named))
    if shown.description:
        lines.append(f"{seller}: {shown.description[:_SELLER_CHARS]}")
    return "\n".join(lines)


def shown_facts(facts: ProductFacts) -> dict[str, str]:
    """Label → value, for the people who compare."""
    shown = prompts.trimmed(facts)
    title, brand, category, _, _ = _WORDS["en" if facts.language == "en" else "ru"]
    pairs = {title: shown.title, brand: shown.brand, category: shown.category_path, **shown.attributes}
    return {label: " ".join(str(value).split()) for label, value in pairs.items() if value}


def plain(text: str, contract: str) -> str:
    """A text as datasets hold it: descriptions lose their markup."""
    return html.to_text(text) if contract == "description" else text
