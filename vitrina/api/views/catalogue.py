"""Products, their texts, and the processing log.

Belongs here: reading them. Stays out: what changes them (decisions, pipelines). Who wrote a text is hidden where the
caller may still compare texts of its product, and what was decided about it where they may be asked about it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access
from vitrina.api import examples
from vitrina.api.filters import LogFilter, ProductFilter
from vitrina.api.schema import operation
from vitrina.api.serializers.catalogue import LogShape, ProductShape, ProductWhole, VersionShape
from vitrina.api.views.base import ApiView, Http404, allow
from vitrina.api.views.lists import FilteredList, ListView
from vitrina.catalog.models import Product
from vitrina.content.models import ContentVersion, ProcessingLog
from vitrina.review.blindness import veiled_texts
from vitrina.review.standing import compared_products

TAG = "catalogue"
#: Of a line of the log, what tells who wrote the text.
_TELLING = ("model", "prompt_tokens", "completion_tokens", "cost_usd", "processing_time_ms", "attempts")


class Products(FilteredList):
    """Products."""

    access = allow(GET=Access.MODERATOR)
    filterset_class = ProductFilter

    @operation("products_list", "Products, the newest first", tag=TAG, answer=ProductShape(many=True),
               example=examples.PRODUCT, problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """With category and state."""
        return self.answer(request)

    def rows(self) -> Any:
        """All."""
        return Product.objects.select_related("source", "category__category", "publication")

    def shapes(self, page: list[Any]) -> list[Any]:
        """In short."""
        return [_product(product) for product in page]


class ProductOne(ApiView):
    """One product."""

    access = allow(GET=Access.MODERATOR)

    @operation("products_one", "One product, as its source gives it", tag=TAG, answer=ProductWhole,
               example=examples.PRODUCT_WHOLE, problems=(404,))  # fmt: skip
    def get(self, request: Request, product_id: int) -> Response:  # noqa: ARG002
        """With what is published of it."""
        rows = Product.objects.select_related("source", "category__category", "publication")
        product = rows.annotate(texts=Count("versions")).filter(pk=product_id).first()
        if product is None:
            raise Http404
        publication = getattr(product, "publication", None)
        return Response(_product(product) | {
            "description": product.description, "attributes": product.attributes, "url": product.url,
            "image_urls": product.image_urls, "versions": product.texts,
            "published_version": publication.version_id if publication is not None else None,
        })  # fmt: skip


class Versions(ListView):
    """Texts of a product."""

    access = allow(GET=Access.MODERATOR)

    @operation("products_versions", "All texts of a product, the newest first", tag=TAG,
               answer=VersionShape(many=True), example=examples.VERSION, problems=(404, 422))  # fmt: skip
    def get(self, request: Request, product_id: int) -> Response:
        """Immutable: a change is another one."""
        if not Product.objects.filter(pk=product_id).exists():
            raise Http404
        return self.answer(request)

    def rows(self) -> Any:
        """Of this product."""
        return ContentVersion.objects.filter(product=self.kwargs["product_id"]).select_related("verdict")

    def shapes(self, page: list[Any]) -> list[Any]:
        """With the verdict."""
        return version_shapes(self.person, page)


class VersionOne(ApiView):
    """One text."""

    access = allow(GET=Access.MODERATOR)

    @operation("versions_one", "One text", tag=TAG, answer=VersionShape, example=examples.VERSION, problems=(404,))
    def get(self, request: Request, version_id: int) -> Response:  # noqa: ARG002
        """With the verdict."""
        version = ContentVersion.objects.select_related("verdict").filter(pk=version_id).first()
        if version is None:
            raise Http404
        return Response(version_shapes(self.person, [version])[0])


class Logs(FilteredList):
    """The processing log."""

    access = allow(GET=Access.MODERATOR)
    filterset_class = LogFilter

    @operation("logs_list", "What was done to products, at what cost; the newest first", tag=TAG,
               answer=LogShape(many=True), example=examples.LOG, problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """Approve, reject and reprocess are decisions on items."""
        return self.answer(request)

    def rows(self) -> Any:
        """All."""
        return ProcessingLog.objects.defer("input_data", "result", "stack_trace")

    def shapes(self, page: list[Any]) -> list[Any]:
        """Without raw inputs and answers."""
        products = [row.product_id for row in page]
        hidden, veil = compared_products(self.person, products), veiled_texts(self.person, products)
        return [_log(row, secret=row.product_id in hidden, veil=row.version_id in veil) for row in page]


def version_shapes(person: User, versions: Sequence[ContentVersion]) -> list[dict[str, Any]]:
    """Texts as this person may see them."""
    products = [version.product_id for version in versions]
    hidden, veil = compared_products(person, products), veiled_texts(person, products)
    shapes = []
    for version in versions:
        verdict = getattr(version, "verdict", None)
        secret = version.product_id in hidden
        known = veil.get(version.pk, version)
        approved = verdict.approved and version.pk not in veil if verdict is not None else None
        shapes.append({
            "id": version.pk, "product": version.product_id, "number": version.number, "language": version.language,
            "title": version.title, "body": version.body, "seo_title": version.seo_title,
            "seo_description": version.seo_description, "keywords": version.keywords,
            "approved": approved, "created_at": version.created_at, "origin": None if secret else known.origin,
            "model": None if secret else known.model,
            "prompt_version": None if secret else known.prompt_version, "origin_hidden": secret,
        })  # fmt: skip
    return shapes


def _log(row: ProcessingLog, *, secret: bool, veil: bool) -> dict[str, Any]:
    """A line of the log; a secret one without what tells a model that is asked from a writer that is not, and below a
    veil without what a person decided."""
    status = ProcessingLog.Status.MODERATION if veil else row.status
    shown = {"id": row.pk, "product": row.product_id, "version": row.version_id, "type": row.processing_type,
             "status": status, "created_at": row.created_at, "origin_hidden": secret}  # fmt: skip
    if secret:
        return shown | dict.fromkeys(_TELLING) | {"error_class": "", "error_message": ""}
    names = (*_TELLING, "error_class", "error_message")
    return shown | {name: getattr(row, name) for name in names}


def _product(product: Product) -> dict[str, Any]:
    choice, publication = getattr(product, "category", None), getattr(product, "publication", None)
    return {
        "id": product.pk, "source": product.source.slug, "external_id": product.external_id, "title": product.title,
        "brand": product.brand, "price": product.price, "currency": product.currency,
        "category": choice.category.slug if choice is not None and choice.category is not None else None,
        "category_confidence": choice.confidence if choice is not None else None,
        "state": publication.state if publication is not None else None, "listed": product.listed,
        "updated_at": product.updated_at,
    }  # fmt: skip
