"""Changing one's mind: undoing the last decision, and changing one of the last twenty.

Belongs here: undo within the window (nothing of it reaches a pipeline), later a decision that supersedes. Stays out:
voiding somebody else's votes (``voiding``). Locks are taken in the order outbox, decision, lease, item.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from vitrina.errors import VitrinaError
from vitrina.review import effects
from vitrina.review.access import MODERATOR, require, require_item
from vitrina.review.comparing import canonical, check_answer, settle
from vitrina.review.errors import Conflict, NotDecidable, TooLate
from vitrina.review.judgement import Judgement
from vitrina.review.leases import CASE_SECONDS, end
from vitrina.review.models import Batch, Decision, Lease, Outbox, ReviewItem
from vitrina.review.moderating import newest_version, require_newest
from vitrina.review.outbox import PREFERENCES, UNDO_WINDOW, consumers, restore, tell, tell_uncounted, withdraw
from vitrina.review.results import Decided, Taken
from vitrina.review.second_looks import require_unsettled
from vitrina.review.services import BY_HAND, STATES

#: How many of one's own decisions can be changed.
CHANGEABLE = 20


def last_decisions(user: User, *, limit: int = CHANGEABLE) -> list[Decision]:
    """A person's own standing decisions, the newest first, with item, pair and batch.

    What a page shows of them to an annotator: ``shown``, ``tie_kind``, reasons, comment, and the texts by
    ``decision.flip`` (true: B stood on the left); never ``choice``.
    """
    return list(_own(user).select_related("item__pair", "item__batch", "item__product", "item__version")[:limit])


def undo(user: User, *, decision_id: int | None = None) -> Taken | None:
    """Take the last decision back, as if it had not been made, and show its item again as it was shown.

    What is on the screen meanwhile is kept as the one fetched ahead.

    Args:
        user: Who decided.
        decision_id: This decision of theirs instead of the last one.

    Returns:
        The item, held again; ``None`` where it can no longer be decided (withdrawn, overtaken by a newer case, opened
        for this decision alone), or where a changed decision was taken back: the former one stands again.

    Raises:
        Conflict: It was changed in another window, or its batch is closed.
        NotDecidable: There is nothing to undo.
        TooLate: More than a minute has passed.
    """
    with transaction.atomic():
        decision = _take_back(user, decision_id)
        return _hold_again(user, decision) if decision is not None else None


def undo_many(user: User, decision_ids: Sequence[int]) -> tuple[int, dict[int, VitrinaError]]:
    """Take several decisions back, as if they had not been made; their items wait again, held by nobody.

    Returns:
        How many, and decision → why it stands.
    """
    undone, standing = 0, dict[int, VitrinaError]()
    for decision_id in decision_ids:
        try:
            with transaction.atomic():
                decision = _take_back(user, decision_id)
                if decision is not None:
                    _reopen(ReviewItem.objects.select_for_update(of=("self",)).get(pk=decision.item_id))
                undone += 1
        except VitrinaError as error:
            standing[decision_id] = error
    return undone, standing


def _take_back(user: User, decision_id: int | None) -> Decision | None:
    """Mark an own decision undone; ``None`` where it had changed a former one, which stands again."""
    own = _own(user) if decision_id is None else _own(user).filter(pk=decision_id)
    last = own.first()
    if last is None:
        raise NotDecidable("There is nothing to undo.")
    acted = withdraw([last.pk], "undone")
    decision = Decision.objects.select_for_update(of=("self",)).get(pk=last.pk)
    if decision.undone_at is not None or decision.superseded_by_id is not None:
        raise Conflict("That decision was changed in another window.", reason="answered")
    if Batch.objects.filter(items=decision.item_id, state=Batch.State.CLOSED).exists():
        # The answer would be gone, and none could be given in its place.
        raise Conflict("The batch is closed.", reason="closed")
    if acted or datetime.now(UTC) - decision.created_at > UNDO_WINDOW:
        raise TooLate("That decision stands for more than a minute.", decision_id=decision.pk)
    Decision.objects.filter(pk=decision.pk).update(undone_at=Now())
    former = Decision.objects.filter(superseded_by=decision).first()
    if former is None:
        return decision
    if former.item_id != decision.item_id:
        # A third person had settled what two decided differently: the first decision stands, the case waits again.
        Decision.objects.filter(pk=former.pk).update(superseded_by=None)
        return decision
    _stand_again(former)
    return None


def revise_pair(
    user: User, decision_id: int, *, side: str, tie_kind: str = "", reasons: Sequence[str] = (), comment: str = ""
) -> Decided:
    """Change one of one's last decisions on pairs; sides as they were shown then.

    Raises:
        NotDecidable: It is not among the last twenty, or it is of the onboarding.
        Conflict: The batch is closed.
    """
    check_answer(side, tie_kind)
    with transaction.atomic():
        old, item = _changeable(user, decision_id, compare=True)
        if item.part == ReviewItem.Part.ONBOARDING:
            raise NotDecidable("An explained answer is not changed.")
        if item.batch is None or item.batch.state == Batch.State.CLOSED:
            raise Conflict("The batch is closed.", reason="closed", state=item.state)
        new = _supersede(old, choice=canonical(side, bool(old.flip)), tie_kind=tie_kind, shown=side,
                         reasons=list(reasons), comment=comment)  # fmt: skip
        settle(item, done=0, held=0)
        tell(new, item, at_once=False)
    return Decided(new.pk, item.pk)


def revise_case(user: User, decision_id: int, judgement: Judgement) -> Decided:
    """Change one of one's last decisions on cases. A rejection takes what was published off the shop again.

    Raises:
        Conflict: A newer text than ``seen_version`` stands, and it is not what this very decision became; or a third
            person decides about the text, since a second one decided otherwise.
        NotDecidable: It is not among the last twenty, or it is about a list, which cannot be taken back.
    """
    require(user, MODERATOR)
    judgement.check()
    with transaction.atomic():
        old, item = _changeable(user, decision_id, compare=False)
        if item.kind == ReviewItem.Kind.LIST:
            raise NotDecidable("A list that was let in or refused stays so.", hint="Hand in a corrected list.")
        if old.version is None or old.version.number != newest_version(item):
            require_newest(item, judgement.seen_version)
        require_unsettled(item)
        effects.check(item, judgement.action, judgement.category or None)
        seen = {"version": judgement.seen_version} if judgement.seen_version is not None else old.seen
        new = _supersede(old, seen=seen, **judgement.columns())
        item.state, item.resolution, item.resolved_at = STATES[judgement.action], judgement.comment, datetime.now(UTC)
        item.save(update_fields=["state", "resolution", "resolved_at"])
        tell(new, item, at_once=False)
        if PREFERENCES not in consumers(new.action, item.part, item.look):
            tell_uncounted(old, item, at_once=False)
    return Decided(new.pk, item.pk)


def _own(user: User) -> QuerySet[Decision]:
    return Decision.objects.filter(
        decided_by=user, superseded_by=None, undone_at=None, voided_at=None
    ).order_by("-id")  # fmt: skip


def _changeable(user: User, decision_id: int, *, compare: bool) -> tuple[Decision, ReviewItem]:
    """The decision and its item, locked; what no consumer took of it yet is void."""
    if decision_id not in list(_own(user).values_list("pk", flat=True)[:CHANGEABLE]):
        raise NotDecidable(f"Only your last {CHANGEABLE} decisions can be changed.")
    withdraw([decision_id], "superseded")
    old = Decision.objects.select_for_update(of=("self",)).get(pk=decision_id)
    if old.superseded_by_id is not None or old.undone_at is not None or old.voided_at is not None:
        raise Conflict("That decision was changed in another window.", reason="answered")
    item = ReviewItem.objects.select_for_update(of=("self",)).select_related("batch").get(pk=old.item_id)
    if compare != (item.kind == ReviewItem.Kind.PAIR):
        raise NotDecidable(f"Decision {decision_id} is about a {item.kind}.")
    require_item(user, item)
    return old, item


def _supersede(old: Decision, **changed: Any) -> Decision:
    """Write the new decision with the old one pointing at it; there is never a moment with two current ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('review_decision', 'id'))")
        (number,) = cursor.fetchone()
    Decision.objects.filter(pk=old.pk).update(superseded_by=number)
    kept = ("item_id", "action", "flip", "lease_id", "guidelines_id", "decided_by_id", "seen")
    values = {name: getattr(old, name) for name in kept} | changed
    return Decision.objects.create(pk=number, **values)


