"""The queue: what a person works on next.

Belongs here: taking the next item or a certain one, fetching ahead. Stays out: leases once they are held (``leases``),
skipping and flagging (``aside``), decisions (``comparing``, ``moderating``).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef

from vitrina.review.access import ADMIN, MODERATION_KINDS, MODERATOR, require, require_item, require_work, roles
from vitrina.review.blindness import is_barred
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.gold import stopped
from vitrina.review.leases import CASE_SECONDS, SWEPT_BY_NEXT, give_back, sweep_expired
from vitrina.review.models import Batch, Decision, Lease, ReviewItem, SetAside
from vitrina.review.queue_sql import next_case, next_pair, take_one
from vitrina.review.results import Nothing, Taken

_SHORTEST_WAIT, _LONGEST_WAIT = 5, 60  # seconds
#: Before a pair that was passed over is looked for again.
_PASSED_OVER_S = 0.1
_PAIRS = (ReviewItem.Kind.PAIR.value,)


def next_item(
    user: User,
    *,
    batch: Batch | None = None,
    kinds: Sequence[str] | None = None,
    strategy: str | None = None,
    ahead: bool = False,
    assigned: bool = False,
) -> Taken | Nothing:
    """The next pair of a batch, or without a batch the next case of moderation. Asked twice, it gives the same one.

    A batch that was paused meanwhile still gives what the person holds of it.

    Args:
        user: Who works.
        batch: Pairs of this batch; ``None``: cases.
        kinds: Cases of these kinds only (text, price, list).
        strategy: Another order than the batch's own.
        ahead: Fetch one ahead while another is on the screen; asked later without, it is that one.
        assigned: Cases assigned to the person only.

    Raises:
        Forbidden: The person is no moderator, or does not belong to the batch.
    """
    values: dict[str, Any] = {"user": user.pk, "slot": Lease.Slot.AHEAD if ahead else Lease.Slot.CURRENT}
    if batch is not None:
        require_work(user, batch)
        if stopped(user, batch):
            return Nothing("stopped")
        order = str(strategy or batch.strategy)
        if order not in Batch.Strategy.values:
            raise NotDecidable(f"There is no order {order}.", hint=f"Known: {', '.join(Batch.Strategy.values)}.")
        statement = next_pair(order)
        values |= {"batch": batch.pk, "kinds": list(_PAIRS), "strategy": order}
    else:
        require(user, MODERATOR)
        chosen = [kind for kind in MODERATION_KINDS if kinds is None or kind in kinds]
        statement = next_case()
        values |= {"batch": None, "kinds": chosen, "assigned": assigned, "seconds": CASE_SECONDS}
    sweep_expired(most=SWEPT_BY_NEXT)
    locked = False
    for _ in range(4):
        found = _take(statement, values)
        if found is not None:
            return found
        # A lease of another queue fills the slot, or another request of the same person was a moment faster: it took
        # this slot, or fetched ahead the very item that was chosen here.
        given = give_back(user, everything=False, batch=values["batch"], kinds=tuple(values["kinds"]))
        if given or Lease.objects.filter(user=user, slot__gte=values["slot"], ended_at=None).exists():
            continue
        locked = batch is not None and _passed_over(user, batch)
        if not locked:
            break
        time.sleep(_PASSED_OVER_S)
    return _why_nothing(user, batch, values["kinds"], locked=locked)


def claim(user: User, item_id: int) -> Taken:
    """Take a certain item, as by a click in the list; what the person held else is given back.

    Raises:
        Conflict: It is closed, or somebody else holds it.
        Forbidden: See :func:`next_item`.
    """
    item = ReviewItem.objects.select_related("batch").filter(pk=item_id).first()
    if item is None or is_barred(user, item_id):
        raise NotDecidable(f"There is no review item {item_id}.")
    require(user, MODERATOR)
    require_item(user, item)
    sweep_expired(most=SWEPT_BY_NEXT)
    found = _hold(user, item_id, cases_only=False)
    if found is not None:
        return found
    item.refresh_from_db()
    if item.state != ReviewItem.State.OPEN:
        raise Conflict(f"Item {item_id} is closed already: {item.state}.", reason="closed", state=item.state)
    holder = Lease.objects.filter(item=item, ended_at=None).select_related("user").first()
    who = holder.user.get_full_name() or holder.user.get_username() if holder is not None else None
    raise Conflict(f"Item {item_id} is held by {who or 'somebody else'}.", reason="held", state=item.state, by=who)


def claim_first(user: User, item_ids: Iterable[int]) -> Taken | None:
    """Take the first of these cases that is still free: the next one of a list that the person filtered.

    Raises:
        Forbidden: The person is no moderator.
    """
    require(user, MODERATOR)
    sweep_expired(most=SWEPT_BY_NEXT)
    held = (_hold(user, item_id, cases_only=True) for item_id in item_ids)
    return next((taken for taken in held if taken is not None), None)


def holders(item_ids: Sequence[int]) -> dict[int, tuple[User, datetime]]:
    """Item → who holds it, and until when: for lists of moderators."""
    live = Lease.objects.filter(item__in=item_ids, ended_at=None, until__gt=datetime.now(UTC)).select_related("user")
    return {lease.item_id: (lease.user, lease.until) for lease in live}


def _hold(user: User, item_id: int, *, cases_only: bool) -> Taken | None:
    """The person's lease of an open item, or a new one for which all others of theirs are given back."""
    with transaction.atomic():
        live = Lease.objects.select_for_update(of=("self",)).filter(user=user, item=item_id, ended_at=None)
        mine = live.select_related("item").first()
        if mine is not None and mine.item.state == ReviewItem.State.OPEN and mine.slot == Lease.Slot.CURRENT:
            return _taken((mine.token, item_id, mine.item.kind, mine.item.batch_id, mine.slot, mine.flip,
                           mine.rationale, mine.until, False))  # fmt: skip
        give_back(user, everything=True)
        values = {"user": user.pk, "slot": Lease.Slot.CURRENT, "item": item_id, "seconds": CASE_SECONDS}
        return _take(take_one(), values | {"cases_only": cases_only, "settles": ADMIN in roles(user)})


