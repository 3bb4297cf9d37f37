"""What a moderator does with the case on the screen: decide, undo, put off, give away; and holding it meanwhile."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.desk.asked import plain, whole
from vitrina.desk.editing import Words
from vitrina.desk.moderation import case as cases
from vitrina.desk.moderation.choosing import corrected
from vitrina.desk.moderation.doubts import doubts_about, facts_for
from vitrina.desk.moderation.listing import Filters, title_of
from vitrina.desk.names import moderators, short_name
from vitrina.desk.posted import posts_from
from vitrina.desk.reasons import REASONS
from vitrina.desk.views.screen import Problem, advance, arrive, person, problem_of, refuse
from vitrina.desk.wording import done_word, problem_words
from vitrina.errors import VitrinaError
from vitrina.review import aside, history, leases
from vitrina.review.errors import Conflict
from vitrina.review.judgement import Judgement
from vitrina.review.models import ReviewItem
from vitrina.review.moderating import assign as give
from vitrina.review.moderating import decide_case

#: Cases of one request about several: four pages of the list.
MOST = 200
_LONGEST_COMMENT = 2_000
#: A rejection ends there, or sends the text back to its writer.
_FOR_REASONS = {"reject", "reprocess"}
_MOST_MS = 6 * 3_600_000


@opens_for(Access.MODERATOR)
@posts_from("moderation_item", "item_id")
def decide(request: HttpRequest, item_id: int) -> HttpResponse:
    """Approve, save an edit, reject with reasons, have it written again; or change what one decided. Then the next."""
    item, filters, user, form = _found(request, item_id), Filters.of(request.GET), person(request), request.POST
    action, comment = form.get("action", ""), plain(form.get("comment"))
    reasons = [code for code in form.getlist("reasons") if code in REASONS] if action in _FOR_REASONS else []
    words = Words.of_form(form) if action == "edit" else None
    wrong = words.problems() if words is not None else []
    if action == "reject" and not reasons:
        wrong = [_("Choose at least one reason.")]
    category = corrected(plain(form.get("category")), item) if action != "reject" else ""
    if category is None:
        wrong.append(_("There is no such category: choose one of the list, or leave the line as it was."))
    if len(comment) > _LONGEST_COMMENT:
        wrong.append(_("The comment is too long: %(n)d characters are allowed.") % {"n": _LONGEST_COMMENT})
    if wrong:
        return refuse(request, filters, item, Problem(" ".join(wrong)), 422)
    judgement = Judgement(
        action, seen_version=whole(form.get("seen"), digits=9), reasons=reasons, comment=comment,
        category=category or "", edit=words.as_edit() if words is not None else None,
        active_ms=min(whole(form.get("active_ms")) or 0, _MOST_MS) or None,
    )  # fmt: skip
    try:
        if (former := whole(form.get("change"))) is not None:
            made = history.revise_case(user, former, judgement)
        else:
            made = decide_case(user, _token(form.get("token")), judgement)
    except VitrinaError as error:
        item.refresh_from_db()
        return refuse(request, filters, item, *problem_of(person(request), error, item, filters))
    messages.success(request, f"{done_word(action)}: {title_of(item)}", extra_tags=f"undo:{made.decision_id}")
    return advance(request, filters, item, decided=made)


@opens_for(Access.MODERATOR)
@posts_from("moderation")
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was decided within the last minute: one case, which is shown again, or all of a bulk."""
    filters, user = Filters.of(request.GET), person(request)
    sent = map(whole, request.POST.get("decisions", "").split(",")[:MOST])
    wanted = [pk for pk in sent if pk is not None]
    if len(wanted) > 1:
        undone, standing = history.undo_many(user, wanted)
        if undone:
            words = ngettext("%(n)d decision is taken back.", "%(n)d decisions are taken back.", undone)
            messages.info(request, words % {"n": undone})
        if standing:
            words = ngettext("%(n)d decision stands.", "%(n)d decisions stand.", len(standing))
            messages.warning(request, words % {"n": len(standing)}, extra_tags="stays")
        return arrive(request, filters, None)
    own = [decision for decision in history.last_decisions(user) if decision.item.kind != ReviewItem.Kind.PAIR]
    last = [decision for decision in own if not wanted or decision.pk in wanted]
    try:
        if not last:
            raise Conflict("There is nothing to undo.")
        history.undo(user, decision_id=last[0].pk)
    except VitrinaError as error:
        return refuse(request, filters, None, *problem_of(person(request), error, None, filters))
    item = cases.find(user, last[0].item_id)
    messages.info(request, _("Taken back: %(title)s") % {"title": title_of(item) if item is not None else ""})
    return arrive(request, filters, item)


