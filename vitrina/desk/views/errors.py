"""Pages for what went wrong: plain words, never a stack trace."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """A role is lacking, or a form was too old."""
    return render(request, "desk/forbidden.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """There is no such page or item."""
    return render(request, "desk/not_found.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """A fault of ours; the log has the details."""
    return render(request, "desk/failed.html", status=500)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """The form was made before the person signed in anew, or by somebody else's page."""
    return render(request, "desk/stale_form.html", status=403)
