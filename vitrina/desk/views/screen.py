"""The moderation screen as an answer: the whole page, or for htmx what stands between header and foot.

Belongs here: what every view of moderation renders with. Stays out: what was asked for (the views), reading tables
(``vitrina.desk.moderation``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vitrina.desk.editing import LIMITS, WORDS_WANTED, Words
from vitrina.desk.keys import Key
from vitrina.desk.moderation import case as cases
from vitrina.desk.moderation import choosing, listing, saved
from vitrina.desk.moderation.listing import Filters
from vitrina.desk.moderation.past import told_action, why_of
from vitrina.desk.names import moderators, short_name
from vitrina.desk.reasons import REASONS
from vitrina.desk.wording import problem_words
from vitrina.errors import VitrinaError
from vitrina.review.aside import flagged
from vitrina.review.blindness import unseen
from vitrina.review.errors import Conflict, NotDecidable, TooLate
from vitrina.review.history import last_decisions, undoable
from vitrina.review.models import Decision, ReviewItem
from vitrina.review.outbox import UNDO_WINDOW
from vitrina.review.queue import claim, claim_first, holders
from vitrina.review.results import Decided, Taken
from vitrina.review.standing import compared_products

KEYS = (
    Key("next", "KeyJ", gettext_lazy("Next case")),
    Key("former", "KeyK", gettext_lazy("Former case")),
    Key("approve", "KeyA", gettext_lazy("Approve")),
    Key("edit", "KeyE", gettext_lazy("Edit")),
    Key("reject", "KeyR", gettext_lazy("Reject")),
    *(Key(f"reason{n}", f"Digit{n}", words) for n, words in enumerate(REASONS.values(), 1)),
    Key("comment", "KeyC", gettext_lazy("Comment")),
    Key("reprocess", "KeyW", gettext_lazy("Have it written again")),
    Key("assign", "KeyN", gettext_lazy("Assign")),
    Key("later", "KeyS", gettext_lazy("Later")),
    Key("undo", "KeyZ", gettext_lazy("Undo")),
    Key("diff", "KeyD", gettext_lazy("Differences, and back to the text")),
    Key("site", "KeyP", gettext_lazy("As on site, and back to the text")),
    Key("select", "KeyX", gettext_lazy("Select; with Shift: up to here")),
    Key("search", "Slash", gettext_lazy("Search")),
)
FIXED_KEYS = (
    ("Enter", gettext_lazy("Reject, when a reason is chosen")),
    ("Ctrl+Enter", gettext_lazy("Save the edit and approve")),
    ("Esc", gettext_lazy("Back")),
    ("?", gettext_lazy("This list")),
)
TABS = {"text": gettext_lazy("Text"), "diff": gettext_lazy("Differences"), "site": gettext_lazy("As on site"),
        "facts": gettext_lazy("Facts")}  # fmt: skip


#: Header in which the page's script names the list that it shows beside a case: ``?`` and the filters of its address.
LISTED = "Vitrina-Listed"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done, and what stands instead."""

    words: str
    stands: str = ""
    see: str = ""
    following: str = ""
    change: str = ""


