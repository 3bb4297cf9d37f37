"""Leases by their token: finding, extending and ending them.

Belongs here: what happens to one lease. Stays out: which item comes next (``queue``), what is decided.
Locks are taken in the order lease, then item.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from vitrina.review.errors import Conflict
from vitrina.review.models import Lease, ReviewItem
from vitrina.review.queue_sql import GIVE_BACK, SWEEP

#: How long a moderator holds a case; a batch of pairs has its own figure.
CASE_SECONDS = 600
#: How long an item stays with a person who seems to have left: a page that is only loaded again asks within it.
LEAVE_SECONDS = 15
#: Expired leases that one call of ``next_item`` sweeps at most.
SWEPT_BY_NEXT = 20


def sweep_expired(*, most: int = 10_000) -> int:
    """End leases whose time is over and free their places.

    Returns:
        How many items became free for others.
    """
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, {"most": most})
        return int(cursor.rowcount)


def beat(user: User, token: UUID) -> datetime:
    """Extend what the person holds, on the screen and ahead: called about once a minute while the page is in view.

    Returns:
        Until when the lease of ``token`` stands now.

    Raises:
        Conflict: It has ended; a decision may still be sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_lease l SET until = greatest(until, now() + make_interval(secs => coalesce("
            "(SELECT b.lease_seconds FROM review_reviewitem i JOIN review_batch b ON b.id = i.batch_id "
            "WHERE i.id = l.item_id), %s))) WHERE user_id = %s AND ended_at IS NULL RETURNING token, until",
            [CASE_SECONDS, user.pk],
        )
        held = dict(cursor.fetchall())
    if token not in held:
        raise Conflict("You no longer hold this item.", reason="expired")
    until: datetime = held[token]
    return until


def leave(user: User, token: UUID) -> bool:
    """The page that shows the item was left: give it back soon, unless a ``beat`` says that it is in view after all.

    What the person fetched ahead goes with it.

    A browser tells the same of leaving, of loading again and of closing one of two windows, so nothing ends at once.

    Returns:
        False where the item was not held any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_lease SET until = least(until, now() + make_interval(secs => %s)) "
            "WHERE user_id = %s AND ended_at IS NULL AND EXISTS "
            "(SELECT 1 FROM review_lease l WHERE l.user_id = %s AND l.token = %s AND l.ended_at IS NULL)",
            [LEAVE_SECONDS, user.pk, user.pk, token],
        )
        return bool(cursor.rowcount)


def release(user: User, token: UUID) -> bool:
    """Give an item back undecided; false where it was not held any more."""
    with transaction.atomic():
        lease = Lease.objects.select_for_update().filter(user=user, token=token, ended_at=None).first()
        if lease is not None:
            end(lease, Lease.End.RELEASED)
        return lease is not None


def release_all(user: User) -> int:
    """Give back all that a person holds: on leaving and on logging out. Returns how many items."""
    return give_back(user, everything=True)


def give_back(user: User, *, everything: bool, batch: int | None = None, kinds: tuple[str, ...] = ()) -> int:
    """End the person's leases that do not fit a queue, or all of them."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"user": user.pk, "everything": everything, "batch": batch, "kinds": list(kinds)})
        return int(cursor.rowcount)


def locked(user: User, token: UUID) -> Lease:
    """The lease of a token, locked, whether it has ended or not.

    Raises:
        Conflict: This person was never given that token.
    """
    lease = Lease.objects.select_for_update(of=("self",)).filter(user=user, token=token).first()
    if lease is None:
        raise Conflict("This item was not given to you.", hint="Ask for the next one.", reason="unknown_token")
    return lease


def locked_item(item_id: int) -> ReviewItem:
    """The item, locked, with its batch."""
    return ReviewItem.objects.select_for_update(of=("self",)).select_related("batch").get(pk=item_id)


def end_lapsed(item: ReviewItem) -> None:
    """End leases of a locked item whose time is over, so that their places count as free.

    The order of locks, lease before item, is turned round here: what another transaction is writing is left alone, and
    so nothing ever waits.
    """
    over = Lease.objects.select_for_update(skip_locked=True).filter(item=item, ended_at=None, until__lte=Now())
    lapsed = list(over.values_list("pk", flat=True))
    if lapsed:
        Lease.objects.filter(pk__in=lapsed).update(ended_at=Now(), ended_as=Lease.End.EXPIRED)
        ReviewItem.objects.filter(pk=item.pk).update(held=F("held") - len(lapsed))
        item.held -= len(lapsed)


def end(lease: Lease, how: str) -> None:
    """End a live lease and free its place. An ended one stays as it is, but for how it ended."""
    if lease.ended_at is None:
        ReviewItem.objects.filter(pk=lease.item_id).update(held=F("held") - 1)
        Lease.objects.filter(pk=lease.pk).update(ended_at=Now(), ended_as=how)
    else:
        Lease.objects.filter(pk=lease.pk).update(ended_as=how)
