"""The first page after signing in: what there is to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access, Role, roles_of


@opens_for(Access.SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """Moderators go to their queue; others are told what their role opens."""
    if Role.MODERATOR in roles_of(request.user):
        return redirect("moderation")
    return render(request, "desk/home.html")