def person(request: HttpRequest) -> User:
    """Who asks. Pages of moderation open for people who signed in only."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def address(filters: Filters, item_id: int | None = None, **more: Any) -> str:
    """The address of the list or of a case, with the filters."""
    path = reverse("moderation") if item_id is None else reverse("moderation_item", args=[item_id])
    query = filters.address(**more)
    return f"{path}?{query}" if query else path


def show(
    request: HttpRequest,
    filters: Filters,
    item: ReviewItem | None = None,
    *,
    push: bool = False,
    taken: Taken | None = None,
    decided: Decided | None = None,
    problem: Problem | None = None,
    typed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the screen with a case, which is taken for the person if it is free; or with none.

    Where the browser shows the very list already (the header :data:`LISTED` says so), the answer leaves it out: the
    next case is painted sooner, and the list is renewed afterwards.

    Args:
        request: Of the person.
        filters: Of the list.
        item: What is open on the screen.
        taken: The lease of the case, where it is known already.
        decided: What was decided just now, and can be undone.
        push: Tell htmx to write the case's address into the browser's line.
        problem: Shown in the bar.
        typed: What a refused form held.
        status: Of the answer.
    """
    user = person(request)
    listed = is_htmx(request) and item is not None and not filters.page
    kept = listed and request.headers.get(LISTED) == f"?{filters.address()}"
    context: dict[str, Any] = {
        **(frame_of_case(filters, item) if kept else frame_of_list(request, filters, item)), "list_kept": kept,
        "keys": KEYS, "fixed_keys": FIXED_KEYS, "screen": "moderation", "problem": problem, "typed": typed or {},
        "undo": _undo(user, decided), "reason_choices": [
            (code, words, n) for n, (code, words) in enumerate(REASONS.items(), 1)
        ],
    }  # fmt: skip
    if item is not None:
        context |= _of_case(request, user, item, taken, filters, typed)
    else:
        context["put_off"] = listing.put_off(user)
    if is_htmx(request):
        answer = render(request, "desk/moderation/answer.html", context, status=status)
        if push:
            answer["HX-Push-Url"] = address(filters, item.pk if item is not None else None)
        return answer
    return render(request, "desk/moderation/page.html", context | {"categories": choosing.paths()}, status=status)


def frame_of_case(filters: Filters, item: ReviewItem | None) -> dict[str, Any]:
    """What a case beside its list needs, whether the list comes with it or not."""
    return {
        "section": "moderation", "filters": filters, "query": filters.address(), "item": item, "people": moderators(),
    }  # fmt: skip


def frame_of_list(request: HttpRequest, filters: Filters, item: ReviewItem | None) -> dict[str, Any]:
    """The column with the list."""
    user = person(request)
    count = listing.counts(user)
    return {
        **frame_of_case(filters, item), "kinds": listing.KINDS, "flagged": flagged().count(),
        "views": [(code, name, count[code], filters.address(view=code if code != "all" else "", q=""))
                  for code, name in listing.VIEWS.items()],
        "own_views": saved.views_of(user), "open_count": count["all"], "listed": listing.listed(user, filters, item),
        "rules": listing.rules_in_use(), "sources": listing.sources_in_use(), "bulk_reasons": REASONS.items(),
    }  # fmt: skip


def advance(
    request: HttpRequest, filters: Filters, after: ReviewItem | None, *, decided: Decided | None = None
) -> HttpResponse:
    """Take the next case of the list and show it: at once for htmx, else by its address."""
    user = person(request)
    taken = claim_first(user, listing.following(user, filters, after))
    following = cases.find(user, taken.item_id) if taken is not None else None
    return arrive(request, filters, following, taken=taken, decided=decided)


def arrive(
    request: HttpRequest,
    filters: Filters,
    item: ReviewItem | None,
    *,
    taken: Taken | None = None,
    decided: Decided | None = None,
) -> HttpResponse:
    """Show a case after something was done: PRG for browsers without scripts, one answer for htmx."""
    if is_htmx(request):
        return show(request, filters, item, push=True, taken=taken, decided=decided)
    return redirect(address(filters, item.pk if item is not None else None))


def refuse(
    request: HttpRequest, filters: Filters, item: ReviewItem | None, problem: Problem, status: int
) -> HttpResponse:
    """Say why nothing was done. What was typed stays: htmx swaps only the sentence, a form is filled again."""
    if is_htmx(request):
        answer = render(request, "desk/moderation/_problem.html", {"problem": problem, "item": item}, status=status)
        answer["HX-Retarget"], answer["HX-Reswap"], answer["HX-Push-Url"] = "#problem", "innerHTML", "false"
        return answer
    if item is not None:
        item = cases.find(person(request), item.pk)
    return show(request, filters, item, problem=problem, typed=request.POST, status=status)


