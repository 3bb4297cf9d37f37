"""Items that a person does not want to decide: skipped (not me) and flagged (nobody).

Belongs here: both, and what a moderator makes of flags. Stays out: deciding.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from vitrina.review.access import MODERATOR, require
from vitrina.review.blindness import is_barred
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.leases import end, locked, locked_item
from vitrina.review.models import Batch, Decision, Lease, ReviewItem, SetAside
from vitrina.review.outbox import lock_rows, tell_uncounted


def skip(user: User, token: UUID, *, reason: str = "") -> None:
    """Leave an item to others; the person does not see it again unless they ask (:func:`unskip`).

    Raises:
        Conflict: The person decided or flagged it already.
    """
    with transaction.atomic():
        lease = _undecided(user, token)
        if flagged().filter(item=lease.item_id, user=user).exists():
            raise Conflict("You set this item aside.", reason="set_aside")
        end(lease, Lease.End.SKIPPED)
        _put_aside(lease, SetAside.Kind.SKIP, reason, "")


def unskip(user: User, *, batch: Batch | None = None) -> int:
    """Let skipped items of a batch (or cases of moderation) come again; returns how many."""
    skipped = SetAside.objects.filter(user=user, kind=SetAside.Kind.SKIP, item__batch=batch)
    return skipped.delete()[0]


def flag(user: User, token: UUID, *, reason: str, comment: str = "") -> None:
    """Say that nobody should get this item: it is closed for annotators until a moderator answers.

    The same flag sent twice is one, also when it was answered meanwhile.

    Raises:
        Conflict: The person decided it already, or it is closed: a flag that nobody can answer would wait for ever.
    """
    with transaction.atomic():
        lease = _undecided(user, token)
        if lease.ended_as == Lease.End.FLAGGED:
            return
        state = ReviewItem.objects.values_list("state", flat=True).get(pk=lease.item_id)
        if state not in {ReviewItem.State.OPEN, ReviewItem.State.FLAGGED}:
            raise Conflict("This item is closed already.", reason="closed", state=state)
        end(lease, Lease.End.FLAGGED)
        _put_aside(lease, SetAside.Kind.FLAG, reason, comment)
        ReviewItem.objects.filter(pk=lease.item_id, state=ReviewItem.State.OPEN).update(state=ReviewItem.State.FLAGGED)


def flagged() -> QuerySet[SetAside]:
    """Flags that wait for a moderator, the oldest first."""
    waiting = SetAside.objects.filter(kind=SetAside.Kind.FLAG, resolved_at=None)
    return waiting.select_related("item__pair", "item__batch", "item__product", "user").order_by("id")


def answer_flag(moderator: User, item_id: int, *, reopen: bool, comment: str = "") -> ReviewItem:
    """Open a flagged item again for those who did not flag it, or withdraw it for good: its votes count no more.

    Raises:
        Forbidden: The person is no moderator.
        NotDecidable: The item is not flagged.
    """
    require(moderator, MODERATOR)
    with transaction.atomic():
        # A flagged item gets no further votes. The outbox is locked before the item, here as everywhere.
        votes = list(Decision.objects.filter(item=item_id, superseded_by=None, undone_at=None, voided_at=None))
        lock_rows(vote.pk for vote in votes)
        item = ReviewItem.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
        if item is None or item.state != ReviewItem.State.FLAGGED or is_barred(moderator, item_id):
            raise NotDecidable(f"Item {item_id} is not flagged.")
        newer = ReviewItem.objects.filter(key=item.key, state=ReviewItem.State.OPEN).exists()
        if reopen and newer:
            raise Conflict(f"A newer case stands for {item.key}.", reason="newer_version", state=item.state)
        if reopen:
            item.need = max(item.need, item.done + item.held)
            item.state = ReviewItem.State.OPEN if item.done < item.need else ReviewItem.State.DONE
        else:
            item.state, item.resolution = ReviewItem.State.WITHDRAWN, comment
            for vote in votes:
                tell_uncounted(vote, item, at_once=True)
        item.save(update_fields=["need", "state", "resolution"])
        SetAside.objects.filter(item=item, kind=SetAside.Kind.FLAG, resolved_at=None).update(
            resolved_at=Now(), resolved_by=moderator, resolution=comment
        )
    return item


def _undecided(user: User, token: UUID) -> Lease:
    lease = locked(user, token)
    if lease.ended_as == Lease.End.DECIDED:
        raise Conflict("You decided this item already.", reason="answered")
    locked_item(lease.item_id)
    return lease


def _put_aside(lease: Lease, kind: str, reason: str, comment: str) -> None:
    SetAside.objects.update_or_create(
        item_id=lease.item_id, user_id=lease.user_id,
        defaults={"kind": kind, "reason": reason[:40], "comment": comment, "resolved_at": None},
    )  # fmt: skip
