"""Addresses that only take forms, and the page on which such a form stands.

Belongs here: the decorator, and the address of the page that somebody looks at. A refused form is shown again under an
address that has no page of its own: whoever loads it, or goes on from it in another language, comes to the page with
the form and to no blank one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def posts_from(page: str, *arguments: str) -> Callable[[View], View]:
    """Take POST only; a GET is sent to the page with the form.

    Args:
        page: Name of that page's address.
        arguments: Which of the view's own arguments it takes.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            if request.method in {"GET", "HEAD"}:
                return redirect(_address(request, posted.form_stands_on, kwargs))  # type: ignore[attr-defined]
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])

        posted.form_stands_on = (page, arguments)  # type: ignore[attr-defined]
        return posted  # type: ignore[return-value]

    return mark


def page_shown(request: HttpRequest) -> str:
    """Where what is shown now can be loaded again: the address asked for, or that of the page with the form."""
    match = request.resolver_match
    stands_on = getattr(match.func, "form_stands_on", None) if match is not None else None
    if match is None or stands_on is None:
        return request.get_full_path()
    return _address(request, stands_on, match.kwargs)


def _address(request: HttpRequest, stands_on: tuple[str, tuple[str, ...]], kwargs: dict[str, Any]) -> str:
    page, arguments = stands_on
    query = request.META.get("QUERY_STRING", "")
    return reverse(page, kwargs={name: kwargs[name] for name in arguments}) + (f"?{query}" if query else "")
