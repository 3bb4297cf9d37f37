"""A product's text in a person's hands: what the form shows first, and what the contract says of what was typed.

Belongs here: the words of the form and their checks. Stays out: keeping them (``vitrina.review.by_hand``), pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from vitrina.catalog.models import Product
from vitrina.content import contract, html
from vitrina.content.contract import Description, Violation
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TAG, _GAPS = re.compile(r"<[^<>]*>"), re.compile(r"\n{3,}")
#: As the tables hold them; the contract's own limits are told by its checks.
LIMITS = {"title": 300, "body": 20_000, "seo_title": 100, "seo_description": 200, "keywords": 1_000}
_FIELDS: dict[str, str | Promise] = {
    "title": gettext_lazy("Title"), "body": gettext_lazy("Text"), "seo_title": gettext_lazy("SEO title"),
    "seo_description": gettext_lazy("SEO description"), "keywords": gettext_lazy("Keywords, separated by commas"),
}  # fmt: skip


@dataclass(slots=True)
class Checked:
    """What is said of a typed text.

    Attributes:
        edit: As :func:`vitrina.review.by_hand.decide_product` takes it, cleaned.
        hard: Why it cannot be kept, in the reader's language; ``soft``: broken rules that a person may let stand.
        findings: Statements that the product's data do not support.
        words: Words that a buyer reads.
    """

    edit: dict[str, Any]
    hard: list[str] = field(default_factory=list)
    soft: list[Violation] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    words: int = 0


def first_words(base: ContentVersion | None, product: Product) -> dict[str, str]:
    """What the form shows before anything is typed: the text as lines, which people write more easily than markup."""
    if base is None:
        return {"title": product.title[:100], "body": "", "seo_title": "", "seo_description": "", "keywords": ""}
    return {
        "title": base.title, "body": lines_of(base.body), "seo_title": base.seo_title,
        "seo_description": base.seo_description, "keywords": ", ".join(base.keywords),
    }  # fmt: skip


def lines_of(body: str) -> str:
    """A description as plain lines: paragraphs apart by an empty line, list items begin with a dash."""
    spaced = html.sanitise(body).replace("<li>", "\n- ")
    for ending in ("</p>", "</ul>"):
        spaced = spaced.replace(ending, "\n\n")
    lines = [line.strip() for line in unescape(_TAG.sub("", spaced)).split("\n")]
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


def markup_of(lines: str) -> str:
    """The reverse: lines with a dash in a row are a list, other blocks of lines are paragraphs. Markup is text here."""
    parts: list[str] = []
    items: list[str] = []
    block: list[str] = []

    def end() -> None:
        if items:
            parts.append(html.bullet_list(items))
        elif block:
            parts.append(html.paragraph(" ".join(block)))
        items.clear()
        block.clear()

    for line in (raw.strip() for raw in html.clean_text(lines).split("\n")):
        bullet = line[:2] in {"- ", "• ", "* ", "— ", "– "}
        if not line or (bullet and block) or (not bullet and items):
            end()
        if bullet:
            items.append(line[2:].strip())
        elif line:
            block.append(line)
    end()
    return "".join(parts)


def typed(values: Mapping[str, str]) -> dict[str, str]:
    """The fields of the form, bounded."""
    return {name: values.get(name, "").replace("\0", "")[:most] for name, most in LIMITS.items()}


def check(words: Mapping[str, str], base: ContentVersion | None, facts: ProductFacts) -> Checked:
    """What the contract and the grounding check say of the words in place of a text."""
    edit: dict[str, Any] = {
        "title": html.clean_text(words["title"]).strip(),
        "body": markup_of(words["body"]),
        "seo_title": html.clean_text(words["seo_title"]).strip(),
        "seo_description": html.clean_text(words["seo_description"]).strip(),
        "keywords": [word for part in words["keywords"].split(",") if (word := html.clean_text(part).strip())],
    }
    checked = Checked(edit, words=html.word_count(edit["body"]))
    rest = {"benefits": [], "material_care": "", "size_advice": "", **(base.content if base is not None else {})}
    data = {**rest, **edit, "product_id": facts.product_id, "language": facts.language}
    try:
        description = Description.model_validate(data)
    except ValidationError as error:
        checked.hard = list(dict.fromkeys(_told(one) for one in error.errors(include_url=False)))[:20]
        return checked
    if not description.text():
        checked.hard = [_("%(field)s: nothing is written.") % {"field": _FIELDS["body"]}]
        return checked
    checked.soft = contract.violations(description, facts)
    from vitrina.content.grounding import check as grounded

    shown = "\n".join([description.title, description.text(), description.seo_title, description.seo_description])
    checked.findings = [{"surface": found.surface, "kind": found.kind} for found in grounded(shown, facts).findings]
    return checked


def _told(error: ErrorDetails) -> str:
    """What the contract refuses of a field, for who wrote it."""
    name = str(error["loc"][0]) if error["loc"] else ""
    field, kind = _FIELDS.get(name, name), error["type"]
    if kind in {"string_too_long", "too_long"}:
        words = _("%(field)s: at most %(n)d are allowed, and there are more.")
        return words % {"field": field, "n": error.get("ctx", {})["max_length"]}
    if kind in {"string_too_short", "missing"}:
        return _("%(field)s: nothing is written.") % {"field": field}
    return _("%(field)s: this is not as it must be.") % {"field": field}
