"""The comparison screen: batches to work on, the pair, answers, skipping, reporting, undoing.

Belongs here: reading a request, calling one service, answering. An answer comes back with the next pair: to htmx as a
part of the page, without scripts as a redirect. Stays out: rules (``vitrina.review``), what is shown (``screen``).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison import own, screen, words
from vitrina.comparison.reasons import ANSWERS, FIXED_KEYS, KEYS, REPORTS, SIDES, known_reasons, label_of
from vitrina.comparison.rendering import guidelines_html
from vitrina.comparison.views.common import person, task_rows
from vitrina.desk.asked import plain, whole
from vitrina.desk.posted import posts_from
from vitrina.review import aside, history, leases
from vitrina.review.comparing import decide_pair
from vitrina.review.errors import Conflict, Forbidden, NotDecidable, TooLate
from vitrina.review.models import Batch, ReviewItem
from vitrina.review.queue import next_item
from vitrina.review.results import Decided

LONGEST_COMMENT = 2_000
#: A pair in view for longer was not looked at all that time.
_LONGEST_MS = 3_600_000


@opens_for(Access.SIGNED_IN)
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Batches that the person may work on, and what they did today."""
    user = person(request)
    context = {"section": "compare", "rows": task_rows(user), "numbers": own.own_numbers(user)}
    return render(request, "comparison/batches_of_mine.html", context)


