"""The category of a case's product, which a moderator may correct with the decision.

Belongs here: what can be chosen, and what was meant by the line as it came back. Stays out: what the correction does
(``vitrina.review.effects``).
"""

from __future__ import annotations

from vitrina.catalog.models import Product
from vitrina.categories.models import Category
from vitrina.review.models import Decision, ReviewItem

#: Suggestions that a page carries; what lies beyond can be typed all the same.
_MOST = 3_000


def paths() -> list[str]:
    """Paths of all active categories, in the order of the tree."""
    active = Category.objects.filter(is_active=True).order_by("path_ru")
    return list(dict.fromkeys(active.values_list("path_ru", flat=True)[:_MOST]))


def path_of(product: Product | None) -> str:
    """The path of a product's category; empty where it has none."""
    chosen = _present(product)
    return chosen.path_ru if chosen is not None else ""


def shown_path(item: ReviewItem, own: Decision | None) -> str:
    """What stands in the line: the person's own correction, else the present category."""
    if own is not None and own.category:
        corrected_to = Category.objects.filter(slug=own.category).first()
        if corrected_to is not None:
            return corrected_to.path_ru
    return path_of(item.product)


def corrected(line: str, item: ReviewItem) -> str | None:
    """Slug of the category that the line names, where it is another than the present one; else empty.

    The line may hold a path, a slug, or the last part of a path that no other category has.

    Returns:
        ``None`` where no active category is meant.
    """
    line = " ".join(line.split())
    present = _present(item.product)
    if not line or (present is not None and line in {present.path_ru, present.slug}):
        return ""
    active = Category.objects.filter(is_active=True)
    for found in (active.filter(path_ru__iexact=line), active.filter(slug=line), active.filter(name_ru__iexact=line)):
        meant = list(found.order_by("pk").values_list("slug", flat=True)[:2])
        if len(meant) == 1:
            return "" if present is not None and meant[0] == present.slug else meant[0]
    return None


def _present(product: Product | None) -> Category | None:
    choice = getattr(product, "category", None)
    return choice.category if choice is not None else None
