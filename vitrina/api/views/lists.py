"""Lists with filters and pages.

Belongs here: the class that a list is made of. Stays out: which rows, which shape.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django_filters import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.api.filters import filtered
from vitrina.api.pagination import ByCursor
from vitrina.api.views.base import ApiView


class ListView(ApiView):
    """A list: ``rows()`` and ``shapes(page)``."""

    pagination_class = ByCursor
    filter_backends: ClassVar[tuple[type, ...]] = ()
    filterset_class: ClassVar[type[FilterSet] | None] = None

    def rows(self) -> Any:
        """All that the caller may see."""
        raise NotImplementedError

    def shapes(self, page: list[Any]) -> list[Any]:
        """The rows of a page as they leave."""
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        """One page."""
        rows = self.rows()
        if self.filterset_class is not None:
            rows = filtered(self.filterset_class, request, rows)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response(self.shapes(page))


class FilteredList(ListView):
    """A list with a ``filterset_class``."""

    filter_backends = (DjangoFilterBackend,)

    def get_queryset(self) -> Any:
        """For the description only: rows that nobody gets."""
        assert self.filterset_class is not None  # noqa: S101 - what the class is for
        return self.filterset_class._meta.model._default_manager.none()
