"""Votes that people of ours gave elsewhere: on paper, in another tool, in another installation.

Belongs here: writing such a vote as the desk would, with its outbox row. Stays out: files. Places, closed batches and
the one vote a person hold here as they do at the desk; only the lease is missing, since nothing was shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from vitrina.review.access import ADMIN, require
from vitrina.review.comparing import TIE_KINDS, settle
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.leases import end_lapsed
from vitrina.review.models import Batch, Decision, ReviewItem
from vitrina.review.outbox import tell
from vitrina.review.results import Decided

_CURRENT = Q(superseded_by=None, undone_at=None)


def import_vote(
    by: User, annotator: User, batch: Batch, fingerprint: str, *, choice: str, tie_kind: str = "",
    reasons: Sequence[str] = (), comment: str = "",
) -> Decided:  # fmt: skip
    """Write a vote on a pair of a batch. The same vote imported twice is one, also where the second says less.

    Args:
        by: An administrator.
        annotator: Whose vote it is; whether they may work on the batch is not asked.
        batch: Open or paused.
        fingerprint: Of the pair.
        choice: ``A``, ``B`` or ``E``, in the order of the table (as exported).
        tie_kind: ``both_bad`` or empty; of ``E`` only.
        reasons: Codes of reasons.
        comment: In the person's words.

    Raises:
        Conflict: The person voted otherwise, or the same with another comment or other reasons (``reworded``: what
            stands is never changed, and what comes is not dropped in silence); the pair has its votes, or the batch
            is closed.
        NotDecidable: The batch has no such pair, or the answer is none.
    """
    require(by, ADMIN)
    if choice not in Decision.Choice.values or tie_kind not in TIE_KINDS or (tie_kind and choice != "E"):
        raise NotDecidable("A choice is A, B or E; both_bad goes with E only.")
    with transaction.atomic():
        items = ReviewItem.objects.select_for_update(of=("self",)).select_related("batch")
        item = items.filter(batch=batch, pair__fingerprint=fingerprint).first()
        if item is None or item.batch is None:
            raise NotDecidable(f"The batch {batch.name} has no pair {fingerprint[:12]}.")
        if item.batch.state == Batch.State.CLOSED:
            raise Conflict("The batch is closed.", reason="closed", state=item.state)
        standing = item.decisions.filter(_CURRENT, decided_by=annotator).first()
        if standing is not None:
            if (standing.choice, standing.tie_kind) != (choice, tie_kind):
                raise Conflict("The person voted otherwise.", reason="answered", state=item.state)
            if comment not in {"", standing.comment} or not set(reasons) <= set(standing.reasons):
                raise Conflict("This vote stands with another comment or other reasons.", reason="reworded",
                               state=item.state)  # fmt: skip
            return Decided(standing.pk, item.pk, repeated=True)
        if item.done + item.held >= item.need:
            end_lapsed(item)
        if item.state != ReviewItem.State.OPEN or item.done + item.held >= item.need:
            raise Conflict("The pair has its votes.", reason="full", state=item.state)
        decision = Decision.objects.create(
            item=item, action="compare", choice=choice, tie_kind=tie_kind, reasons=list(reasons), comment=comment,
            decided_by=annotator, guidelines_id=item.batch.guidelines_id,
            seen={"pair": item.pair_id, "guidelines": item.batch.guidelines_id, "imported": True},
        )  # fmt: skip
        settle(item, done=1, held=0)
        tell(decision, item, at_once=False)
    return Decided(decision.pk, item.pk)
