"""The published catalogue as plain records, in a stable order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class StorefrontItem:
    """One product as buyers see it. ``category_path`` holds (id, name) from the top down.

    ``image_urls`` are ours where the shop's pictures are stored and public (CDN_PREFIX), else the source's;
    ``pictures`` names the stored ones by their keys in the object store, with width and height. ``card`` is the short
    text for lists and adverts, empty where there is none.
    """

    product_id: int
    source: str
    external_id: str
    title: str
    description_html: str
    benefits: tuple[str, ...]
    seo_title: str
    seo_description: str
    keywords: tuple[str, ...]
    brand: str | None
    price: Decimal | None
    old_price: Decimal | None
    currency: str | None
    available: bool | None
    category_path: tuple[tuple[int, str], ...]
    url: str | None
    image_urls: tuple[str, ...]
    barcodes: tuple[str, ...]
    attributes: dict[str, str]
    version: int
    written_by: str
    pictures: tuple[dict[str, Any], ...] = ()
    card: str = ""


def published_items(cdn_prefix: str | None = None, language: str = "ru") -> Iterator[StorefrontItem]:
    """Everything on show, by product id. Streams; needs the database.

    Args:
        language: Of the short cards.
    """
    from django.db.models import OuterRef, Subquery

    from vitrina.catalog.models import Publication
    from vitrina.categories.models import Category
    from vitrina.content.product_facts import attribute_texts
    from vitrina.images.keys import public_url
    from vitrina.preferences.models import ProductCard

    nodes = {node.pk: node for node in Category.objects.all()}

    def path(pk: int | None) -> tuple[tuple[int, str], ...]:
        found: list[tuple[int, str]] = []
        while pk is not None and pk in nodes:
            found.append((pk, nodes[pk].name_ru))
            pk = nodes[pk].parent_id
        return tuple(reversed(found))

    rows = (
        Publication.objects.filter(state=Publication.State.PUBLISHED)
        .annotate(
            card=Subquery(
                ProductCard.objects.filter(product=OuterRef("product"), language=language, fit=True).values("text")[:1]
            )
        )
        .select_related("product__source", "version")
        .order_by("product_id")
    )
    for row in rows.iterator(chunk_size=2000):
        product, version = row.product, row.version
        ours = [url for picture in row.pictures if (url := public_url(picture["jpeg"], cdn_prefix))]
        yield StorefrontItem(
            product_id=product.pk,
            source=product.source.slug,
            external_id=product.external_id,
            title=version.title,
            description_html=version.body,
            benefits=tuple(version.content.get("benefits", ())),
            seo_title=version.seo_title,
            seo_description=version.seo_description,
            keywords=tuple(version.keywords),
            brand=product.brand,
            price=row.price,
            old_price=row.old_price,
            currency=row.currency,
            available=row.available,
            category_path=path(row.category_id),
            url=product.url,
            image_urls=tuple(ours or product.image_urls),
            barcodes=tuple(product.barcodes),
            attributes=attribute_texts(product.attributes),
            version=version.number,
            written_by=version.model or version.origin,
            pictures=tuple(row.pictures),
            card=row.card or "",
        )
