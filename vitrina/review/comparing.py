"""Comparing two texts: what is shown, and the decision.

Belongs here: the view of a pair without anything that names a side, un-flipping, votes and when a pair has enough of
them. Stays out: which pair comes next (``queue``), changing one's mind (``history``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from vitrina.review.access import require_item
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.leases import end, end_lapsed, locked, locked_item
from vitrina.review.models import Batch, Decision, Lease, ReviewItem
from vitrina.review.outbox import tell
from vitrina.review.pairs import names_writer
from vitrina.review.results import Decided, Feedback, PairView, Taken

SIDES = ("left", "right", "tie")
TIE_KINDS = ("", "both_bad")
#: Gold and onboarding pairs are for everybody: they need more votes than there are people.
UNLIMITED = 32_000

_CURRENT = Q(superseded_by=None, undone_at=None)


def pair_view(taken: Taken) -> PairView:
    """What the person who holds a pair may see of it."""
    item = ReviewItem.objects.select_related("pair", "batch").get(pk=taken.item_id)
    return _view(item, token=taken.token, flip=taken.flip, rationale=taken.rationale, until=taken.until)


def explained_view(user: User, decision_id: int) -> tuple[PairView, Decision, Feedback]:
    """A pair of the onboarding as the person saw it, what they answered, and what is right.

    Raises:
        NotDecidable: The person has no such decision, or its pair is not explained.
    """
    decision = (
        Decision.objects.filter(_CURRENT, pk=decision_id, decided_by=user, action="compare")
        .select_related("item__pair", "item__batch", "lease")
        .first()
    )
    feedback = _feedback(decision.item, decision) if decision is not None else None
    if decision is None or feedback is None:
        raise NotDecidable(f"Decision {decision_id} is not explained.")
    return view_of(decision), decision, feedback


def view_of(decision: Decision) -> PairView:
    """A pair as it was shown when it was decided, for who decided it."""
    lease = decision.lease
    return _view(
        decision.item, token=lease.token if lease is not None else UUID(int=0), flip=bool(decision.flip),
        rationale=lease.rationale if lease is not None else False,
        until=lease.until if lease is not None else decision.created_at,
    )  # fmt: skip


def _view(item: ReviewItem, *, token: UUID, flip: bool, rationale: bool, until: datetime) -> PairView:
    pair, batch = item.pair, item.batch
    if pair is None or batch is None:
        raise NotDecidable(f"Item {item.pk} is no pair.")
    sides = (pair.text_b, pair.text_a) if flip else (pair.text_a, pair.text_b)
    return PairView(
        token=token,
        question={"ru": batch.question_ru, "en": batch.question_en},
        facts={label: value for label, value in pair.facts.items() if not names_writer(f"{label} {value}")},
        prompt="" if names_writer(pair.prompt) else pair.prompt,
        language=pair.language,
        left=sides[0],
        right=sides[1],
        rationale=rationale,
        onboarding=item.part == ReviewItem.Part.ONBOARDING,
        guidelines_id=batch.guidelines_id,
        until=until,
    )


def canonical(side: str, flip: bool) -> str:
    """``A``, ``B`` or ``E`` of what was chosen on the screen."""
    return "E" if side == "tie" else "AB"[(side == "right") != flip]


def as_shown(choice: str, flip: bool) -> str:
    """left, right or tie of a canonical choice."""
    return "tie" if choice == "E" else ("left", "right")[(choice == "B") != flip]


def decide_pair(
    user: User,
    token: UUID,
    *,
    side: str,
    tie_kind: str = "",
    reasons: Sequence[str] = (),
    comment: str = "",
    active_ms: int | None = None,
    guidelines_id: int | None = None,
) -> Decided:
    """Decide a pair by the token it was shown under. The same answer sent twice is one decision.

    A lease that ran out is no obstacle while the place is free.

    Args:
        user: Who decides.
        token: Of the lease.
        side: ``left``, ``right`` or ``tie``, as it stood on the screen.
        tie_kind: ``both_bad`` or empty; of ties only.
        reasons: Codes of the reasons chosen.
        comment: In the person's words.
        active_ms: Milliseconds with the pair in view.
        guidelines_id: The version that was open to the person; the batch's by default.

    Raises:
        Conflict: The pair has its votes, was closed, or was answered otherwise under this token.
        Forbidden: The person was taken out of the batch.
    """
    check_answer(side, tie_kind)
    with transaction.atomic():
        lease = locked(user, token)
        if lease.ended_as == Lease.End.DECIDED:
            return _repeated(lease, side, tie_kind, reasons, comment)
        item = locked_item(lease.item_id)
        if item.kind != ReviewItem.Kind.PAIR or item.batch is None:
            raise NotDecidable(f"Item {item.pk} is no pair.")
        require_item(user, item)
        if item.batch.state == Batch.State.CLOSED:
            raise Conflict("The batch is closed.", reason="closed", state=item.state)
        lease = free_place(lease, item)
        decision = Decision.objects.create(
            item=item, action="compare", choice=canonical(side, lease.flip), tie_kind=tie_kind, shown=side,
            flip=lease.flip, active_ms=active_ms, reasons=list(reasons), comment=comment, lease=lease, decided_by=user,
            guidelines_id=guidelines_id or item.batch.guidelines_id,
            seen={"pair": item.pair_id, "guidelines": guidelines_id or item.batch.guidelines_id},
        )  # fmt: skip
        held = lease.ended_at is None
        Lease.objects.filter(pk=lease.pk).update(ended_at=Now(), ended_as=Lease.End.DECIDED)
        settle(item, done=1, held=-held)
        tell(decision, item, at_once=False)
    return Decided(decision.pk, item.pk, feedback=_feedback(item, decision))


def free_place(lease: Lease, item: ReviewItem) -> Lease:
    """The lease under which a decision is accepted: the given one, or the person's newer one of the same item.

    Lease and item must be locked.

    Raises:
        Conflict: No place is left, or the item is closed, or the person answered or set it aside.
    """
    person = lease.user_id
    if lease.ended_as in {Lease.End.SKIPPED, Lease.End.FLAGGED}:
        raise Conflict("You set this item aside.", reason="set_aside", state=item.state)
    if item.decisions.filter(_CURRENT, decided_by=person).exists():
        raise Conflict("You decided this item already.", reason="answered", state=item.state)
    if item.state != ReviewItem.State.OPEN:
        raise Conflict("This item is closed already.", reason="closed", state=item.state)
    if lease.ended_at is None:
        return lease
    newer = Lease.objects.filter(item=item, user=person, ended_at=None).first()
    if newer is not None:
        # Shown again after the first ran out: that place is the person's. What they saw is the first's side.
        end(newer, Lease.End.RELEASED)
        item.held -= 1
        return lease
    if item.done + item.held >= item.need:
        end_lapsed(item)
    if item.done + item.held >= item.need:
        raise Conflict("Others have taken this item since.", reason="full", state=item.state)
    return lease


def settle(item: ReviewItem, *, done: int, held: int) -> None:
    """Count a decision more or less of a locked pair, and say whether it has the votes it needs.

    Where no choice has a majority, further votes are asked for, as many as the batch grants.
    """
    batch = item.batch
    if batch is None:
        raise NotDecidable(f"Item {item.pk} is of no batch.")
    item.done, item.held = item.done + done, item.held + held
    votes = Counter(item.decisions.filter(_CURRENT, voided_at=None).values_list("choice", flat=True))
    leading = max(votes.values(), default=0)
    item.agreement = leading / item.done if item.done else 1.0
    if item.part == ReviewItem.Part.WORK:
        most = batch.overlap + batch.extra_votes
        wanted = batch.overlap
        if item.done >= wanted and leading * 2 <= item.done:
            wanted = min(item.done + 1, most)
        item.need = max(wanted, item.done + item.held)
        if item.state in {ReviewItem.State.OPEN, ReviewItem.State.DONE}:
            full = item.done >= item.need
            item.state = ReviewItem.State.DONE if full else ReviewItem.State.OPEN
            item.resolution = next((choice for choice, n in votes.items() if n * 2 > item.done), "") if full else ""
        item.resolved_at = datetime.now(UTC) if item.state == ReviewItem.State.DONE else None
    item.save(update_fields=["done", "held", "need", "agreement", "state", "resolution", "resolved_at"])


def check_answer(side: str, tie_kind: str) -> None:
    """Raises :class:`NotDecidable` for an answer that no page sends."""
    if side not in SIDES:
        raise NotDecidable(f"There is no side {side!r}.", hint=f"Choose one of {', '.join(SIDES)}.")
    if tie_kind not in TIE_KINDS or (tie_kind and side != "tie"):
        raise NotDecidable("Both can only be bad in a tie.", hint="Send side=tie with tie_kind=both_bad.")


def _repeated(lease: Lease, side: str, tie_kind: str, reasons: Sequence[str], comment: str) -> Decided:
    standing = Decision.objects.filter(_CURRENT, lease=lease).select_related("item").first()
    said = (side, tie_kind, list(reasons), comment)
    if standing is None or (standing.shown, standing.tie_kind, standing.reasons, standing.comment) != said:
        raise Conflict("You answered this pair otherwise.", hint="Change it in your last decisions.", reason="answered")
    return Decided(standing.pk, standing.item_id, repeated=True, feedback=_feedback(standing.item, standing))


def _feedback(item: ReviewItem, decision: Decision) -> Feedback | None:
    if item.part != ReviewItem.Part.ONBOARDING:
        return None
    expected = as_shown(item.expected, bool(decision.flip))
    return Feedback(decision.choice == item.expected, expected, item.explanation)


def votes_of(item: ReviewItem) -> dict[str, Any]:
    """Standing votes of a pair by canonical choice: for administrators and consumers, never for annotators."""
    rows = item.decisions.filter(_CURRENT, voided_at=None).values_list("choice", "tie_kind")
    counts = Counter(choice if not kind else f"{choice}:{kind}" for choice, kind in rows)
    return dict(counts)
