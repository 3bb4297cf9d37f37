"""What every view of the API shares: who may use which method, and checked input.

Belongs here: the base class. Stays out: addresses, answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import translation
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from vitrina.accounts.roles import Access
from vitrina.api.permissions import Opens
from vitrina.api.throttling import PerPerson

__all__ = ["ApiView", "Http404", "allow", "get_object_or_404"]


def allow(**methods: Access) -> Mapping[str, Access]:
    """Method → who may use it."""
    return methods


class ApiView(APIView):
    """A view of the API. ``access`` names every method that it answers."""

    access: ClassVar[Mapping[str, Access]] = {}
    permission_classes = (Opens,)
    throttle_classes = (PerPerson,)
    http_method_names = ("get", "post", "put", "patch", "delete", "head")

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The view with its access on it, where the middleware and the tests look."""
        view = super().as_view(**initkwargs)
        view.access_by_method = dict(cls.access)
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """In English, whatever the caller asks for: half of a problem's words would be in another language else."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """No answer is kept by a browser or a proxy."""
        answer: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["Content-Language"] = "en"
        return answer

    @property
    def person(self) -> User:
        """Who calls; known, since the permission asked."""
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101 - guests were refused
        return user

    def checked(self, shape: type[Serializer], data: Any = None) -> dict[str, Any]:
        """The body (or ``data``) by its shape; raises what becomes a 422."""
        serializer = shape(data=self.request.data if data is None else data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def asked(self, shape: type[Serializer]) -> dict[str, Any]:
        """The query parameters by their shape."""
        return self.checked(shape, self.request.query_params.dict())
