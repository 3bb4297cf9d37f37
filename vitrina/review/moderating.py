"""Deciding cases at the desk: approve, edit, reject, have written again.

Belongs here: decisions by moderators with a lease or in bulk, assignment. Stays out: what they change in the catalogue
(``effects``, applied by the publication's consumer after the window for undoing), changing one's mind (``history``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from vitrina.errors import VitrinaError
from vitrina.review import effects, second_looks
from vitrina.review.access import MODERATOR, require, roles
from vitrina.review.blindness import barred, bases, is_barred, shown_newest
from vitrina.review.comparing import free_place
from vitrina.review.errors import Conflict, Forbidden, NotDecidable
from vitrina.review.judgement import Judgement
from vitrina.review.leases import end, give_back, locked, locked_item
from vitrina.review.models import Decision, Lease, ReviewItem
from vitrina.review.outbox import tell
from vitrina.review.results import Decided
from vitrina.review.services import close, closed_by


def decide_case(user: User, token: UUID, judgement: Judgement) -> Decided:
    """Decide a case by the token of its lease. The same judgement sent twice is one decision.

    Raises:
        Conflict: Decided meanwhile (by the person too, in other words), overtaken, or no longer free.
        Forbidden: The person is no moderator.
        NotDecidable: It cannot be meant of this case.
    """
    require(user, MODERATOR)
    judgement.check()
    with transaction.atomic():
        lease = locked(user, token)
        if lease.ended_as == Lease.End.DECIDED:
            return _repeated(lease, judgement)
        item = locked_item(lease.item_id)
        _check_state(item, judgement.seen_version)
        lease = free_place(lease, item)
        end(lease, Lease.End.DECIDED)
        return _write(user, item, judgement, lease=lease)


def decide_many(
    user: User, items: Iterable[tuple[int, int | None]], judgement: Judgement
) -> tuple[list[Decided], dict[int, VitrinaError]]:
    """Approve, reject or reprocess several cases: (item, version seen) each. What somebody else holds is left.

    Returns:
        Decisions, and item → why it was left as it is.
    """
    require(user, MODERATOR)
    if judgement.action == "edit":
        raise NotDecidable("Several texts cannot be edited at once.")
    judgement.check()
    done: list[Decided] = []
    failed: dict[int, VitrinaError] = {}
    for item_id, seen in items:
        try:
            done.append(decide_unheld(user, item_id, replace(judgement, seen_version=seen)))
        except VitrinaError as error:
            failed[item_id] = error
    return done, failed


def decide_unheld(user: User, item_id: int, judgement: Judgement) -> Decided:
    """Decide a case without taking it first, as a list or a product's page does.

    Raises:
        Conflict: Somebody else holds it, it is closed, or the text has changed since.
        Forbidden: The person is no moderator.
        NotDecidable: It cannot be meant of this case.
    """
    require(user, MODERATOR)
    judgement.check()
    with transaction.atomic():
        lease = Lease.objects.select_for_update().filter(item=item_id, ended_at=None).first()
        own = lease if lease is not None and lease.user_id == user.pk else None
        if own is not None:
            end(own, Lease.End.DECIDED)
        elif lease is not None and lease.until <= datetime.now(UTC):
            end(lease, Lease.End.EXPIRED)
        item = ReviewItem.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
        if item is None or item.kind == ReviewItem.Kind.PAIR or is_barred(user, item_id):
            raise NotDecidable(f"There is no case {item_id}.")
        _check_state(item, judgement.seen_version)
        if item.done + item.held >= item.need:
            raise Conflict(f"Item {item_id} is held by somebody else.", reason="held", state=item.state)
        return _write(user, item, judgement, lease=own)


def assign(moderator: User, item_ids: Sequence[int], to: User | None) -> int:
    """Give open cases to a moderator, or to nobody in particular; returns how many.

    What that moderator decided about before stays anybody's and counts all the same: a refusal would tell who gives it
    away what it is.
    """
    require(moderator, MODERATOR)
    if to is not None and MODERATOR not in roles(to):
        raise Forbidden("Cases can be given to moderators only.")
    cases = ReviewItem.objects.filter(pk__in=item_ids, state=ReviewItem.State.OPEN).exclude(kind=ReviewItem.Kind.PAIR)
    cases = cases.exclude(barred(moderator))
    kept = cases.filter(barred(to)).count() if to is not None else 0
    return kept + (cases if to is None else cases.exclude(barred(to))).update(assignee=to)


def hand_back(user: User) -> int:
    """What was given to somebody who leaves, or moderates no more, is anybody's again; what they hold is free.

    Returns:
        How many cases waited for them.
    """
    give_back(user, everything=True)
    waiting = ReviewItem.objects.filter(assignee=user, state__in=[ReviewItem.State.OPEN, ReviewItem.State.FLAGGED])
    return waiting.update(assignee=None)


def newest_version(item: ReviewItem) -> int | None:
    """Number of the newest text of a case's product, as it may be shown: what a page keeps as ``seen_version``."""
    if item.kind != ReviewItem.Kind.TEXT or item.product_id is None:
        return None
    from vitrina.content.models import ContentVersion

    last: int | None = ContentVersion.objects.filter(product=item.product_id).aggregate(last=Max("number"))["last"]
    return shown_newest(item, last, bases([item]).get(item.pk))


def _check_state(item: ReviewItem, seen: int | None) -> None:
    if item.kind == ReviewItem.Kind.PAIR:
        raise NotDecidable(f"Item {item.pk} is a pair to compare.")
    if item.state != ReviewItem.State.OPEN:
        who = closed_by(item)
        raise Conflict(f"Item {item.pk} is closed already: {item.state}{who}.", reason="closed", state=item.state,
                       by=who.removeprefix(" by ") or None)  # fmt: skip
    require_newest(item, seen)


def require_newest(item: ReviewItem, seen: int | None) -> None:
    """Raises :class:`Conflict` where a newer text of the product stands than the one that was seen."""
    newest = newest_version(item)
    if seen is not None and newest is not None and newest != seen:
        raise Conflict(f"The text has changed since: version {newest} stands.", reason="newer_version",
                       state=item.state, version=newest)  # fmt: skip


def _write(user: User, item: ReviewItem, judgement: Judgement, *, lease: Lease | None) -> Decided:
    """Keep the decision on a locked case; the lease under which it was made has been ended."""
    effects.check(item, judgement.action, judgement.category or None)
    seen = judgement.seen_version
    decision = Decision.objects.create(
        item=item, **judgement.columns(), active_ms=judgement.active_ms,
        seen={"version": seen} if seen is not None else {}, lease=lease, decided_by=user,
    )  # fmt: skip
    close(item, judgement.action, judgement.comment)
    second_looks.settle(decision, item)
    tell(decision, item, at_once=False)
    return Decided(decision.pk, item.pk)


def _repeated(lease: Lease, judgement: Judgement) -> Decided:
    standing = Decision.objects.filter(lease=lease, superseded_by=None, undone_at=None).first()
    said = judgement.columns()
    if standing is None or any(getattr(standing, name) != value for name, value in said.items()):
        hint = "Change it in your last decisions."
        raise Conflict("You decided this case otherwise.", hint=hint, reason="answered")
    return Decided(standing.pk, standing.item_id, repeated=True)
