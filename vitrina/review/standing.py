"""How batches stand: what is done of them, who may work on which, what a person sees of their size.

Belongs here: reading. Stays out: making and changing batches (``batches``), agreement and other figures of votes
(``vitrina.numbers``).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from vitrina.review.access import ADMIN, roles
from vitrina.review.models import Batch, Decision, Lease, ReviewItem
from vitrina.review.results import BatchProgress


def progress(batch: Batch) -> BatchProgress:
    """Where a batch stands; one pass over its items."""
    work = ReviewItem.objects.filter(batch=batch, part=ReviewItem.Part.WORK)
    state = ReviewItem.State
    row = work.aggregate(
        pairs=Count("pk"),
        complete=Count("pk", filter=Q(state=state.DONE)),
        left=Count("pk", filter=Q(state=state.OPEN)),
        flagged=Count("pk", filter=Q(state=state.FLAGGED)),
        disputed=Count("pk", filter=Q(agreement__lt=1.0, done__gte=2)),
        votes=Coalesce(Sum("done"), 0),
        wanted=Coalesce(Sum("need", filter=Q(state__in=[state.OPEN, state.DONE])), 0),
        now_held=Coalesce(Sum("held"), 0),
    )
    people = Decision.objects.filter(item__batch=batch, undone_at=None, superseded_by=None, voided_at=None)
    row["annotators"] = people.aggregate(count=Count("decided_by", distinct=True))["count"]
    return BatchProgress(done=row.pop("complete"), held=row.pop("now_held"), **row)


def batches_for(user: User) -> QuerySet[Batch]:
    """Open batches that a person may work on, the most urgent first."""
    mine = Q(members=user) | Q(role__in=roles(user))
    return (
        Batch.objects.filter(mine, state=Batch.State.OPEN).distinct().order_by(F("due_at").asc(nulls_last=True), "id")
    )


def assigned_batches(user: User) -> QuerySet[Batch]:
    """Batches that a person may work on, and closed ones that they worked on: open ones first, then by due date."""
    mine = Q(members=user) | Q(role__in=roles(user))
    answered = Decision.objects.filter(item__batch=OuterRef("pk"), decided_by=user)
    rank = Case(When(state=Batch.State.OPEN, then=0), When(state=Batch.State.PAUSED, then=1), default=2)
    return (
        Batch.objects.filter(mine)
        .filter(~Q(state=Batch.State.CLOSED) | Exists(answered))
        .distinct()
        .order_by(rank, F("due_at").asc(nulls_last=True), "id")
    )


def shown_size(batch: Batch) -> int:
    """How many pairs a person sees who goes through the whole batch.

    The gold that will be mixed in is counted as its share, so that the figure stays the same whatever kind of pair was
    answered last: a person's place in the batch must not tell which pairs are gold.
    """
    part, state = ReviewItem.Part, ReviewItem.State
    row = ReviewItem.objects.filter(batch=batch).aggregate(
        work=Count("pk", filter=Q(part=part.WORK, state__in=[state.OPEN, state.DONE])),
        gold=Count("pk", filter=Q(part=part.GOLD, state=state.OPEN)),
        onboarding=Count("pk", filter=Q(part=part.ONBOARDING, state=state.OPEN)),
    )
    mixed_in = round(row["work"] * batch.gold_share / (1 - batch.gold_share))
    return int(row["work"] + row["onboarding"] + min(row["gold"], mixed_in))


def compared_products(user: User, product_ids: Sequence[int]) -> frozenset[int]:
    """Products among these with a pair that this person may still get: their texts' origin stays hidden.

    A paused batch and a flagged pair may be opened again: whoever was told meanwhile would then vote knowing. An
    administrator has every role, and would see no origin as long as any batch stands: they count once they are named
    in a batch, or have been shown a pair of it.
    """
    state, mine = ReviewItem.State, Q(batch__role__in=roles(user))
    if ADMIN in roles(user):
        mine &= Q(Exists(Lease.objects.filter(item__batch=OuterRef("batch"), user=user)))
    to_come = ReviewItem.objects.filter(
        Q(batch__members=user) | mine,
        pair__product__in=product_ids, state__in=[state.OPEN, state.FLAGGED],
        batch__state__in=[Batch.State.OPEN, Batch.State.PAUSED],
    )  # fmt: skip
    return frozenset(pk for pk in to_come.values_list("pair__product", flat=True) if pk is not None)
