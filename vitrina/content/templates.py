"""Description templates: reading the file, keeping the table, choosing facts and examples.

Belongs here: templates as data and the services on their table. Stays out: prompt wording (``prompt_templates``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vitrina.errors import PermanentError

#: Where the templates of the shop lie in the object store.
TEMPLATES_KEY = "reference/templates.yaml"


class TemplatesFileError(PermanentError):
    """The templates file is wrong; the message says where."""


class Template(BaseModel):
    """One entry of the file. ``facts`` are sentences that hold for every product of the category."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    type: Literal["description", "category_example", "attribute_extraction", "image_prompt"] = "description"
    category: str | None = None
    language: Literal["ru", "en"] = "ru"
    content: str = Field(min_length=1, max_length=20_000)
    facts: dict[Literal["use", "care", "size"], list[str]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateSync:
    """What an import did."""

    created: int
    updated: int
    unchanged: int
    deactivated: int


def read_templates(content: str | bytes) -> list[Template]:
    """Templates of a YAML file.

    Raises:
        TemplatesFileError: not UTF-8, not YAML, unknown keys, repeated names.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplatesFileError(
            f"The templates file is not UTF-8 (byte {error.start}).", hint="Save it as UTF-8."
        ) from error
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TemplatesFileError(f"The templates file is not YAML: {error}") from error
    except ValueError as error:  # a date such as 2026-99-99, which YAML takes for one
        raise TemplatesFileError(
            f"The templates file has a value that is none: {error}.", hint="Put quotes around dates and times."
        ) from error
    except RecursionError as error:
        raise TemplatesFileError("The templates file is nested too deeply.") from error
    if not isinstance(document, dict) or not isinstance(document.get("templates"), list):
        raise TemplatesFileError("The templates file must hold a list under `templates:`.")
    templates: list[Template] = []
    for number, item in enumerate(document["templates"], 1):
        try:
            templates.append(Template.model_validate(item))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise TemplatesFileError(f"Template {number}: {where}: {first['msg']}.") from error
    names = [template.name for template in templates]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise TemplatesFileError(f"Names must not repeat: {', '.join(repeated)}.")
    return templates


def sync_templates(templates: Iterable[Template]) -> TemplateSync:
    """Bring the table to the file's state. Templates that the file lacks are switched off, never deleted.

    Raises:
        TemplatesFileError: a category is unknown.
    """
    from django.db import transaction

    from vitrina.categories.models import Category
    from vitrina.content.models import DescriptionTemplate
    from vitrina.warehouse import copy_upsert

    templates = list(templates)
    categories = dict(Category.objects.values_list("slug", "id"))
    unknown = sorted({t.category for t in templates if t.category and t.category not in categories})
    if unknown:
        raise TemplatesFileError(
            f"Unknown categories: {', '.join(unknown)}.",
            hint="Sync the categories first: `vitrina categories sync FILE`.",
        )
    rows = [
        (t.name, t.type, categories[t.category] if t.category else None, t.language, t.content, dict(t.facts), True)
        for t in templates
    ]
    with transaction.atomic():
        result = copy_upsert(
            DescriptionTemplate,
            ("name", "template_type", "category", "language", "content", "facts", "is_active"),
            rows,
            key=("name",),
        )
        gone = DescriptionTemplate.objects.filter(is_active=True).exclude(name__in=[t.name for t in templates])
        return TemplateSync(result.inserted, result.updated, result.unchanged, gone.update(is_active=False))


@dataclass(frozen=True, slots=True)
class CategorySheet:
    """What templates say of a category: facts to quote, examples for style."""

    facts: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]


def category_sheets(language: str) -> Mapping[str, CategorySheet]:
    """Category slug → facts and (name, text) examples of its active description templates.

    A category without a template of its own takes its parent's.
    """
    from vitrina.categories.models import Category
    from vitrina.content.models import DescriptionTemplate

    own: dict[int, tuple[list[str], list[tuple[str, str]]]] = {}
    active = DescriptionTemplate.objects.filter(
        is_active=True, language=language, template_type=DescriptionTemplate.Type.DESCRIPTION, category__isnull=False
    ).order_by("name")
    for template in active:
        if template.category_id is None:
            continue
        facts, examples = own.setdefault(template.category_id, ([], []))
        for group in ("use", "care", "size"):
            facts += [fact for fact in template.facts.get(group, ()) if fact not in facts]
        examples.append((template.name, template.content))
    nodes: dict[int, Any] = {node.pk: node for node in Category.objects.all()}
    sheets: dict[str, CategorySheet] = {}
    for node in nodes.values():
        at = node
        while at is not None and at.pk not in own:
            at = nodes.get(at.parent_id)
        if at is not None:
            facts, examples = own[at.pk]
            sheets[node.slug] = CategorySheet(tuple(facts), tuple(examples))
    return sheets
