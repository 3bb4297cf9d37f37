"""The page on which people make and revoke keys of the API.

Belongs here: the page. Stays out: the same by the API itself (``own``), keys (``vitrina.accounts.tokens``).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.accounts.services import AccountError
from vitrina.accounts.tokens import make_token, revoke_token, tokens_of
from vitrina.desk.asked import plain, whole
from vitrina.desk.refusals import refusal_words

LIVES = (7, 30, 90, 365)  # days


@opens_for(Access.SIGNED_IN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """One's keys; a new one is shown in the answer to the form, this once."""
    if request.method != "POST":
        return _page(request)
    name, days = plain(request.POST.get("name")), whole(request.POST.get("days")) or 0
    try:
        token, secret = make_token(_user(request), name, days=days)
    except AccountError as error:
        return _page(request, status=422, problem=refusal_words(error))
    return _page(request, secret=secret, made=token)


@opens_for(Access.SIGNED_IN)
@require_POST
def revoke(request: HttpRequest, number: UUID) -> HttpResponse:
    """End a key."""
    if revoke_token(_user(request), number):
        messages.success(request, _("The key opens nothing any more."))
    return redirect("keys")


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"keys": tokens_of(_user(request)), "lives": LIVES, **more}
    return render(request, "api/keys.html", context, status=status)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the page opens for people who signed in
    return request.user
