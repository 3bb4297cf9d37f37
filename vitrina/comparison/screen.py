"""What the comparison screen shows: a pair, an explained answer, or why there is none.

Belongs here: from values of the queue to the context of the templates, and a person's place in the batch. Nothing here
may reach for versions, writers or canonical sides: the only source of a pair is ``PairView``. Stays out: requests.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from vitrina.comparison import own, words
from vitrina.comparison.facts import facts_of
from vitrina.comparison.reasons import ANSWERS, REASONS, REPORTS, answer_of
from vitrina.comparison.rendering import text_html
from vitrina.review.comparing import explained_view, pair_view
from vitrina.review.models import Batch
from vitrina.review.results import Nothing, PairView, Taken
from vitrina.review.standing import shown_size

#: Seconds for which the size of a batch is believed: counting 100,000 items at each answer would cost more than it.
_SIZE_KEPT = 60


def shown(user: User, batch: Batch, found: Taken | Nothing, *, place: int | None = None) -> dict[str, Any]:
    """Context of a pair, or of the card that says why there is none.

    Args:
        user: Who works.
        batch: Whose pair it is.
        found: What the queue gave.
        place: Which pair of the person's this is, where the page knows it; counted otherwise.
    """
    if isinstance(found, Nothing):
        return _nothing(user, batch, found)
    view = pair_view(found)
    number = place if place is not None else own.answered(user, batch) + 1
    return _pair(batch, view) | _place(batch, number) | {"mode": "pair", "rationale": view.rationale}


def explained(user: User, batch: Batch, decision_id: int) -> dict[str, Any]:
    """Context of an onboarding pair after its answer: what is right, and why.

    Raises:
        NotDecidable: That decision is not explained to this person.
    """
    view, decision, feedback = explained_view(user, decision_id)
    right = {"left": "left", "right": "right", "tie": "same"}[feedback.expected]
    given = answer_of(decision.shown, decision.tie_kind)
    return (
        _pair(batch, view)
        | _place(batch, own.answered(user, batch))
        | {"mode": "explained", "feedback": feedback, "given": given, "right_answer": right,
           "explanation": text_html(feedback.explanation)}
    )  # fmt: skip


def question(batch: Batch) -> str:
    """The criterion as a question, in the reader's language."""
    return batch.question_ru if get_language() == "ru" else batch.question_en


def position(number: int, size: int) -> str:
    """What the header shows and the live region says."""
    return _("Pair %(number)d of %(size)d") % {"number": number, "size": max(number, size)}


def _pair(batch: Batch, view: PairView) -> dict[str, Any]:
    return {
        "batch_id": batch.pk,
        "token": str(view.token),
        "question": question(batch),
        "facts": facts_of(view.facts),
        "prompt": view.prompt,
        "sides": [
            {"letter": "A", "id": "a", "answer": "left", "key": "1", "html": text_html(view.left)},
            {"letter": "B", "id": "b", "answer": "right", "key": "4", "html": text_html(view.right)},
        ],
        "text_language": view.language,
        "onboarding": view.onboarding,
        "reasons": REASONS,
        "reports": REPORTS,
        "answers": ANSWERS,
    }


def _place(batch: Batch, number: int) -> dict[str, Any]:
    key = f"comparison-size-{batch.pk}"
    size = cache.get(key)
    if size is None:
        size = shown_size(batch)
        cache.set(key, size, _SIZE_KEPT)
    return {"place": number, "position": position(number, size)}


def _nothing(user: User, batch: Batch, found: Nothing) -> dict[str, Any]:
    said = words.of_nothing(found, batch)
    minutes = -(-found.retry_after // 60) if found.retry_after else 0
    retry = ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes) % {"n": minutes}
    return {
        "mode": "nothing",
        "batch_id": batch.pk,
        "reason": found.reason,
        "retry_after": found.retry_after,
        "retry": retry if found.retry_after else "",
        "said": said,
        "numbers": own.own_numbers(user),
        "position": said.title,
    }
