"""How people work: one's own numbers for everybody, all people's for administrators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.desk.posted import posts_from
from vitrina.numbers import people as figures
from vitrina.numbers import team
from vitrina.numbers.periods import Period
from vitrina.numbers.svg import Series, bars
from vitrina.numbers.views.frame import asked_period, day_names, page
from vitrina.review.errors import Forbidden


@opens_for(Access.SIGNED_IN)
def me(request: HttpRequest) -> HttpResponse:
    """The reader's own numbers, and those of the team who show theirs, where the reader does so too."""
    assert isinstance(request.user, User)  # noqa: S101 - the page opens for people who signed in
    period, choice = asked_period(request)
    shared = {"team": team.board_for(request.user), "team_days": team.DAYS}
    return page(request, "me", choice | shared | _of(request.user, period, own=True))


@opens_for(Access.SIGNED_IN)
@posts_from("numbers_me")
def show_to_team(request: HttpRequest) -> HttpResponse:
    """Show one's numbers to the team, or no more."""
    assert isinstance(request.user, User)  # noqa: S101 - as above
    try:
        team.show(request.user, to_team=request.POST.get("show") == "1")
    except Forbidden:
        raise Http404 from None
    return redirect("numbers_me")


@opens_for(Access.ADMIN)
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """One person's numbers, with what only administrators see: sides and haste."""
    period, choice = asked_period(request)
    return page(request, "people", choice | _of(get_object_or_404(User, pk=user_id), period, own=False), template="me")


@opens_for(Access.ADMIN)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who decided something in the period."""
    period, choice = asked_period(request)
    fast_ms = figures.too_fast_ms(period)
    found = figures.everybody(period, fast_ms)
    context = {
        "people": found,
        "one_sided": [one for one in found if one.one_sided],
        "too_fast_ms": fast_ms,
        "gold_items": figures.GOLD_ITEMS,
        "most": figures.MOST_PEOPLE,
    }
    return page(request, "people", choice | context)


def _of(user: User, period: Period, *, own: bool) -> dict[str, Any]:
    # Everybody's median is asked for only where haste is shown: it reads all comparisons of the period.
    fast_ms = figures.TOO_FAST_LEAST_MS if own else figures.too_fast_ms(period)
    comparisons, cases = figures.by_day(user, period)
    found = (figures.own_person if own else figures.person)(user, period, fast_ms)
    series = [
        Series(_("comparisons"), [float(count) for count in comparisons], "s1"),
        Series(_("cases of moderation"), [float(count) for count in cases], "s2"),
    ]
    description = _("%(days)d days: %(pairs)d comparisons, %(cases)d cases of moderation.")
    told = description % {"days": period.days, "pairs": sum(comparisons), "cases": sum(cases)}
    return {
        "person": found,
        "plot": bars("days", _("Decisions by day"), told, day_names(period.dates), series),
        "too_fast_ms": fast_ms,
        "gold_items": figures.GOLD_ITEMS,
        "own": own,
    }
