"""What holds calls of models back now, and why. For administrators."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.errors import VitrinaError
from vitrina.numbers import gateway as figures
from vitrina.numbers.views.frame import page


@opens_for(Access.ADMIN)
def gateway(request: HttpRequest) -> HttpResponse:
    """Breakers, stops, places, budgets, refusals."""
    try:
        return page(request, "gateway", {"gateway": figures.gateway()})
    except VitrinaError as error:
        return page(request, "gateway", {"gateway": None, "original": str(error)})