def problem_of(user: User, error: VitrinaError, item: ReviewItem | None, filters: Filters) -> tuple[Problem, int]:
    """A refused action in words, with the status of the answer."""
    if isinstance(error, TooLate):
        words = _("More than a minute has passed: this decision can be changed, but no longer undone.")
        return Problem(words, change=reverse("moderation_mine")), 409
    if not isinstance(error, Conflict) or item is None:
        words = _("There is nothing to undo.") if item is None else problem_words(error)
        return Problem(words), 409 if isinstance(error, Conflict) else 422
    state = error.state
    if state.get("reason") == "held":
        holder = holders([item.pk]).get(item.pk)
        state = {**state, "by": short_name(holder[0]) if holder is not None else None}
    words = problem_words(Conflict(str(error), **state))
    see = address(filters, item.pk)
    if state.get("reason") == "newer_version":
        newer = ReviewItem.objects.filter(product=item.product_id, kind=item.kind, state=ReviewItem.State.OPEN)
        latest = newer.exclude(pk=item.pk).order_by("-pk").values_list("pk", flat=True).first()
        see = address(filters, latest or item.pk)
    following = f"{reverse('moderation_next')}?{filters.address(after=item.pk)}"
    return Problem(words, stands=_what_stands(user, item), see=see, following=following), 409


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for, rather than the page."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not getattr(htmx, "history_restore_request", False)


def _of_case(
    request: HttpRequest,
    user: User,
    item: ReviewItem,
    taken: Taken | None,
    filters: Filters,
    typed: Mapping[str, Any] | None,
) -> dict[str, Any]:
    if item.state == ReviewItem.State.OPEN and taken is None:
        try:
            taken = claim(user, item.pk)
        except NotDecidable:
            item = cases.find(user, item.pk) or item
    shown = cases.read(user, item)
    held = holders([item.pk]).get(item.pk) if taken is None and shown.is_open else None
    own = None if shown.is_open else _own_decision(user, item)
    tab = request.GET.get("tab", "")
    if tab not in TABS or (tab == "diff" and shown.former is None):
        tab = "diff" if shown.former is not None else "text"
    editable = item.kind == ReviewItem.Kind.TEXT and item.product_id is not None
    editing = editable and (request.GET.get("edit") == "1" or (typed or {}).get("action") == "edit")
    return {
        "case": shown, "item": item, "lease": taken, "held_by": short_name(held[0]) if held is not None else "",
        "held_until": held[1] if held is not None else None, "own": own, "tab": tab,
        "decidable": taken is not None or own is not None, "editable": editable, "editing": editing,
        "can_approve": item.kind != ReviewItem.Kind.TEXT or item.version_id is not None,
        "tabs": [(code, name) for code, name in TABS.items() if code != "diff" or shown.former is not None],
        "words": Words.of_form(typed) if typed and typed.get("action") == "edit" else shown.words,
        "category_line": (typed or {}).get("category") or choosing.shown_path(item, own),
        "limits": LIMITS, "words_wanted": WORDS_WANTED, "stands": "" if shown.is_open else _what_stands(user, item),
        "following_url": f"{reverse('moderation_next')}?{filters.address(after=item.pk)}",
    }  # fmt: skip


def _what_stands(user: User, item: ReviewItem) -> str:
    """Who decided a closed case, and how; empty for an open one, and where the person must not know it yet."""
    if ReviewItem.objects.filter(unseen(user), pk=item.pk).exists():
        return ""
    last = Decision.objects.filter(item=item, undone_at=None, superseded_by=None).select_related("decided_by")
    decision = last.order_by("-pk").first()
    if decision is None:
        return ""
    who = decision.decided_as or short_name(decision.decided_by)
    why = why_of(decision)
    hidden = item.product_id is not None and bool(compared_products(user, [item.product_id]))
    return f"{who}: {told_action(decision.action, hidden=hidden)}" + (f" ({why})" if why else "")


def _own_decision(user: User, item: ReviewItem) -> Decision | None:
    """The person's decision on a closed case, while they may change it."""
    return next((decision for decision in last_decisions(user) if decision.item_id == item.pk), None)


def _undo(user: User, decided: Decided | None) -> dict[str, Any] | None:
    """The last decision while it can be taken back without a trace."""
    if decided is not None and not decided.repeated:
        return {"decision": decided.decision_id, "seconds": int(UNDO_WINDOW.total_seconds())}
    last = next(iter(last_decisions(user, limit=1)), None)
    if last is None or last.item.kind == ReviewItem.Kind.PAIR or not undoable(last):
        return None
    left = UNDO_WINDOW - (datetime.now(UTC) - last.created_at)
    return {"decision": last.pk, "seconds": max(0, int(left.total_seconds()))}
