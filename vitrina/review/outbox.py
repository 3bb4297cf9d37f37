"""The outbox: what pipelines have still to be told of decisions, and whether anything was lost.

Belongs here: which consumer hears of which decision, voiding, claiming, reconciliation. Stays out: what a consumer
does. A consumer claims rows and writes its results in one transaction; a run that fails leaves them pending.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from vitrina.review.models import Decision, Outbox, ReviewItem
from vitrina.review.results import Reconciliation

PUBLICATION, DESCRIPTIONS, PREFERENCES = "publication", "descriptions", "preferences"
#: Hears what second persons said of texts that are on show already (``vitrina.review.second_looks``).
SECOND_LOOKS = "second_looks"
CONSUMERS = (PUBLICATION, DESCRIPTIONS, PREFERENCES, SECOND_LOOKS)

#: So long a decision at the desk can be undone without a trace; consumers see it only then.
UNDO_WINDOW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Pending:
    """What a consumer could take now: how many rows, the highest id, for how long the oldest has been there."""

    count: int = 0
    highest: int = 0
    oldest_seconds: float = 0.0

    def due(self, *, at_least: int, after_seconds: float) -> bool:
        """Whether it is worth a run: enough rows, or one that has waited long enough."""
        return self.count > 0 and (self.count >= at_least or self.oldest_seconds >= after_seconds)


_AGAIN = Q(item__look=ReviewItem.Look.SECOND)
_CONCERNS: dict[str, Q] = {
    PUBLICATION: Q(action__in=["approve", "reject", "edit"]) & ~_AGAIN,
    DESCRIPTIONS: Q(action="reprocess") & ~_AGAIN,
    PREFERENCES: Q(action="compare", item__part=ReviewItem.Part.WORK) | (Q(action="edit") & ~_AGAIN),
    SECOND_LOOKS: _AGAIN,
}


def consumers(
    action: str, part: str = ReviewItem.Part.WORK, look: int = ReviewItem.Look.FIRST
) -> tuple[str, ...]:  # fmt: skip
    """Who must hear of a decision. Answers to gold and onboarding pairs are nobody's; a second look changes nothing."""
    if look == ReviewItem.Look.SECOND:
        return (SECOND_LOOKS,)
    if action == "compare":
        return (PREFERENCES,) if part == ReviewItem.Part.WORK else ()
    if action == "edit":
        return (PUBLICATION, PREFERENCES)
    return (DESCRIPTIONS,) if action == "reprocess" else (PUBLICATION,)


def tell(decision: Decision, item: ReviewItem, *, at_once: bool, cause: str = Outbox.Cause.DECIDED) -> None:
    """Write the outbox rows of a decision, in its transaction. ``at_once``: without the window for undoing."""
    for consumer in consumers(decision.action, item.part, item.look):
        _write(consumer, decision, item, at_once=at_once, cause=cause)


def tell_uncounted(decision: Decision, item: ReviewItem, *, at_once: bool) -> None:
    """Tell the preferences that a decision which they took counts no more, and that none they hear of replaces it.

    They are made anew from what stands; the other consumers act on single decisions, and what they did stays until the
    next one. Its rows must be locked: see :func:`withdraw` and :func:`lock_rows`.
    """
    if Outbox.objects.filter(decision=decision, consumer=PREFERENCES, consumed_at__isnull=False).exists():
        _write(PREFERENCES, decision, item, at_once=at_once, cause=Outbox.Cause.CHANGED)


def _write(consumer: str, decision: Decision, item: ReviewItem, *, at_once: bool, cause: str) -> None:
    Outbox.objects.create(
        consumer=consumer, kind=f"{item.kind}:{decision.action}", cause=cause, decision=decision,
        payload={"product": item.product_id, "version": item.version_id, "drop": item.drop_id, "pair": item.pair_id},
        available_at=datetime.now(UTC) + (timedelta() if at_once else UNDO_WINDOW),
    )  # fmt: skip


def waiting(consumer: str | None = None) -> QuerySet[Outbox]:
    """Rows neither consumed nor void, those within the window for undoing among them."""
    rows = Outbox.objects.filter(consumed_at=None, void_at=None)
    return rows if consumer is None else rows.filter(consumer=consumer)


