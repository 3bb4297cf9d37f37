"""What all pages of numbers have in common: their tabs, the period, plots by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vitrina.accounts.roles import Access, may_open
from vitrina.numbers import periods


class Tab(NamedTuple):
    """A page of numbers."""

    key: str
    label: str | Promise
    access: Access

    @property
    def url_name(self) -> str:
        """Name of its address."""
        return f"numbers_{self.key}"


TABS = (
    Tab("overview", _("Overview"), Access.MODERATOR),
    Tab("drops", _("Drops"), Access.MODERATOR),
    Tab("templates", _("Templates"), Access.MODERATOR),
    Tab("me", _("My numbers"), Access.SIGNED_IN),
    Tab("people", _("Annotators"), Access.ADMIN),
    Tab("agreement", _("Agreement"), Access.ADMIN),
    Tab("gateway", _("Models"), Access.ADMIN),
)


def tabs(user: User | AnonymousUser) -> list[Tab]:
    """The pages that a person may open."""
    return [tab for tab in TABS if may_open(user, tab.access)]


def page(request: HttpRequest, tab: str, context: dict[str, Any], *, template: str = "") -> HttpResponse:
    """Render a page of numbers with its frame."""
    shown = {"section": "numbers", "tab": tab, "tabs": tabs(request.user), **context}
    return render(request, f"numbers/{template or tab}.html", shown)


def asked_period(request: HttpRequest) -> tuple[periods.Period, dict[str, Any]]:
    """The period of the address, and what the choice needs."""
    chosen = periods.asked(request.GET.get("days"))
    return chosen, {"period": chosen, "periods": periods.CHOICES}


def day_names(days: Sequence[date]) -> list[str]:
    """Days as a plot names them."""
    # Translators: format of a day on an axis, in Django's letters
    form = gettext("M j")
    return [date_format(day, form) for day in days]