@opens_for(Access.SIGNED_IN)
@never_cache
@require_GET
def pair(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The pair that the person holds, or the next one; asked again, the same."""
    batch = _batch(batch_id)
    try:
        found = next_item(person(request), batch=batch)
    except Forbidden as error:
        return _problem(request, batch, error)
    return _show(request, batch, screen.shown(person(request), batch, found))


@opens_for(Access.SIGNED_IN)
@never_cache
@require_GET
def explained(request: HttpRequest, batch_id: int, decision_id: int) -> HttpResponse:
    """An onboarding pair with its right answer, for who answered it."""
    batch = _batch(batch_id)
    try:
        return _show(request, batch, screen.explained(person(request), batch, decision_id))
    except NotDecidable:
        return redirect("compare_pair", batch_id=batch.pk)


@opens_for(Access.SIGNED_IN)
@posts_from("compare_pair", "batch_id")
def answer(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Save an answer, a skip or a report, and give the next pair."""
    batch, user = _batch(batch_id), person(request)
    said, place = request.POST.get("answer", ""), _place(request)
    try:
        token = _token(request)
        if report := request.POST.get("report"):
            if label_of(REPORTS, report) == report:
                raise NotDecidable("There is no such report.")
            aside.flag(user, token, reason=report, comment=_comment(request))
            saved = _("Reported: nobody gets this pair until a moderator has looked.")
        elif said == "skip":
            aside.skip(user, token)
            saved = _("Left to others.")
        elif said in SIDES:
            decided = _decide(request, token, said)
            if decided.feedback is not None:
                return _explain(request, batch, decided.decision_id)
            saved, place = _("Saved: %(answer)s.") % {"answer": label_of(ANSWERS, said)}, place + 1 if place else None
        else:
            raise NotDecidable("There is no such answer.")
        return _next(request, batch, saved, place=place, undoable=said in SIDES)
    except (Forbidden, NotDecidable) as error:
        return _problem(request, batch, error)


@opens_for(Access.SIGNED_IN)
@posts_from("compare_pair", "batch_id")
def undo(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Take the last answer back and show its pair again."""
    batch, user = _batch(batch_id), person(request)
    try:
        last = next(iter(history.last_decisions(user, limit=1)), None)
        if last is None or last.item.kind != ReviewItem.Kind.PAIR or last.item.batch_id != batch.pk:
            return _next(request, batch, _("There is nothing to undo here."), undoable=False)
        history.undo(user)
    except (Conflict, TooLate) as error:
        return _problem(request, batch, error)
    except (Forbidden, NotDecidable):
        return _next(request, batch, _("There is nothing to undo here."), undoable=False)
    return _next(request, batch, _("Taken back: answer again."), undoable=False)


@opens_for(Access.SIGNED_IN)
@require_POST
def ahead(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Hold the pair after this one, so that the next answer finds it at once. Tells nothing of it."""
    try:
        next_item(person(request), batch=_batch(batch_id), ahead=True)
    except (Forbidden, NotDecidable):
        return HttpResponse(status=403)
    return HttpResponse(status=204)


@opens_for(Access.SIGNED_IN)
@require_POST
def beat(request: HttpRequest, batch_id: int) -> HttpResponse:  # noqa: ARG001 - the token says which pair
    """Hold the pair on the screen for longer."""
    try:
        leases.beat(person(request), _token(request))
    except NotDecidable:
        return HttpResponse(status=409)
    return HttpResponse(status=204)


@opens_for(Access.SIGNED_IN)
@posts_from("compare")
def leave(request: HttpRequest) -> HttpResponse:
    """Give back what is held, and go to the list."""
    leases.release_all(person(request))
    return redirect("compare")


@opens_for(Access.SIGNED_IN)
@require_POST
def left(request: HttpRequest) -> HttpResponse:
    """The page was left by a link, or closed: the pair goes back soon, unless the page is there after all."""
    try:
        leases.leave(person(request), _token(request))
    except NotDecidable:
        return HttpResponse(status=422)
    return HttpResponse(status=204)


@opens_for(Access.SIGNED_IN)
@posts_from("compare_pair", "batch_id")
def unskip(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Let the pairs that the person left to others come again."""
    batch = _batch(batch_id)
    aside.unskip(person(request), batch=batch)
    return redirect("compare_pair", batch_id=batch.pk)


def _decide(request: HttpRequest, token: UUID, said: str) -> Decided:
    side, tie_kind = SIDES[said]
    spent = whole(request.POST.get("active_ms"))
    return decide_pair(
        person(request), token, side=side, tie_kind=tie_kind, reasons=known_reasons(request.POST.getlist("reasons")),
        comment=_comment(request),
        active_ms=min(spent, _LONGEST_MS) if spent is not None else None,
    )  # fmt: skip


def _next(request: HttpRequest, batch: Batch, saved: str, *, place: int | None = None, undoable: bool) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, saved)
        return redirect("compare_pair", batch_id=batch.pk)
    batch.refresh_from_db()
    user = person(request)
    try:
        context = screen.shown(user, batch, next_item(user, batch=batch), place=place)
    except Forbidden as error:
        return _problem(request, batch, error)
    return _show(request, batch, context | {"saved": saved, "undoable": undoable})


def _explain(request: HttpRequest, batch: Batch, decision_id: int) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("compare_explained", batch_id=batch.pk, decision_id=decision_id)
    return _show(request, batch, screen.explained(person(request), batch, decision_id))


def _show(request: HttpRequest, batch: Batch, context: dict[str, Any]) -> HttpResponse:
    context |= {"section": "compare", "longest_comment": LONGEST_COMMENT, "part": bool(request.htmx)}  # type: ignore[attr-defined]
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "comparison/_work.html", context)
    else:
        rules = batch.guidelines
        body = rules.body_ru if request.LANGUAGE_CODE == "ru" else rules.body_en  # type: ignore[attr-defined]
        context |= {"batch": batch, "rules": rules, "rules_html": guidelines_html(body)}
        context |= {"screen": "compare", "keys": KEYS, "fixed_keys": FIXED_KEYS}
        response = render(request, "comparison/screen.html", context)
    if context["mode"] == "nothing":
        response["X-Queue-State"] = context["reason"]
        if context["retry_after"]:
            response["Retry-After"] = str(context["retry_after"])
    return response


def _problem(request: HttpRequest, batch: Batch, error: Exception) -> HttpResponse:
    """409, 422 or 403 in plain words, with what was typed."""
    status = 403 if isinstance(error, Forbidden) else 409 if isinstance(error, Conflict | TooLate) else 422
    context = {
        "section": "compare", "said": words.of_error(error), "batch_id": batch.pk, "status": status,
        "late": isinstance(error, TooLate), "forbidden": status == 403, "comment": _comment(request),
    }  # fmt: skip
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "comparison/problem.html", context, status=status)
    response = render(request, "comparison/_problem.html", context, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#problem", "innerHTML"
    return response


def _batch(batch_id: int) -> Batch:
    return get_object_or_404(Batch.objects.select_related("guidelines"), pk=batch_id)


def _token(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("token", ""))
    except ValueError:
        raise NotDecidable("The token of the pair is lacking.") from None


def _comment(request: HttpRequest) -> str:
    return plain(request.POST.get("comment"), LONGEST_COMMENT)


def _place(request: HttpRequest) -> int | None:
    return whole(request.POST.get("place"), digits=7)
