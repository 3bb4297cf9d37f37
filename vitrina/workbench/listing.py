"""Rows of the product list: what a person recognises a product by, read for a page at once.

Belongs here: values of rows. Stays out: which products (``vitrina.catalog.search``, ``vitrina.vectors.similar``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vitrina.catalog.models import Product
from vitrina.images.models import ProductPicture
from vitrina.review.models import ReviewItem
from vitrina.workbench.words import NOT_PUBLISHED, PUBLICATION, WAITS, Shown


@dataclass(frozen=True, slots=True)
class Row:
    """A product in a list. ``picture`` is the hash of its first stored one; ``score`` of a search by likeness."""

    pk: int
    title: str
    number: str
    source: str
    category: str
    price: Decimal | None
    currency: str
    state: Shown
    waits: bool
    picture: str
    updated: datetime
    score: float | None = None


def rows_of(ids: Sequence[int], scores: Mapping[int, float] | None = None) -> list[Row]:
    """Rows in the order of the ids, by three statements however many they are."""
    fields = ("title", "external_id", "source__slug", "category__category__path_ru", "price", "currency", "listed",
              "publication__state", "publication__price", "publication__currency", "updated_at")  # fmt: skip
    products = {row["pk"]: row for row in Product.objects.filter(pk__in=ids).values("pk", *fields)}
    pictures = first_pictures(ids)
    cases = ReviewItem.objects.filter(product__in=ids, state=ReviewItem.State.OPEN).exclude(kind=ReviewItem.Kind.PAIR)
    waiting = set(cases.exclude(look=ReviewItem.Look.SECOND).values_list("product_id", flat=True))
    rows = []
    for pk in ids:
        if (product := products.get(pk)) is None:
            continue
        state = product["publication__state"]
        shown = PUBLICATION[state] if state is not None else WAITS if pk in waiting else NOT_PUBLISHED
        on_show = state == "published"
        rows.append(
            Row(
                pk, product["title"], product["external_id"], product["source__slug"],
                product["category__category__path_ru"] or "",
                product["publication__price"] if on_show else product["price"],
                (product["publication__currency"] if on_show else product["currency"]) or "",
                shown, pk in waiting, pictures.get(pk, ""), product["updated_at"], (scores or {}).get(pk),
            )
        )  # fmt: skip
    return rows


def first_pictures(ids: Sequence[int]) -> dict[int, str]:
    """Product → hash of its first stored picture."""
    shown = ProductPicture.objects.filter(product__in=ids, url__picture__state="stored")
    ordered = shown.order_by("product", "position").distinct("product")
    return {pk: sha for pk, sha in ordered.values_list("product_id", "url__picture_id") if sha is not None}