def _take(statement: str, values: dict[str, Any]) -> Taken | None:
    """Run one statement of the queue; ``None`` also where another window of the person was faster."""
    guard: AbstractContextManager[Any] = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with guard, connection.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
    except IntegrityError:
        return None
    return _taken(row) if row is not None else None


def _taken(row: tuple[Any, ...]) -> Taken:
    token, item, kind, batch, slot, flip, rationale, until, fresh = row
    return Taken(token, item, kind, batch, slot == Lease.Slot.AHEAD, flip, rationale, until, fresh)


def _passed_over(user: User, batch: Batch) -> bool:
    """Whether a pair is free for the person after all: rows that another transaction locks are skipped, be it only for
    the moment in which somebody else's decision on them is written."""
    mine = {"user": user, "item": OuterRef("pk")}
    return ReviewItem.objects.filter(
        ~Exists(Decision.objects.filter(decided_by=user, superseded_by=None, undone_at=None, item=OuterRef("pk"))),
        ~Exists(SetAside.objects.filter(**mine)),
        ~Exists(Lease.objects.filter(ended_at=None, **mine)),
        batch=batch, batch__state=Batch.State.OPEN, part=ReviewItem.Part.WORK, kind__in=_PAIRS,
        state=ReviewItem.State.OPEN, need__gt=F("done") + F("held"),
    ).exists()  # fmt: skip


def _why_nothing(user: User, batch: Batch | None, kinds: Sequence[str], *, locked: bool) -> Nothing:
    if batch is not None and Batch.objects.filter(pk=batch.pk, state=Batch.State.OPEN).first() is None:
        return Nothing("paused")
    mine = {"item": OuterRef("item")}
    others = Lease.objects.filter(
        ~Exists(Decision.objects.filter(decided_by=user, superseded_by=None, undone_at=None, **mine)),
        ~Exists(SetAside.objects.filter(user=user, **mine)),
        ended_at=None, item__batch=batch, item__kind__in=kinds, item__state=ReviewItem.State.OPEN,
        item__part=ReviewItem.Part.WORK,
    ).exclude(user=user)  # fmt: skip
    first = others.order_by("until").values_list("until", flat=True).first()
    if first is None:
        return Nothing("all-held", _SHORTEST_WAIT) if locked else Nothing("done")
    wait = int((first - datetime.now(UTC)).total_seconds()) + 1
    return Nothing("all-held", min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT))
