"""Pairs from the texts that products have: the newest against the one before it that says something else.

Belongs here: choosing two versions of a product and the facts shown above them. Stays out: writing texts, and which
pairs a model is unsure of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db.models import Count, QuerySet

from vitrina.catalog.models import Product
from vitrina.content.models import ContentVersion
from vitrina.content.product_facts import attribute_texts
from vitrina.review.models import Batch, ReviewItem
from vitrina.review.pairs import NamesWriter, prepare
from vitrina.review.results import PairDraft

_CHUNK = 500


def comparable(language: str = "ru") -> int:
    """How many products have two different texts in a language."""
    return _products(language).count()


def drafts_from_products(batch: Batch, language: str = "ru", *, most: int) -> Iterator[PairDraft]:
    """A pair for each product with two different texts in a language, at most so many that the batch lacks.

    Pairs that the batch has already come along and are not counted, so that asking again goes on where it ended.
    """
    ids = list(_products(language).values_list("product", flat=True))
    lacking = 0
    for start in range(0, len(ids), _CHUNK):
        drafts = list(_drafts(ids[start : start + _CHUNK], language))
        marks = [_mark(draft) for draft in drafts]
        there = ReviewItem.objects.filter(batch=batch, pair__fingerprint__in=[mark for mark in marks if mark])
        known = {"", *there.values_list("pair__fingerprint", flat=True)}
        for draft, mark in zip(drafts, marks, strict=True):
            if lacking == most:
                return
            lacking += mark not in known
            yield draft


def _drafts(ids: Sequence[int], language: str) -> Iterator[PairDraft]:
    versions = (
        ContentVersion.objects.filter(product__in=ids, language=language)
        .select_related("product")
        .order_by("product_id", "-number")
    )
    for _, group in groupby(versions, key=lambda version: version.product_id):
        newest, *former = group
        other = next((version for version in former if version.body.strip() != newest.body.strip()), None)
        if other is not None:
            yield PairDraft(
                newest.body, other.body, product_id=newest.product_id, first_version_id=newest.pk,
                second_version_id=other.pk, facts=_facts(newest.product, language), language=language,
            )  # fmt: skip


def _mark(draft: PairDraft) -> str:
    """Fingerprint of the pair; empty for one that no batch takes, since a text names its writer."""
    try:
        return prepare(draft).fingerprint
    except NamesWriter:
        return ""


def _products(language: str) -> QuerySet[ContentVersion, Any]:
    counted = ContentVersion.objects.filter(language=language).values("product")
    return counted.annotate(texts=Count("text_hash", distinct=True)).filter(texts__gte=2).order_by("product")


def _facts(product: Product, language: str) -> dict[str, str]:
    title, brand = ("Название", "Бренд") if language == "ru" else ("Title", "Brand")
    own = {title: product.title, brand: product.brand}
    return {label: value for label, value in own.items() if value} | attribute_texts(product.attributes)
