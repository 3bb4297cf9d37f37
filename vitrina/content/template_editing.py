"""One template, changed by a person: by the API and the admin.

Belongs here: saving and switching off under the rules of the file. Stays out: the file itself (``templates``), which
wins when it is imported again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from vitrina.categories.models import Category
from vitrina.content.models import DescriptionTemplate
from vitrina.content.templates import Template, TemplatesFileError


def save_template(values: Mapping[str, Any]) -> DescriptionTemplate:
    """Make a template, or change the one of that name; it is switched on.

    Args:
        values: Fields of an entry of the file: name, type, category (slug), language, content, facts.

    Raises:
        TemplatesFileError: An entry of the file would be refused as well.
    """
    try:
        template = Template.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise TemplatesFileError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    if any("\0" in text for text in (template.name, template.content)):
        raise TemplatesFileError("A template holds a null character.")
    category = Category.objects.filter(slug=template.category).first() if template.category else None
    if template.category and category is None:
        raise TemplatesFileError(f"There is no category {template.category}.", hint="Give a slug of the tree.")
    row, _ = DescriptionTemplate.objects.update_or_create(
        name=template.name,
        defaults={
            "template_type": template.type, "category": category, "language": template.language,
            "content": template.content, "facts": dict(template.facts), "is_active": True,
            "updated_at": datetime.now(UTC),
        },
    )  # fmt: skip
    return row


def switch_off_template(name: str) -> bool:
    """Use a template no more; false where it was off."""
    return DescriptionTemplate.objects.filter(name=name, is_active=True).update(is_active=False) > 0
