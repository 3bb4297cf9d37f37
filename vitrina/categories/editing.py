"""One category, changed by a person: by the admin.

Belongs here: saving under the rules of the tree. Stays out: the tree's file (``tree_file``), which wins when it is
imported again; products of the category, which are decided anew where the tree's fingerprint changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction

from vitrina.categories.models import Category
from vitrina.categories.tree import CategoryNode, CategoryTree, CategoryTreeError


def save_category(
    slug: str, *, parent: str | None, names: Mapping[str, str], synonyms: Mapping[str, Sequence[str]] | None = None,
    needs_review: bool = False, is_active: bool = True,
) -> Category:  # fmt: skip
    """Make a category, or change the one of that slug. Paths below it follow.

    Args:
        slug: Its identity.
        parent: Slug of the category above; ``None`` at the top.
        names: Language (ru, tr, en) → name; ru is needed.
        synonyms: Language → words.
        needs_review: Whether a person looks at all of its texts.
        is_active: A category is switched off, never deleted, and only without active ones below it.

    Raises:
        CategoryTreeError: The tree's file would be refused with it as well.
    """
    node = CategoryNode(
        slug=slug.strip(), parent=parent, names={k: v.strip() for k, v in names.items() if v.strip()},
        synonyms={language: tuple(words) for language, words in (synonyms or {}).items()}, needs_review=needs_review,
    )  # fmt: skip
    if not node.slug or not node.names.get("ru"):
        raise CategoryTreeError("A category needs a slug and a Russian name.")
    with transaction.atomic():
        rows = {row.slug: row for row in Category.objects.select_for_update().order_by("pk")}
        nodes = {
            row.slug: _node(row, rows) for row in rows.values() if row.is_active and row.slug != node.slug
        }  # fmt: skip
        below = sorted(one.slug for one in nodes.values() if one.parent == node.slug)
        if not is_active and below:
            raise CategoryTreeError(f"Below it are {', '.join(below)}.", hint="Switch those off, or move them, first.")
        tree = CategoryTree([*nodes.values(), node])
        row, _ = Category.objects.update_or_create(
            slug=node.slug,
            defaults={
                "parent": rows[parent] if parent else None, "name_ru": node.names["ru"],
                "name_tr": node.names.get("tr", ""), "name_en": node.names.get("en", ""),
                "path_ru": tree.path(node.slug), "synonyms": {k: list(v) for k, v in node.synonyms.items()},
                "needs_review": tree.needs_review(node.slug), "is_active": is_active, "updated_at": datetime.now(UTC),
            },
        )  # fmt: skip
        for other in rows.values():
            if other.slug in nodes and other.path_ru != tree.path(other.slug):
                Category.objects.filter(pk=other.pk).update(path_ru=tree.path(other.slug), updated_at=datetime.now(UTC))
    return row


def _node(row: Category, rows: Mapping[str, Category]) -> CategoryNode:
    above = next((one for one in rows.values() if one.pk == row.parent_id), None)
    return CategoryNode(
        slug=row.slug, parent=above.slug if above is not None and above.is_active else None,
        names={k: v for k, v in (("ru", row.name_ru), ("tr", row.name_tr), ("en", row.name_en)) if v},
        synonyms={language: tuple(words) for language, words in row.synonyms.items()}, needs_review=row.needs_review,
    )  # fmt: skip
