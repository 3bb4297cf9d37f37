"""Which of the shop's reference data are not there yet, so that drops wait for them.

Belongs here: one look at the tables that the assets of reference data fill, and what to do for the command line. Stays
out: making any of them, words of pages (``desk/_lacking.html``), whether Dagster runs. Usable without Django.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Reference(StrEnum):
    """Assets that are not made of drops and must stand before a drop goes on; the values are their keys in Dagster."""

    CATEGORIES = "categories"
    CATEGORY_MODEL = "category_model"
    CATEGORY_VECTORS = "category_vectors"
    TEMPLATES = "templates"
    TEMPLATE_VECTORS = "template_vectors"


@dataclass(frozen=True, slots=True)
class Advice:
    """What does not go on, and what to do."""

    holds: str
    fix: str


_BY_ITSELF = "It is made by itself within minutes while the platform runs; else look at the asset {} in Dagster."
_NEITHER, _NO_TEXT = "no product gets a category or a text", "no product gets a text"
ADVICE = {
    Reference.CATEGORIES: Advice(_NEITHER, "vitrina categories sync FILE (docs/categories.md)"),
    Reference.CATEGORY_MODEL: Advice(_NEITHER, _BY_ITSELF.format("category_model")),
    Reference.CATEGORY_VECTORS: Advice(_NEITHER, _BY_ITSELF.format("category_vectors")),
    Reference.TEMPLATES: Advice(_NO_TEXT, "vitrina templates import FILE (docs/descriptions.md)"),
    Reference.TEMPLATE_VECTORS: Advice(_NO_TEXT, _BY_ITSELF.format("template_vectors")),
}
#: What the platform makes of what: where that is missing, it alone is named.
_MADE_OF = {
    Reference.CATEGORY_MODEL: Reference.CATEGORIES,
    Reference.CATEGORY_VECTORS: Reference.CATEGORIES,
    Reference.TEMPLATE_VECTORS: Reference.TEMPLATES,
}
#: A row for each that stands.
STANDING = """
SELECT 'categories' WHERE EXISTS (SELECT FROM categories_category WHERE is_active)
UNION ALL SELECT 'category_model' WHERE EXISTS (SELECT FROM categories_categorymodelversion WHERE is_active)
UNION ALL SELECT 'templates' WHERE EXISTS (SELECT FROM content_descriptiontemplate WHERE is_active)
UNION ALL SELECT CASE alias WHEN 'categories' THEN 'category_vectors' ELSE 'template_vectors' END
          FROM vectors_vectorcollection WHERE is_active AND alias IN ('categories', 'description_templates')
"""


def lacking() -> tuple[Reference, ...]:
    """What drops wait for now, by one statement."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        return missing(name for (name,) in cursor.fetchall())


def missing(standing: Iterable[str]) -> tuple[Reference, ...]:
    """What is not among those that stand, without what the platform makes of another that is missing."""
    there = set(standing)
    return tuple(one for one in Reference if one not in there and _MADE_OF.get(one, one) in {one, *there})