def _stand_again(former: Decision) -> None:
    """Make a decision current again after the one that changed it was undone."""
    Decision.objects.filter(pk=former.pk).update(superseded_by=None)
    restore(former.pk, "superseded")
    item = ReviewItem.objects.select_for_update(of=("self",)).select_related("batch").get(pk=former.item_id)
    if item.kind == ReviewItem.Kind.PAIR:
        settle(item, done=0, held=0)
    else:
        item.state, item.resolution = STATES[former.action], former.comment
        item.save(update_fields=["state", "resolution"])


def _hold_again(user: User, decision: Decision) -> Taken | None:
    held = {lease.slot: lease for lease in Lease.objects.select_for_update().filter(user=user, ended_at=None)}
    ids = {decision.item_id, *(lease.item_id for lease in held.values())}
    items = ReviewItem.objects.select_for_update(of=("self",)).select_related("batch").filter(pk__in=ids)
    item = {row.pk: row for row in items.order_by("pk")}[decision.item_id]
    _reopen(item)
    if item.state != ReviewItem.State.OPEN or item.done + item.held >= item.need:
        return None
    ahead, current = held.get(Lease.Slot.AHEAD), held.get(Lease.Slot.CURRENT)
    if current is not None:
        if ahead is not None:
            end(ahead, Lease.End.RELEASED)
        Lease.objects.filter(pk=current.pk).update(slot=Lease.Slot.AHEAD)
    return _lease_again(user, decision, item)