@opens_for(Access.MODERATOR)
@posts_from("moderation_item", "item_id")
def later(request: HttpRequest, item_id: int) -> HttpResponse:
    """Put the case off: others get it, and this person sees it again when they ask."""
    item, filters = _found(request, item_id), Filters.of(request.GET)
    try:
        aside.skip(person(request), _token(request.POST.get("token")))
    except VitrinaError as error:
        return refuse(request, filters, item, *problem_of(person(request), error, item, filters))
    messages.info(request, _("Put off: %(title)s") % {"title": title_of(item)})
    return advance(request, filters, item)


@opens_for(Access.MODERATOR)
@posts_from("moderation")
def show_again(request: HttpRequest) -> HttpResponse:
    """What the person put off comes again."""
    back = aside.unskip(person(request))
    messages.info(request, ngettext("%(n)d case comes again.", "%(n)d cases come again.", back) % {"n": back})
    return arrive(request, Filters.of(request.GET), None)


@opens_for(Access.MODERATOR)
@posts_from("moderation_item", "item_id")
def assign(request: HttpRequest, item_id: int) -> HttpResponse:
    """Give the case to a moderator, or to nobody in particular. Given away, it leaves the screen."""
    item, filters, user = _found(request, item_id), Filters.of(request.GET), person(request)
    to = next((one for one in moderators() if str(one.pk) == request.POST.get("to")), None)
    try:
        given = give(user, [item.pk], to)
    except VitrinaError as error:
        return refuse(request, filters, item, *problem_of(person(request), error, item, filters))
    if not given:
        return refuse(request, filters, item, Problem(_("This case is decided already.")), 409)
    title = title_of(item)
    if to is None:
        messages.info(request, _("For whoever comes first: %(title)s") % {"title": title})
    else:
        messages.info(request, _("Assigned to %(who)s: %(title)s") % {"who": short_name(to), "title": title})
    if to is None or to == user:
        return arrive(request, filters, cases.find(user, item_id))
    leases.release_all(user)
    return advance(request, filters, item)


@opens_for(Access.MODERATOR)
@require_POST
def beat(request: HttpRequest) -> JsonResponse:
    """The case is in view: it stays the person's for ten more minutes."""
    try:
        until = leases.beat(person(request), _token(request.POST.get("token")))
    except Conflict as error:
        return JsonResponse({"words": problem_words(error)}, status=409)
    return JsonResponse({"until": until.isoformat()})


@opens_for(Access.MODERATOR)
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """The page was left: the case goes back soon, unless the page is there after all."""
    leases.leave(person(request), _token(request.POST.get("token")))
    return HttpResponse(status=204)


@opens_for(Access.MODERATOR)
@require_POST
def check(request: HttpRequest, item_id: int) -> HttpResponse:
    """What the checks doubt in words that are being written."""
    item = _found(request, item_id)
    words = Words.of_form(request.POST)
    context = {"doubts": doubts_about(words, facts_for(item)), "problems": words.problems()}
    return render(request, "desk/moderation/_doubts.html", context)


def _found(request: HttpRequest, item_id: int) -> ReviewItem:
    item = cases.find(person(request), item_id, to_decide=True)
    if item is None:
        raise Http404
    return item


def _token(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)  # nobody holds it: the service says so
