"""One's own last answers, and changing one of them.

Belongs here: the page and its form. What it shows is what was on the screen then: left, right, tie; never a canonical
side. Stays out: superseding (``vitrina.review.history``).
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.comparison import own, screen, words
from vitrina.comparison.facts import facts_of
from vitrina.comparison.reasons import ANSWERS, REASONS, SIDES, answer_of, known_reasons, label_of
from vitrina.comparison.rendering import text_html
from vitrina.comparison.views.common import person
from vitrina.comparison.views.work import LONGEST_COMMENT
from vitrina.desk.asked import plain
from vitrina.desk.posted import posts_from
from vitrina.review.comparing import as_shown, view_of
from vitrina.review.errors import Conflict, Forbidden, NotDecidable
from vitrina.review.history import CHANGEABLE, last_decisions, revise_pair
from vitrina.review.models import Batch, Decision, ReviewItem


@opens_for(Access.SIGNED_IN)
@never_cache
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """The last twenty."""
    return render(request, "comparison/history.html", _context(request))


@opens_for(Access.SIGNED_IN)
@posts_from("compare_history")
def revise(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Change one: the former answer is kept and superseded."""
    answer = request.POST.get("answer", "")
    comment = plain(request.POST.get("comment"), LONGEST_COMMENT)
    reasons = known_reasons(request.POST.getlist("reasons"))
    try:
        if answer not in SIDES:
            raise NotDecidable("There is no such answer.")
        side, tie_kind = SIDES[answer]
        revise_pair(person(request), decision_id, side=side, tie_kind=tie_kind, reasons=reasons, comment=comment)
    except (Forbidden, NotDecidable) as error:
        status = 403 if isinstance(error, Forbidden) else 409 if isinstance(error, Conflict) else 422
        typed = {"typed_for": decision_id, "typed": comment, "said": words.of_error(error)}
        return render(request, "comparison/history.html", _context(request) | typed, status=status)
    messages.success(request, _("Changed: %(answer)s.") % {"answer": label_of(ANSWERS, answer)})
    return redirect("compare_history")


def _context(request: HttpRequest) -> dict[str, Any]:
    user = person(request)
    pairs = [one for one in last_decisions(user) if one.item.kind == ReviewItem.Kind.PAIR]
    return {
        "section": "compare", "rows": [_row(one) for one in pairs], "numbers": own.own_numbers(user),
        "answers": ANSWERS, "reasons": REASONS, "longest_comment": LONGEST_COMMENT, "changeable": CHANGEABLE,
    }  # fmt: skip


def _row(decision: Decision) -> dict[str, Any]:
    view, batch = view_of(decision), decision.item.batch
    # A vote that was brought from elsewhere was never on the screen: it stands as the table has it.
    answer = answer_of(decision.shown or as_shown(decision.choice, bool(decision.flip)), decision.tie_kind)
    return {
        "id": decision.pk,
        "made": decision.created_at,
        "question": screen.question(batch) if batch is not None else "",
        "batch": batch.name if batch is not None else "",
        "answer": answer,
        "label": label_of(ANSWERS, answer),
        "reasons": decision.reasons,
        "reason_labels": [label_of(REASONS, code) for code in decision.reasons],
        "comment": decision.comment,
        "facts": facts_of(view.facts),
        "language": view.language,
        "left": text_html(view.left),
        "right": text_html(view.right),
        "changeable": not view.onboarding and batch is not None and batch.state != Batch.State.CLOSED,
    }
