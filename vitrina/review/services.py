"""Review as pipelines and the command line know it: cases decided at once by name, and what consumers take.

Belongs here: open cases, ``approve``, ``reject`` and ``reprocess`` for commands; the publication's and the writers'
consumers. Stays out: people at the desk with leases (``queue``, ``comparing``, ``moderating``), what decisions change
(``effects``), the outbox itself. A decision and its outbox rows are one transaction; pipelines mark rows consumed in
the transaction of their results.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from vitrina.review import effects, second_looks
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Decision, Outbox, ReviewItem
from vitrina.review.outbox import DESCRIPTIONS, PREFERENCES, PUBLICATION, claim, consumed, pending, takeable, tell

__all__ = [
    "BY_HAND",
    "DESCRIPTIONS",
    "PREFERENCES",
    "PUBLICATION",
    "NotDecidable",
    "approve",
    "consume_publication",
    "consume_reprocess",
    "correct_categories",
    "open_counts",
    "open_items",
    "pending",
    "reject",
    "reprocess",
    "times_asked",
    "wanted_again",
]

_log = logging.getLogger(__name__)
#: State of a case after an action.
STATES = {
    "approve": ReviewItem.State.APPROVED,
    "edit": ReviewItem.State.APPROVED,
    "reject": ReviewItem.State.REJECTED,
    "reprocess": ReviewItem.State.REPROCESS,
}
#: The one reason of a case that was opened for a decision that began at a product, and goes with it.
BY_HAND = {
    "rule": "by_hand",
    "priority": 3,
    "message_ru": "Открыто человеком на странице товара",
    "message_en": "Opened by a person on the product's page",
    "details": [],
}


def open_items(
    *, kind: str | None = None, priority: int | None = None, again: bool = False
) -> QuerySet[ReviewItem]:  # fmt: skip
    """Cases that wait for people, the most urgent first. Pairs are not among them.

    Args:
        kind: Only these.
        priority: Only these.
        again: Second looks too: nothing waits for them, and only the desk can keep them blind.
    """
    items = ReviewItem.objects.filter(state=ReviewItem.State.OPEN).select_related("product", "version", "drop")
    if not again:
        items = items.exclude(look=ReviewItem.Look.SECOND)
    items = items.exclude(kind=ReviewItem.Kind.PAIR) if kind is None else items.filter(kind=kind)
    if priority is not None:
        items = items.filter(priority=priority)
    return items.order_by("priority", "id")


def open_counts() -> dict[str, int]:
    """How many open cases each view of the desk holds."""
    row = open_items(again=True).aggregate(
        all=Count("pk"), urgent=Count("pk", filter=Q(priority=1)), text=Count("pk", filter=Q(kind="text"))
    )
    return {**row, "offers": row["all"] - row["text"]}


def approve(item_id: int, *, by: str, comment: str = "", category: str | None = None) -> Decision:
    """Apply what the item proposes. ``category`` corrects the category of a text.

    Raises:
        NotDecidable: see the class.
    """
    return _decide(item_id, "approve", by, comment, category or "")


def reject(item_id: int, *, by: str, comment: str) -> Decision:
    """Refuse what the item proposes: the text is not published, the price stays, the list is not believed."""
    return _decide(item_id, "reject", by, comment)


def reprocess(item_id: int, *, by: str, comment: str = "", category: str | None = None) -> Decision:
    """Have the text of an item written again: another question to the model, not the answer of the ledger.

    ``category`` corrects the category before the text is written.
    """
    return _decide(item_id, "reprocess", by, comment, category or "")


def _decide(item_id: int, action: str, by: str, comment: str, category: str = "") -> Decision:
    with transaction.atomic():
        item = _locked(item_id)
        effects.check(item, action, category or None)
        decision = Decision.objects.create(
            item=item, action=action, comment=comment, category=category, decided_as=by[:150]
        )
        close(item, action, comment)
        second_looks.settle(decision, item)
        if action != "reprocess":
            effects.apply(decision)
        tell(decision, item, at_once=True)
        return decision


def close(item: ReviewItem, action: str, comment: str) -> None:
    """Close a locked case by what was decided. Whoever holds it still gets a conflict when they decide."""
    item.state, item.resolution, item.resolved_at = STATES[action], comment, datetime.now(UTC)
    closed = {"state": item.state, "resolution": comment, "resolved_at": item.resolved_at}
    ReviewItem.objects.filter(pk=item.pk).update(done=F("done") + 1, **closed)


def _locked(item_id: int) -> ReviewItem:
    item = ReviewItem.objects.select_for_update().filter(pk=item_id).first()
    if item is None:
        raise NotDecidable(f"There is no review item {item_id}.", hint="`vitrina review list` shows the open ones.")
    if item.kind == ReviewItem.Kind.PAIR:
        raise NotDecidable(f"Item {item_id} is a pair to compare.", hint="Pairs are decided at the desk.")
    if item.state != ReviewItem.State.OPEN:
        raise NotDecidable(f"Item {item_id} is closed already: {item.state}{closed_by(item)}.")
    if item.look == ReviewItem.Look.SECOND:
        raise NotDecidable(f"Item {item_id} is decided at the desk.", hint="There it is known who decides.")
    return item


def closed_by(item: ReviewItem) -> str:
    """`` by NAME`` of the last decision; empty where no person decided."""
    # Names alone: a pipeline asks too, and sees nobody's password.
    names = ("decided_as", "decided_by__first_name", "decided_by__last_name", "decided_by__username")
    last = item.decisions.filter(undone_at=None).order_by("-id").values_list(*names).first()
    if last is None:
        return ""
    given, first, family, username = last
    name = given or f"{first or ''} {family or ''}".strip() or username
    return f" by {name}" if name else ""


def consume_publication(*, run_id: str) -> int:
    """Apply decisions of the desk whose time for undoing is over, and mark what a publication pass acts on.

    Call it inside that pass's transaction. A decision whose product or drop has gone since is consumed with the
    problem noted; one that fails for another reason stays pending, and the age of what is pending tells of it.
    Some approvals are drawn to be looked at again, and what second persons said is heard.
    """
    done: list[Outbox] = []
    for row in claim(PUBLICATION):
        if row.decision.decided_by_id is not None and row.cause == Outbox.Cause.DECIDED:
            drawn = second_looks.draw(row.decision)
            try:
                with transaction.atomic():
                    effects.apply(row.decision)
                    if drawn is not None:
                        second_looks.begin(drawn)
            except NotDecidable as problem:
                Outbox.objects.filter(pk=row.pk).update(problem=str(problem))
            except Exception:  # noqa: BLE001 - one bad row must not hold back the others; its age tells of it
                _log.exception("decision %s could not be applied; it stays pending", row.decision_id)
                continue
        done.append(row)
    counted = consumed(done, run_id=run_id)
    second_looks.attend(run_id=run_id)
    return counted


def correct_categories(product_ids: Iterable[int]) -> int:
    """Set the categories that people corrected when they asked for another text; call it before that is written.

    Returns:
        How many were set; the same again changes nothing. A category that has gone since leaves the present one.
    """
    rows = takeable(DESCRIPTIONS).filter(payload__product__in=list(product_ids)).exclude(decision__category="")
    done = 0
    for row in rows.select_related("decision__item__product").order_by("pk"):
        try:
            with transaction.atomic():
                effects.confirm_category(row.decision.item, row.decision.category)
        except NotDecidable as problem:
            Outbox.objects.filter(pk=row.pk).update(problem=str(problem))
        else:
            done += 1
    return done


def wanted_again(product_ids: Iterable[int]) -> frozenset[int]:
    """Products among these that a person asked to be written again."""
    wanted = takeable(DESCRIPTIONS)
    return frozenset(wanted.values_list("payload__product", flat=True)) & frozenset(product_ids)


def times_asked(product_ids: Iterable[int]) -> dict[int, int]:
    """Product → how often people asked for another text: each time is another question to the model."""
    asked = Outbox.objects.filter(consumer=DESCRIPTIONS, void_at=None, payload__product__in=list(product_ids))
    counts: dict[int, int] = {}
    for product in asked.values_list("payload__product", flat=True):
        counts[product] = counts.get(product, 0) + 1
    return counts


def consume_reprocess(product_ids: Iterable[int], *, run_id: str) -> int:
    """Mark requests whose new text stands. Called in the transaction that writes the texts."""
    rows = takeable(DESCRIPTIONS).filter(payload__product__in=list(product_ids))
    return rows.update(consumed_by=run_id, consumed_at=datetime.now(UTC))
