"""What a product description must be: the wire schema and the rules behind it.

Belongs here: the shape of an answer, its limits (CAT-6 of the specification: title, words, benefits, SEO fields,
keywords, emoji, forbidden words) and reading an answer. Stays out: whether its statements are true (``grounding``)
and what follows from a broken rule (``moderation``).

There are two levels. *Hard* errors (:class:`ContractError`) mean that the answer is not a description at all: one
repair call may mend them. *Violations* are broken rules of a description that can be shown to a person; those of
severity ``error`` hold it back, ``warning`` is advice (the wanted lengths of SEO fields).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vitrina.content import html
from vitrina.content.emoji import count_emoji
from vitrina.content.facts import ProductFacts
from vitrina.content.forbidden import forbidden_words
from vitrina.content.language import looks_like
from vitrina.errors import PermanentError

SCHEMA_NAME = "product_description"

TITLE_MAX = 100
WORDS_MIN, WORDS_MAX = 150, 250
BENEFITS_MIN, BENEFITS_MAX = 3, 5
KEYWORDS_MIN, KEYWORDS_MAX = 5, 7
EMOJI_MAX = 3
SEO_TITLE_WANTED, SEO_TITLE_MAX = (50, 60), 70
SEO_DESCRIPTION_WANTED, SEO_DESCRIPTION_MAX = (150, 160), 160

Severity = Literal["error", "warning"]


class ContractError(PermanentError):
    """The answer is not a description. ``errors`` are sentences for the repair call and for people."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("The answer does not follow the contract: " + "; ".join(errors))
        self.errors = errors


