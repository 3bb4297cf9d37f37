"""Items as they leave: pairs without a word on who wrote them, cases with what a moderator needs.

Belongs here: plain dictionaries of services' results. Stays out: the shapes' description (``serializers``).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from vitrina.review.blindness import shown_version
from vitrina.review.comparing import pair_view
from vitrina.review.history import undoable
from vitrina.review.models import Decision, ReviewItem
from vitrina.review.moderating import newest_version
from vitrina.review.results import Decided, Nothing, PairView, Taken
from vitrina.review.second_looks import both_decisions

NOTHING_HEADER = "X-Nothing"


def item_shape(taken: Taken) -> dict[str, Any]:
    """A pair or a case that a person holds."""
    if taken.kind == ReviewItem.Kind.PAIR:
        return pair_shape(pair_view(taken))
    item = ReviewItem.objects.select_related("product__source", "version").get(pk=taken.item_id)
    version = shown_version(item)
    text = None
    if version is not None:
        text = {
            "id": version.pk, "number": version.number, "language": version.language, "title": version.title,
            "body": version.body, "seo_title": version.seo_title, "seo_description": version.seo_description,
            "keywords": version.keywords, "findings": version.grounding.get("findings", []),
        }  # fmt: skip
    return {
        "type": "case", "token": taken.token, "until": taken.until, "item": item.pk, "kind": item.kind,
        "priority": item.priority, "reasons": item.reasons, "details": details_of(item), "product": product_shape(item),
        "text": text, "seen_version": newest_version(item), "created_at": item.created_at,
    }  # fmt: skip


def details_of(item: ReviewItem) -> dict[str, Any]:
    """What a case says besides; one that settles what two people decided differently says what they decided."""
    looks = [
        {"by": name_of(one.decided_by), "action": one.action, "reasons": one.reasons, "comment": one.comment,
         "category": one.category, "edit": one.edit, "created_at": one.created_at}
        for one in both_decisions(item)
    ]  # fmt: skip
    return {**item.details, "looks": looks} if looks else dict(item.details)


def pair_shape(view: PairView) -> dict[str, Any]:
    """What an annotator may see."""
    return {
        "type": "pair", "token": view.token, "until": view.until, "question": view.question, "facts": view.facts,
        "prompt": view.prompt, "language": view.language, "left": view.left, "right": view.right,
        "rationale": view.rationale, "onboarding": view.onboarding, "guidelines": view.guidelines_id,
    }  # fmt: skip


def product_shape(item: ReviewItem) -> dict[str, Any] | None:
    """The product of a case."""
    product = item.product
    if product is None:
        return None
    return {
        "id": product.pk, "source": product.source.slug, "external_id": product.external_id, "title": product.title,
        "brand": product.brand, "price": product.price, "currency": product.currency,
        "attributes": product.attributes,
    }  # fmt: skip


def decided_shape(decided: Decided, following: Taken | Nothing | None) -> dict[str, Any]:
    """A decision, and the next item where it was asked for."""
    feedback = decided.feedback
    nothing = following if isinstance(following, Nothing) else None
    return {
        "decision": decided.decision_id,
        "repeated": decided.repeated,
        "feedback": None if feedback is None else {
            "right": feedback.right, "expected": feedback.expected, "explanation": feedback.explanation
        },
        "next": item_shape(following) if isinstance(following, Taken) else None,
        "nothing": None if nothing is None else {"reason": nothing.reason, "retry_after": nothing.retry_after},
    }  # fmt: skip


def own_shape(decision: Decision, *, newest: bool) -> dict[str, Any]:
    """One of a person's own decisions: sides as shown, never the table's letters."""
    item = decision.item
    shape: dict[str, Any] = {
        "decision": decision.pk, "created_at": decision.created_at, "kind": item.kind, "reasons": decision.reasons,
        "comment": decision.comment, "can_undo": newest and undoable(decision),
    }  # fmt: skip
    pair = item.pair
    if pair is not None:
        left, right = (pair.text_b, pair.text_a) if decision.flip else (pair.text_a, pair.text_b)
        return shape | {"side": decision.shown, "tie_kind": decision.tie_kind, "left": left, "right": right}
    title = item.version.title if item.version is not None else item.product.title if item.product is not None else ""
    return shape | {"action": decision.action, "title": title}


def name_of(user: User | None) -> str | None:
    """How a person is called among moderators."""
    return None if user is None else user.get_full_name() or user.get_username()
