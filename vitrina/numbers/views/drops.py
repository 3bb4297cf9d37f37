"""Drops with their progress, rows in quarantine, templates. For moderators and administrators."""

from __future__ import annotations

from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.catalog.models import Drop
from vitrina.desk.asked import plain
from vitrina.numbers import drops as figures
from vitrina.numbers import marts, template_success
from vitrina.numbers.views.frame import page

PAGE = 50
STATES = {
    "": _("All"),
    "found": _("Waiting"),
    "unreadable": _("Unreadable"),
    "held": _("Held back"),
    "quarantined": _("With quarantine"),
}


@opens_for(Access.MODERATOR)
def drops(request: HttpRequest) -> HttpResponse:
    """The newest drops first, by state and words."""
    state = plain(request.GET.get("state"))
    words = " ".join(plain(request.GET.get("q")).split())[:200]
    shown = Paginator(figures.drops(state, words), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": shown,
        "drops": figures.progress(list(shown.object_list)),
        "states": STATES.items(),
        "state": state,
        "words": words,
        "marts": marts.standing(figures.MART),
    }
    return page(request, "drops", context)


@opens_for(Access.MODERATOR)
def drop(request: HttpRequest, drop_id: int) -> HttpResponse:
    """One drop: what became of its rows, and the rows in quarantine with reason and raw value."""
    found = get_object_or_404(Drop.objects.select_related("source").defer("confirmed"), pk=drop_id)
    reason = plain(request.GET.get("reason"))
    [progress] = figures.progress([found])
    most = max(found.reasons.values(), default=0) if isinstance(found.reasons, dict) else 0
    context = {
        "drop": found,
        "progress": progress,
        "marts": marts.standing(figures.MART),
        "reasons": [(code, count, count / most if most else 0) for code, count in sorted(
            found.reasons.items(), key=lambda one: -one[1])] if most else [],
        "reason": reason,
        "rows": Paginator(figures.quarantine(found, reason), PAGE).get_page(request.GET.get("page")),
        "raw_limit": figures.RAW,
        "partition": quote(found.key, safe=""),
    }  # fmt: skip
    return page(request, "drops", context, template="drop")


@opens_for(Access.MODERATOR)
def templates(request: HttpRequest) -> HttpResponse:
    """Templates with their success."""
    context = {"templates": template_success.rated(), "marts": marts.standing(template_success.MART)}
    return page(request, "templates", context)
