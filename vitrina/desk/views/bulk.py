"""Several cases at once: approve, assign, reject for one reason."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.desk.asked import plain, whole
from vitrina.desk.moderation import case as cases
from vitrina.desk.moderation.listing import Filters, title_of
from vitrina.desk.names import moderators, short_name
from vitrina.desk.posted import posts_from
from vitrina.desk.reasons import REASONS
from vitrina.desk.views.deciding import MOST
from vitrina.desk.views.screen import Problem, advance, arrive, person, refuse
from vitrina.desk.wording import problem_words
from vitrina.errors import VitrinaError
from vitrina.review.errors import Conflict
from vitrina.review.judgement import Judgement
from vitrina.review.models import ReviewItem
from vitrina.review.moderating import assign, decide_many
from vitrina.review.queue import holders


@opens_for(Access.MODERATOR)
@posts_from("moderation")
def bulk(request: HttpRequest) -> HttpResponse:
    """Do one thing with all that is selected; what somebody else holds or what has changed is left and named."""
    filters, user, form = Filters.of(request.GET), person(request), request.POST
    chosen = dict(filter(None, map(_chosen, form.getlist("items")[:MOST])))
    action = form.get("action", "")
    here = cases.find(user, open_now) if (open_now := whole(form.get("here"))) is not None else None
    reasons = [code for code in form.getlist("reasons") if code in REASONS] if action == "reject" else []
    if not chosen:
        return refuse(request, filters, here, Problem(_("Nothing is selected.")), 422)
    if action == "reject" and not reasons:
        return refuse(request, filters, here, Problem(_("Choose at least one reason.")), 422)
    if action == "assign":
        _assign(request, user, list(chosen), form.get("to", ""))
    elif action in {"approve", "reject"}:
        judgement = Judgement(action, reasons=reasons, comment=plain(form.get("comment"), 2_000))
        done, failed = decide_many(user, chosen.items(), judgement)
        _tell(request, action, [one.decision_id for one in done], failed)
    else:
        return refuse(request, filters, here, Problem(_("This action is not known.")), 422)
    if here is not None and here.pk in chosen and action != "assign":
        return advance(request, filters, here)
    return arrive(request, filters, here)


def _chosen(text: str) -> tuple[int, int | None] | None:
    """``item:version`` of a box; the version is empty for what has none."""
    item, _colon, version = text.partition(":")
    pk = whole(item)
    return (pk, whole(version, digits=9)) if pk is not None else None


def _assign(request: HttpRequest, user: User, items: list[int], to: str) -> None:
    person_of = next((one for one in moderators() if str(one.pk) == to), None)
    given = assign(user, items, person_of)
    if person_of is None:
        words = ngettext("%(n)d case is for whoever comes first.", "%(n)d cases are for whoever comes first.", given)
        messages.info(request, words % {"n": given})
    else:
        words = ngettext("%(n)d case is assigned to %(who)s.", "%(n)d cases are assigned to %(who)s.", given)
        messages.info(request, words % {"n": given, "who": short_name(person_of)})


def _tell(request: HttpRequest, action: str, done: list[int], failed: dict[int, VitrinaError]) -> None:
    if done:
        words = (
            ngettext("%(n)d case is approved.", "%(n)d cases are approved.", len(done))
            if action == "approve"
            else ngettext("%(n)d case is rejected.", "%(n)d cases are rejected.", len(done))
        )
        messages.success(request, words % {"n": len(done)}, extra_tags=f"undo:{','.join(map(str, done))}")
    if not failed:
        return
    items = ReviewItem.objects.select_related("version", "product", "drop").in_bulk(list(failed))
    held = holders(list(failed))
    left = []
    for pk, error in failed.items():
        if isinstance(error, Conflict) and pk in held:
            error = Conflict(str(error), reason="held", by=short_name(held[pk][0]))
        left.append(f"{title_of(items[pk]) if pk in items else pk}: {problem_words(error)}")
    words = ngettext("%(n)d case is left as it was.", "%(n)d cases are left as they were.", len(failed))
    shown = left[:5] + (["…"] if len(left) > 5 else [])
    messages.warning(request, " ".join([words % {"n": len(failed)}, *shown]), extra_tags="stays")
