"""Categories, templates, and the figures of the last days.

Belongs here: requests and answers. Stays out: the tree and the templates' rules (their domains).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vitrina.accounts.roles import Access
from vitrina.api import examples
from vitrina.api.schema import operation
from vitrina.api.serializers.catalogue import (
    CategoryShape,
    NewTemplate,
    StatisticsShape,
    TemplateBody,
    TemplateShape,
)
from vitrina.api.statistics import statistics
from vitrina.api.views.base import ApiView, Http404, allow
from vitrina.api.views.lists import ListView
from vitrina.categories.models import Category
from vitrina.content.models import DescriptionTemplate
from vitrina.content.template_editing import save_template, switch_off_template
from vitrina.review.errors import Conflict


class Categories(ApiView):
    """The tree."""

    access = allow(GET=Access.SIGNED_IN)

    @operation("categories_list", "All categories of the shop's tree", tag="reference",
               answer=CategoryShape(many=True), example=examples.CATEGORY)  # fmt: skip
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """By path."""
        rows = Category.objects.select_related("parent").order_by("path_ru")
        fields = ("slug", "name_ru", "name_tr", "name_en", "path_ru", "needs_review", "is_active")
        return Response([
            {name: getattr(row, name) for name in fields} | {"parent": row.parent.slug if row.parent else None}
            for row in rows
        ])  # fmt: skip


class Templates(ListView):
    """Templates."""

    access = allow(GET=Access.MODERATOR, POST=Access.ADMIN)

    @operation("templates_list", "Templates of descriptions, with how often their texts passed", tag="reference",
               answer=TemplateShape(many=True), example=examples.TEMPLATE, problems=(422,))  # fmt: skip
    def get(self, request: Request) -> Response:
        """Switched-off ones too."""
        return self.answer(request)

    def rows(self) -> Any:
        """All."""
        return DescriptionTemplate.objects.select_related("category")

    def shapes(self, page: list[Any]) -> list[Any]:
        """With figures."""
        return [_template(row) for row in page]

    @operation("templates_create", "Add a template", tag="reference", request=NewTemplate, answer=TemplateShape,
               sends={"name": "dress", "category": "dresses", "content": "Лёгкое платье на каждый день."},
               example=examples.TEMPLATE, status=201, problems=(409,))  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Its name is new."""
        wanted = self.checked(NewTemplate)
        if DescriptionTemplate.objects.filter(name=wanted["name"]).exists():
            raise Conflict(f"There is a template {wanted['name']} already.", hint="PUT changes it.", reason="exists")
        return Response(_template(save_template(wanted)), status=201)


class TemplateOne(ApiView):
    """One template."""

    access = allow(GET=Access.MODERATOR, PUT=Access.ADMIN, DELETE=Access.ADMIN)

    @operation("templates_one", "One template", tag="reference", answer=TemplateShape, example=examples.TEMPLATE,
               problems=(404,))  # fmt: skip
    def get(self, request: Request, name: str) -> Response:  # noqa: ARG002
        """With figures."""
        return Response(_template(self._found(name)))

    @operation("templates_change", "Change a template; one that was switched off is on again", tag="reference",
               request=TemplateBody, sends={"category": "dresses", "content": "Лёгкое платье."}, answer=TemplateShape,
               example=examples.TEMPLATE, problems=(404,))  # fmt: skip
    def put(self, request: Request, name: str) -> Response:  # noqa: ARG002
        """Texts made with it count as stale from now on."""
        self._found(name)
        return Response(_template(save_template(self.checked(TemplateBody) | {"name": name})))

    @operation("templates_switch_off", "Switch a template off; it is never deleted, since texts name it",
               tag="reference", status=204, problems=(404,))  # fmt: skip
    def delete(self, request: Request, name: str) -> Response:  # noqa: ARG002
        """PUT switches it on again."""
        switch_off_template(self._found(name).name)
        return Response(status=204)

    @staticmethod
    def _found(name: str) -> DescriptionTemplate:
        found = DescriptionTemplate.objects.select_related("category").filter(name=name).first()
        if found is None:
            raise Http404
        return found


_DAYS = OpenApiParameter("days", {"type": "integer", "minimum": 1, "maximum": 366, "default": 30})


class _Days(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=366, default=30)


class Statistics(ApiView):
    """Figures."""

    access = allow(GET=Access.MODERATOR)

    @operation("statistics", "Figures of the last days: processings, cost, time, decisions, what waits",
               tag="statistics", answer=StatisticsShape, example=examples.STATISTICS, problems=(422,),
               parameters=[_DAYS])  # fmt: skip
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """30 days by default."""
        return Response(statistics(self.asked(_Days)["days"]))


def _template(row: DescriptionTemplate) -> dict[str, Any]:
    return {
        "name": row.name, "type": row.template_type, "category": row.category.slug if row.category else None,
        "language": row.language, "content": row.content, "facts": row.facts, "is_active": row.is_active,
        "usage_count": row.usage_count, "success_rate": row.success_rate,
    }  # fmt: skip
