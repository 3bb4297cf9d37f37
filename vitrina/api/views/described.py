"""The description of the API, pages that show it, and what answers where there is nothing.

Belongs here: Swagger UI and ReDoc from the installed package, under policies that they can work with. Stays out: what
is described (``vitrina.api.schema``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.api.views.base import ApiView, Http404, allow


class Schema(ApiView, SpectacularAPIView):
    """The OpenAPI description."""

    access = allow(GET=Access.SIGNED_IN)
    renderer_classes = [OpenApiJsonRenderer]  # noqa: RUF012 - as the base class has it
    serve_public = True

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """As JSON, the same for all roles."""
        return SpectacularAPIView.get(self, request, *args, **kwargs)


class Unknown(ApiView):
    """Addresses that there are not."""

    access = allow(**dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), Access.SIGNED_IN))

    @extend_schema(exclude=True)
    def get(self, request: Request, rest: str) -> Any:  # noqa: ARG002
        """A problem as JSON, where Django would answer with a page."""
        raise Http404

    post = put = patch = delete = get


_BUNDLE = "drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js"
_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"


def _page(policy: dict[str, list[str]]) -> Callable[[Callable[..., HttpResponseBase]], Any]:
    def wrap(view: Callable[..., HttpResponseBase]) -> Any:
        return opens_for(Access.SIGNED_IN)(csp_update(policy)(view))

    return wrap


@_page({"style-src": [SELF, UNSAFE_INLINE]})
def swagger(request: HttpRequest) -> HttpResponse:
    """Swagger UI. Its components carry style attributes; scripts stay files of our own."""
    return render(request, "api/swagger.html")


@_page({"style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"]})
def redoc(request: HttpRequest) -> HttpResponse:
    """ReDoc."""
    return render(request, "api/redoc.html")


@cache
def _redoc_bundle() -> str:
    """ReDoc's script, whose maker's logo is taken from this desk: the policy loads nothing from elsewhere."""
    found = finders.find(_BUNDLE)
    if not isinstance(found, str):
        raise Http404
    return Path(found).read_text(encoding="utf-8").replace(_LOGO, static("desk/icon.svg"))


@opens_for(Access.SIGNED_IN)
@cache_control(private=True, max_age=86_400)
def redoc_script(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The script of the page."""
    return HttpResponse(_redoc_bundle(), content_type="text/javascript; charset=utf-8")
