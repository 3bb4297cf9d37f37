"""The first page after signing in: where the person's work is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access, may_open
from vitrina.desk.context import SECTIONS


@opens_for(Access.SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """To the first section that the role opens; who has none is told so."""
    for section in SECTIONS:
        if section.access is not Access.SIGNED_IN and may_open(request.user, section.access):
            return redirect(section.url_name)
    return render(request, "desk/home.html")
