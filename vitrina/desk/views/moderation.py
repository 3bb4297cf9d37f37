"""Moderation: the list, one case, the next one, one's last decisions. For moderators."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.desk.asked import whole
from vitrina.desk.moderation import case as cases
from vitrina.desk.moderation.listing import Filters, title_of
from vitrina.desk.reasons import reasons_words
from vitrina.desk.views.screen import advance, frame_of_list, person, show
from vitrina.desk.wording import action_word
from vitrina.review.history import last_decisions, undoable
from vitrina.review.models import ReviewItem


@opens_for(Access.MODERATOR)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The list of open cases, filtered by what stands in the address."""
    if (shorter := _without_empty(request)) is not None:
        return shorter
    return show(request, Filters.of(request.GET))


@opens_for(Access.MODERATOR)
@require_safe
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """One case beside the list; it is the person's for ten minutes, if it is free."""
    if (shorter := _without_empty(request)) is not None:
        return shorter
    found = cases.find(person(request), item_id)
    if found is None:
        raise Http404
    return show(request, Filters.of(request.GET), found)


@opens_for(Access.MODERATOR)
@require_safe
def following(request: HttpRequest) -> HttpResponse:
    """The next free case of the list, after the one that is named."""
    after = whole(request.GET.get("after"))
    current = cases.find(person(request), after) if after is not None else None
    return advance(request, Filters.of(request.GET), current)


@opens_for(Access.MODERATOR)
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone, as it is now: who holds what changes while somebody reads."""
    current = whole(request.GET.get("item"))
    shown = cases.find(person(request), current) if current is not None else None
    return render(request, "desk/moderation/rows.html", frame_of_list(request, Filters.of(request.GET), shown))


@opens_for(Access.MODERATOR)
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The person's last decisions on cases; each can be changed where it is shown."""
    decisions = [
        {
            "item": decision.item_id,
            "title": title_of(decision.item),
            "what": action_word(decision.action),
            "why": "; ".join(filter(None, [reasons_words(decision.reasons), decision.comment])),
            "at": decision.created_at,
            "undoable": undoable(decision),
        }
        for decision in last_decisions(person(request))
        if decision.item.kind != ReviewItem.Kind.PAIR
    ]
    return render(request, "desk/moderation/mine.html", {"section": "moderation", "decisions": decisions})


def _without_empty(request: HttpRequest) -> HttpResponse | None:
    """The same address without filters that say nothing: a form sends all its fields, and people share the address."""
    kept = request.GET.copy()
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    if len(kept) == len(request.GET):
        return None
    return redirect(request.path + (f"?{kept.urlencode()}" if kept else ""))