class Description(BaseModel):
    """One product description, as it travels from a writer to the storefront.

    ``body`` is the whole text that a buyer reads, benefits, care and size advice included; ``benefits``,
    ``material_care`` and ``size_advice`` give the same statements apart, for cards, filters and exports.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    product_id: int = Field(strict=True, description="The product_id of the input, unchanged.")
    language: Literal["ru", "en"] = Field(description="The language of the text, as asked.")
    title: str = Field(min_length=1, max_length=TITLE_MAX, description=f"At most {TITLE_MAX} characters.")
    body: str = Field(
        min_length=1,
        max_length=8000,
        description=f"HTML of <p>, <ul>, <li> only, {WORDS_MIN}-{WORDS_MAX} words, everything the buyer reads.",
    )
    benefits: list[str] = Field(
        max_length=BENEFITS_MAX,
        description=f"{BENEFITS_MIN}-{BENEFITS_MAX} short benefits that stand in the input and in the body.",
    )
    material_care: str = Field(max_length=1000, description="Material and care; empty when the input says nothing.")
    size_advice: str = Field(max_length=1000, description="Size advice; empty when the input says nothing.")
    seo_title: str = Field(
        min_length=1, max_length=SEO_TITLE_MAX, description="50-60 characters, never above 70. Plain text."
    )
    seo_description: str = Field(
        min_length=1, max_length=SEO_DESCRIPTION_MAX, description="150-160 characters, never above 160. Plain text."
    )
    keywords: list[str] = Field(max_length=KEYWORDS_MAX, description=f"{KEYWORDS_MIN}-{KEYWORDS_MAX} search phrases.")

    @field_validator("benefits", "keywords")
    @classmethod
    def _no_empty_items(cls, items: list[str]) -> list[str]:
        if any(not item.strip() for item in items):
            raise ValueError("items must not be empty")
        return [item.strip() for item in items]

    def text(self) -> str:
        """The body as plain text, one line per paragraph or list item."""
        return html.to_text(self.body)

    def all_text(self) -> str:
        """Every statement of the description as plain text, line by line: what the grounding check reads."""
        parts = [self.title, self.text(), *self.benefits, self.material_care, self.size_advice]
        return "\n".join(filter(None, [*parts, self.seo_title, self.seo_description, *self.keywords]))

    def sanitised(self) -> Description:
        """The same with the body reduced to the allowed tags and all other fields to plain text."""
        plain = {name: html.clean_text(getattr(self, name)) for name in ("title", "material_care", "size_advice")}
        return self.model_copy(update={**plain, "body": html.sanitise(self.body)})


@dataclass(slots=True, frozen=True)
class Violation:
    """A broken rule: stable ``rule`` code, what exactly is wrong, and whether it holds the text back."""

    rule: str
    message: str
    severity: Severity = "error"


def json_schema() -> dict[str, Any]:
    """The schema for ``response_format`` in the subset that strict modes accept: no lengths, nothing optional."""
    schema = Description.model_json_schema()
    schema.pop("description", None)
    properties = {}
    for name, node in schema["properties"].items():
        unsupported = {"title", "minLength", "maxLength", "minItems", "maxItems"}
        properties[name] = {key: value for key, value in node.items() if key not in unsupported}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def response_format() -> dict[str, Any]:
    """The ``response_format`` of a chat request."""
    return {"type": "json_schema", "json_schema": {"name": SCHEMA_NAME, "strict": True, "schema": json_schema()}}


_FENCE = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


Answer = TypeVar("Answer", bound=BaseModel)


class Echoing(Protocol):
    """An answer that repeats what was asked."""

    @property
    def product_id(self) -> int: ...

    @property
    def language(self) -> str: ...


def read_answer(shape: type[Answer], answer: str) -> Answer:
    """An answer as the object it should be; a Markdown fence around it is tolerated.

    Raises:
        ContractError: Not JSON, or not that shape.
    """
    fenced = _FENCE.match(answer)
    try:
        # A lone surrogate cannot be UTF-8; it cannot be stored either.
        return shape.model_validate_json((fenced[1] if fenced else answer).encode("utf-8"))
    except UnicodeEncodeError:
        raise ContractError(["the answer holds characters that are not valid Unicode"]) from None
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors(include_url=False)]
        raise ContractError(problems[:20]) from None


def echo_errors(answer: Echoing, *, product_id: int | None, language: str | None) -> list[str]:
    """What of product and language, where they are given, the answer does not repeat."""
    errors = []
    if product_id is not None and answer.product_id != product_id:
        errors.append(f"product_id: must be {product_id}, not {answer.product_id}")
    if language is not None and answer.language != language:
        errors.append(f"language: must be {language}, not {answer.language}")
    return errors


def parse(answer: str, *, product_id: int | None = None, language: str | None = None) -> Description:
    """Read a model's answer.

    Args:
        answer: JSON text; a Markdown fence around it is tolerated.
        product_id: When given, the answer must echo it.
        language: When given, the answer must declare it.

    Raises:
        ContractError: Not JSON, not the schema, or another product or language. Nothing else is raised.
    """
    description = read_answer(Description, answer)
    errors = echo_errors(description, product_id=product_id, language=language)
    if not description.text():
        errors.append("body: no text is left without markup")
    if errors:
        raise ContractError(errors)
    return description


def dump(description: Description) -> str:
    """The answer as JSON text, Cyrillic unescaped."""
    return json.dumps(description.model_dump(), ensure_ascii=False)


def violations(description: Description, facts: ProductFacts | None = None) -> list[Violation]:
    """Every rule that this description breaks, in a stable order.

    ``facts`` adds the echo rules (product and language as asked). Whether statements are supported is the grounding
    check's business.
    """
    found: list[Violation] = []

    def add(rule: str, message: str, severity: Severity = "error") -> None:
        found.append(Violation(rule, message, severity))

    if facts is not None and description.product_id != facts.product_id:
        add("wrong_product", f"product_id is {description.product_id}, asked was {facts.product_id}")
    if facts is not None and description.language != facts.language:
        add("wrong_language", f"language is {description.language}, asked was {facts.language}")

    text = description.text()
    count = len(html.words(text))
    if count < WORDS_MIN:
        add("too_few_words", f"{count} words, at least {WORDS_MIN} are wanted")
    elif count > WORDS_MAX:
        add("too_many_words", f"{count} words, at most {WORDS_MAX} are allowed")
    if html.sanitise(description.body) != description.body or "<p>" not in description.body:
        add("markup", "the body must be clean HTML of <p>, <ul>, <li> only, with at least one paragraph")
    if len(description.benefits) < BENEFITS_MIN:
        add("too_few_benefits", f"{len(description.benefits)} benefits, at least {BENEFITS_MIN} are wanted")
    folded = [keyword.casefold() for keyword in description.keywords]
    if len(folded) < KEYWORDS_MIN:
        add("too_few_keywords", f"{len(folded)} keywords, at least {KEYWORDS_MIN} are wanted")
    if len(set(folded)) < len(folded):
        add("repeated_keywords", "keywords repeat")

    everything = description.all_text()
    emoji = count_emoji("\n".join((description.title, text)))
    if emoji > EMOJI_MAX:
        add("too_many_emoji", f"{emoji} emoji, at most {EMOJI_MAX} are allowed")
    if forbidden := forbidden_words(everything, description.language):
        add("forbidden_word", "forbidden words: " + ", ".join(forbidden))
    if not looks_like(text, description.language):
        add("language_mismatch", f"the text does not read as {description.language}")

    for rule, value, (low, high) in (
        ("seo_title_length", description.seo_title, SEO_TITLE_WANTED),
        ("seo_description_length", description.seo_description, SEO_DESCRIPTION_WANTED),
    ):
        if not low <= len(value) <= high:
            add(rule, f"{len(value)} characters, {low}-{high} are wanted", "warning")
    return found
