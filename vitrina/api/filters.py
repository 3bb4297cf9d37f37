"""Filters of lists, as query parameters.

Belongs here: django-filter's classes. Stays out: who may see what (the views).
"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet
from rest_framework.request import Request

from vitrina.catalog.models import Product, Publication
from vitrina.content.models import ProcessingLog
from vitrina.review.models import Decision, ReviewItem

_BIG = 2**31 - 1


def _id(field: str, said: str) -> filters.NumberFilter:
    return filters.NumberFilter(field_name=field, min_value=0, max_value=_BIG, label=said, help_text=said)


class ItemFilter(filters.FilterSet):
    """Of items."""

    kind = filters.MultipleChoiceFilter(choices=ReviewItem.Kind.choices)
    state = filters.MultipleChoiceFilter(choices=ReviewItem.State.choices)
    priority = filters.NumberFilter(min_value=0, max_value=100)
    part = filters.ChoiceFilter(choices=ReviewItem.Part.choices)
    batch = _id("batch", "Pairs of this batch.")
    product = _id("product", "Of this product.")
    assignee = filters.CharFilter(
        method="filter_assignee", max_length=254, label="Given to `me`, to `nobody`, or to the moderator of an address."
    )
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte", label="Made since.")

    class Meta:
        model = ReviewItem
        fields: ClassVar[list[str]] = []

    def filter_assignee(self, rows: QuerySet[ReviewItem], _name: str, value: str) -> QuerySet[ReviewItem]:
        """Whose they are."""
        if value == "nobody":
            return rows.filter(assignee=None)
        if value == "me":
            return rows.filter(assignee=self.request.user.pk)
        return rows.filter(assignee__email__iexact=value)


class DecisionFilter(filters.FilterSet):
    """Of decisions."""

    batch = _id("item__batch", "Of this batch.")
    item = _id("item", "Of this item.")
    kind = filters.MultipleChoiceFilter(field_name="item__kind", choices=ReviewItem.Kind.choices)
    action = filters.ChoiceFilter(choices=[(a, a) for a in ("compare", "approve", "edit", "reject", "reprocess")])
    annotator = filters.CharFilter(field_name="decided_by__annotator__pseudonym", max_length=32, label="A pseudonym.")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte", label="Made since.")
    until = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt", label="Made before.")
    standing = filters.BooleanFilter(
        method="filter_standing", label="Only those that count (true), or only superseded, undone and void ones."
    )

    class Meta:
        model = Decision
        fields: ClassVar[list[str]] = []

    def filter_standing(self, rows: QuerySet[Decision], _name: str, value: bool) -> QuerySet[Decision]:
        """Whether they count."""
        standing = Q(superseded_by=None, undone_at=None, voided_at=None)
        return rows.filter(standing if value else ~standing)


class ProductFilter(filters.FilterSet):
    """Of products."""

    source = filters.CharFilter(field_name="source__slug", max_length=100, label="Slug of the source.")
    category = filters.CharFilter(field_name="category__category__slug", max_length=120, label="Slug of the category.")
    state = filters.ChoiceFilter(field_name="publication__state", choices=Publication.State.choices)
    listed = filters.BooleanFilter()
    q = filters.CharFilter(field_name="title", lookup_expr="icontains", max_length=200, label="Words of the title.")

    class Meta:
        model = Product
        fields: ClassVar[list[str]] = []


class LogFilter(filters.FilterSet):
    """Of the processing log."""

    status = filters.MultipleChoiceFilter(choices=ProcessingLog.Status.choices)
    type = filters.ChoiceFilter(field_name="processing_type", choices=ProcessingLog.Type.choices)
    product = _id("product", "Of this product.")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte", label="Made since.")

    class Meta:
        model = ProcessingLog
        fields: ClassVar[list[str]] = []


def filtered(kind: type[filters.FilterSet], request: Request, rows: Any) -> Any:
    """The rows that the query of a request asks for.

    Raises:
        ValidationError: A parameter is wrong.
    """
    from rest_framework.serializers import ValidationError

    query = request.query_params
    if any("\0" in value for _, values in query.lists() for value in values):
        raise ValidationError({"query": "Null characters are not allowed."})
    found = kind(query, queryset=rows, request=request)
    if not found.is_valid():
        raise ValidationError({name: [str(e) for e in errors] for name, errors in found.errors.items()})
    return found.qs