def _reopen(item: ReviewItem) -> None:
    """Count a decision of a locked item less. A case waits again, unless a newer one stands in its place, or it was
    opened for this decision alone."""
    if item.kind == ReviewItem.Kind.PAIR:
        settle(item, done=-1, held=0)
        return
    newer = ReviewItem.objects.filter(key=item.key, state=ReviewItem.State.OPEN).exclude(pk=item.pk)
    item.done -= 1
    item.resolution, item.resolved_at = "", None
    if item.reasons == [BY_HAND]:
        item.state, item.resolved_at = ReviewItem.State.WITHDRAWN, datetime.now(UTC)
    else:
        item.state = ReviewItem.State.SUPERSEDED if newer.exists() else ReviewItem.State.OPEN
    item.save(update_fields=["done", "state", "resolution", "resolved_at"])


def _lease_again(user: User, decision: Decision, item: ReviewItem) -> Taken:
    seconds = item.batch.lease_seconds if item.batch is not None else CASE_SECONDS
    lease = Lease.objects.create(
        item=item, user=user, slot=Lease.Slot.CURRENT, token=uuid4(), flip=bool(decision.flip),
        rationale=decision.lease.rationale if decision.lease is not None else False,
        until=datetime.now(UTC) + timedelta(seconds=seconds),
    )  # fmt: skip
    ReviewItem.objects.filter(pk=item.pk).update(held=item.held + 1)
    return Taken(lease.token, item.pk, item.kind, item.batch_id, False, lease.flip, lease.rationale, lease.until, True)


def undoable(decision: Decision) -> bool:
    """Whether a decision is still within the window in which it can be taken back without a trace."""
    fresh = datetime.now(UTC) - decision.created_at <= UNDO_WINDOW
    return fresh and not Outbox.objects.filter(decision=decision, consumed_at__isnull=False).exists()
