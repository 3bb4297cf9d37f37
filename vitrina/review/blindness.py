"""Nobody who may look at a text again learns that somebody decided about it before.

Belongs here: which cases a person is not shown, and how a case of a second look is shown as a first one. Stays out:
what happens to second looks (``second_looks``), blindness of pairs (``comparing``, ``standing``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q

from vitrina.review.access import ADMIN, roles
from vitrina.review.models import Decision, ReviewItem, SecondLook, SetAside

_WAITING = SecondLook.Outcome.WAITING


def barred(user: User) -> Q:
    """Cases that wait and are not for this person, who decided about the text before. To them they do not exist.

    What two decided differently an administrator may settle, even as one of the two: there may be nobody else.
    """
    # All conditions stand inside, so that a list leaves these cases out by one anti-join.
    rows = SetAside.objects.filter(
        item=OuterRef("pk"), user=user, kind=SetAside.Kind.BARRED,
        item__state__in=[ReviewItem.State.OPEN, ReviewItem.State.FLAGGED],
    )  # fmt: skip
    return Q(Exists(rows.exclude(item__look=ReviewItem.Look.SETTLING) if ADMIN in roles(user) else rows))


def is_barred(user: User, item_id: int) -> bool:
    """Whether a case is not for this person."""
    return ReviewItem.objects.filter(barred(user), pk=item_id).exists()


def unseen(user: User) -> Q:
    """Cases that a person is not shown: those of :func:`barred`, and decided ones whose text is looked at again.

    Who decided such a case sees it all the while; the others see it when the second person has decided too.
    """
    waiting = SecondLook.objects.filter(first__item=OuterRef("pk"), outcome=_WAITING)
    own = Decision.objects.filter(item=OuterRef("pk"), decided_by=user)
    return barred(user) | (Q(Exists(waiting)) & ~Q(Exists(own)))


def veiled(user: User, product_ids: Sequence[int]) -> list[SecondLook]:
    """Second looks at texts of these products of whose first decision this person must not learn yet."""
    looks = SecondLook.objects.filter(outcome=_WAITING, item__product__in=product_ids)
    return list(looks.exclude(first__decided_by=user).select_related("item__version", "first__item__version"))


def unheard(user: User, looks: Iterable[SecondLook]) -> Q:
    """Decisions about the texts of these looks that the person must not learn yet."""
    found = list(looks)
    second = Q(item__in=[look.item_id for look in found]) & ~Q(decided_by=user)
    return Q(item__in=[look.first.item_id for look in found]) | second


def veiled_texts(user: User, product_ids: Sequence[int]) -> dict[int, Any]:
    """Texts of these products about which this person must not learn what was decided, by number in the table → as
    whose work each is shown: its own, or for an edit that of the text that was edited.
    """
    found: dict[int, Any] = {}
    for look in veiled(user, product_ids):
        base = look.first.item.version
        if base is not None and look.item.version_id is not None:
            found |= {look.item.version_id: base, base.pk: base}
    return found


def bases(items: Iterable[ReviewItem]) -> dict[int, Any]:
    """Case of a second look at a person's edit → the text that was edited, as which the edit is shown."""
    again = [item.pk for item in items if item.look == ReviewItem.Look.SECOND]
    if not again:
        return {}
    looks = SecondLook.objects.filter(item__in=again, outcome=_WAITING, first__action="edit")
    rows = looks.select_related("item__version", "first__item__version")
    return {look.item_id: look.first.item.version for look in rows if look.item.version is not None}


def shown_version(item: ReviewItem) -> Any:
    """The text of a case as it may be shown: an edit that is looked at again has its own words, and else what the case
    of the edited text showed: number, writer, run, and checks made of the words. Not to be saved.
    """
    base, version = bases([item]).get(item.pk), item.version
    if base is None or version is None:
        return version
    from vitrina.content.facts import ProductFacts
    from vitrina.content.grounding import check

    found = copy.copy(version)
    for name in ("number", "origin", "model", "prompt_version", "templates", "run_id", "author_id", "created_at"):
        setattr(found, name, getattr(base, name))
    try:
        seen = check("\n".join((version.title, version.body)), ProductFacts.from_dict(version.facts))
    except (TypeError, KeyError):  # facts of a former shape
        found.grounding = base.grounding
        return found
    told = ("kind", "surface", "start", "end", "explanation")
    findings = [{name: getattr(finding, name) for name in told} for finding in seen.findings]
    found.grounding = {"score": seen.score, "claims": seen.claims, "findings": findings}
    return found


def shown_newest(item: ReviewItem, newest: int | None, base: Any) -> int | None:
    """Number of the newest text of a case's product as it may be shown; ``base`` of :func:`bases`."""
    own = item.version.number if item.version is not None else None
    return base.number if base is not None and newest == own else newest


def shown_confidence(item: ReviewItem, confidence: float) -> float:
    """How sure the platform is of the category, as it was before somebody confirmed it."""
    if item.look != ReviewItem.Look.SECOND:
        return confidence
    look = SecondLook.objects.filter(item=item, outcome=_WAITING).first()
    return look.confidence if look is not None and look.confidence is not None else confidence
