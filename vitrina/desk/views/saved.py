"""A moderator's own views of the list: saved beside it, named and removed on a page of their own."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.desk.asked import whole
from vitrina.desk.moderation import case as cases
from vitrina.desk.moderation import listing, saved
from vitrina.desk.moderation.listing import Filters
from vitrina.desk.posted import posts_from
from vitrina.desk.views.screen import Problem, arrive, person, refuse
from vitrina.review.models import SavedView


@opens_for(Access.MODERATOR)
@require_safe
def views(request: HttpRequest) -> HttpResponse:
    """The person's own views, to be named otherwise or removed."""
    own = saved.views_of(person(request))
    rules, sources = (dict(listing.rules_in_use()), dict(listing.sources_in_use())) if own else ({}, {})
    shown = [(one, saved.told(one.filters, rules, sources)) for one in own]
    context = {"section": "moderation", "views": shown, "most": saved.MOST, "longest": saved.LONGEST_NAME}
    return render(request, "desk/moderation/views.html", context)


@opens_for(Access.MODERATOR)
@posts_from("moderation")
def keep(request: HttpRequest) -> HttpResponse:
    """Save the filters of the address under a name; what is open stays open."""
    filters, user = Filters.of(request.GET), person(request)
    here = cases.find(user, open_now) if (open_now := whole(request.POST.get("here"))) is not None else None
    try:
        view = saved.keep(user, request.POST.get("name", ""), request.GET)
    except saved.NotKept as error:
        return refuse(request, filters, here, Problem(str(error)), 422)
    messages.success(request, _("The view is saved: %(name)s") % {"name": view.name})
    return arrive(request, filters, here)


@opens_for(Access.MODERATOR)
@posts_from("moderation_views")
def name(request: HttpRequest, view_id: int) -> HttpResponse:
    """Call a view otherwise."""
    try:
        saved.rename(person(request), view_id, request.POST.get("name", ""))
    except SavedView.DoesNotExist:
        raise Http404 from None
    except saved.NotKept as error:
        messages.error(request, str(error), extra_tags="stays")
    else:
        messages.success(request, _("The view has another name."))
    return redirect("moderation_views")


@opens_for(Access.MODERATOR)
@posts_from("moderation_views")
def remove(request: HttpRequest, view_id: int) -> HttpResponse:
    """Remove a view; the cases that it showed stay."""
    try:
        removed = saved.remove(person(request), view_id)
    except SavedView.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The view is removed: %(name)s") % {"name": removed})
    return redirect("moderation_views")