def takeable(consumer: str) -> QuerySet[Outbox]:
    """Rows that a consumer could take now: their window for undoing is over."""
    return waiting(consumer).filter(available_at__lte=datetime.now(UTC))


def pending(consumer: str) -> tuple[int, int]:
    """(count, highest id) of decisions that a consumer could take now."""
    found = pending_state(takeable(consumer))
    return found.count, found.highest


def pending_state(rows: QuerySet[Outbox]) -> Pending:
    """Count, newest and oldest of rows of :func:`takeable`."""
    found = rows.order_by().aggregate(count=Count("pk"), last=Max("pk"), oldest=Min("available_at"))
    if not found["count"]:
        return Pending()
    age = (datetime.now(UTC) - found["oldest"]).total_seconds()
    return Pending(found["count"], found["last"], max(age, 0.0))


def claim(consumer: str, *, most: int | None = None) -> list[Outbox]:
    """Lock what a consumer can take now, the oldest first. Call it, and :func:`consumed`, in one transaction."""
    rows = (
        takeable(consumer)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("decision__item")
        .order_by("pk")
    )
    return list(rows if most is None else rows[:most])


def consumed(rows: Iterable[Outbox], *, run_id: str) -> int:
    """Mark claimed rows as acted on, in the transaction of the results."""
    return Outbox.objects.filter(pk__in=[row.pk for row in rows], consumed_at=None, void_at=None).update(
        consumed_by=run_id, consumed_at=Now()
    )


def withdraw(decision_ids: Iterable[int], reason: str) -> bool:
    """Void what no consumer has taken of these decisions; waits for one that is at it.

    Returns:
        Whether a consumer had acted on one of them already.
    """
    rows = lock_rows(decision_ids)
    open_rows = [row.pk for row in rows if row.consumed_at is None and row.void_at is None]
    Outbox.objects.filter(pk__in=open_rows).update(void_at=Now(), void_reason=reason)
    return any(row.consumed_at is not None for row in rows)


def lock_rows(decision_ids: Iterable[int]) -> list[Outbox]:
    """The rows of these decisions, locked; waits for a consumer that is at them."""
    return list(Outbox.objects.select_for_update().filter(decision__in=list(decision_ids)).order_by("pk"))


def restore(decision_id: int, reason: str) -> None:
    """Let rows that were withdrawn for this reason wait again."""
    Outbox.objects.filter(decision=decision_id, void_reason=reason).update(void_at=None, void_reason="")


def unapplied_keys(keys: Iterable[str]) -> frozenset[str]:
    """Keys among these whose last case was decided, but the publication has not acted on it yet."""
    rows = waiting(PUBLICATION).filter(decision__item__key__in=list(keys))
    return frozenset(rows.values_list("decision__item__key", flat=True))


def reconcile(consumer: str) -> Reconciliation:
    """Count a consumer's decisions against its rows; ``missing`` are decisions that never got one."""
    row_of = Outbox.objects.filter(consumer=consumer, cause=Outbox.Cause.DECIDED, decision=OuterRef("pk"))
    decisions = Decision.objects.filter(_CONCERNS[consumer])
    rows = Outbox.objects.filter(consumer=consumer, cause=Outbox.Cause.DECIDED).aggregate(
        consumed=Count("pk", filter=Q(consumed_at__isnull=False)),
        void=Count("pk", filter=Q(void_at__isnull=False)),
        pending=Count("pk", filter=Q(consumed_at__isnull=True, void_at__isnull=True)),
    )
    now = datetime.now(UTC)
    oldest = waiting(consumer).filter(available_at__lte=now).aggregate(oldest=Min("available_at"))["oldest"]
    counts = decisions.annotate(row=Subquery(row_of.values("pk")[:1])).aggregate(
        all=Count("pk"), missing=Count("pk", filter=Q(row__isnull=True))
    )
    age = (now - oldest).total_seconds() if oldest is not None else None
    return Reconciliation(consumer, counts["all"], rows["consumed"], rows["pending"], rows["void"], counts["missing"],
                          age)  # fmt: skip
