"""Votes that are not to count, found out afterwards.

Belongs here: voiding a person's votes with a reason. What pipelines made of them is made again: they hear of it through
the outbox. Stays out: undoing one's own decision (``history``).
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from vitrina.review.access import ADMIN, require
from vitrina.review.comparing import settle
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Batch, Decision, Outbox, ReviewItem
from vitrina.review.outbox import tell, withdraw


def void_votes(
    admin: User, annotator: User, *, reason: str, batch: Batch | None = None, since: datetime | None = None
) -> int:
    """Take a person's votes out of the count: of a batch, or of all; the pairs wait for other people again.

    Interrupted, it goes on where it stopped when called again: each vote is a transaction of its own.

    Returns:
        How many votes were voided.

    Raises:
        Forbidden: The caller is no administrator.
        NotDecidable: No reason was given.
    """
    require(admin, ADMIN)
    if not reason.strip():
        raise NotDecidable("Voiding needs a reason.", hint="It is kept with each vote.")
    votes = Decision.objects.filter(
        decided_by=annotator, action="compare", superseded_by=None, undone_at=None, voided_at=None
    )
    if batch is not None:
        votes = votes.filter(item__batch=batch)
    if since is not None:
        votes = votes.filter(created_at__gte=since)
    return sum(_void(pk, admin, reason) for pk in votes.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _void(decision_id: int, admin: User, reason: str) -> bool:
    # Of a vote that was changed, the former answer may be what a pipeline took.
    acted = withdraw(_with_former(decision_id), "voided")
    decision = Decision.objects.select_for_update(of=("self",)).get(pk=decision_id)
    if decision.voided_at is not None or decision.superseded_by_id is not None or decision.undone_at is not None:
        return False
    Decision.objects.filter(pk=decision_id).update(voided_at=Now(), voided_by=admin, void_reason=reason)
    item = ReviewItem.objects.select_for_update(of=("self",)).select_related("batch").get(pk=decision.item_id)
    settle(item, done=-1, held=0)
    if acted:
        tell(decision, item, at_once=True, cause=Outbox.Cause.VOIDED)
    return True


def _with_former(decision_id: int) -> list[int]:
    """The decision and those that it took the place of, the newest first."""
    found: list[int] = []
    current: int | None = decision_id
    while current is not None:
        found.append(current)
        current = Decision.objects.filter(superseded_by=current).values_list("pk", flat=True).first()
    return found
