"""Decisions of people: what they change at once, and what they tell the pipelines.

Belongs here: approve, reject, reprocess; the outbox. Stays out: pages, the command line, publishing itself.
A decision and its outbox row are one transaction; pipelines mark rows consumed in the transaction of their results.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Avg, Case, Count, FloatField, Max, Q, QuerySet, Value, When

from vitrina.catalog.models import Drop, Publication
from vitrina.catalog.provenance import delist, hand_over
from vitrina.errors import PermanentError
from vitrina.review.models import Decision, Outbox, ReviewItem

PUBLICATION, DESCRIPTIONS = "publication", "descriptions"


class NotDecidable(PermanentError):
    """The item does not exist, is closed already, or the action does not fit its kind."""


def open_items(*, kind: str | None = None, priority: int | None = None) -> QuerySet[ReviewItem]:
    """What waits for people, the most urgent first."""
    items = ReviewItem.objects.filter(state=ReviewItem.State.OPEN).select_related("product", "version", "drop")
    if kind is not None:
        items = items.filter(kind=kind)
    if priority is not None:
        items = items.filter(priority=priority)
    return items.order_by("priority", "id")


def approve(item_id: int, *, by: str, comment: str = "", category: str | None = None) -> Decision:
    """Apply what the item proposes. ``category`` corrects the category of a text.

    Raises:
        NotDecidable: see the class.
    """
    with transaction.atomic():
        item = _locked(item_id)
        if item.kind == ReviewItem.Kind.TEXT:
            _approve_text(item, comment, category)
        elif item.kind == ReviewItem.Kind.PRICE:
            _approve_price(item)
        else:
            _approve_list(item)
        return _decide(item, "approve", ReviewItem.State.APPROVED, by, comment, PUBLICATION)


def reject(item_id: int, *, by: str, comment: str) -> Decision:
    """Refuse what the item proposes: the text is not published, the price stays, the list is not believed."""
    from vitrina.content.models import ProcessingLog, Verdict

    with transaction.atomic():
        item = _locked(item_id)
        if item.kind == ReviewItem.Kind.TEXT and item.version_id is not None:
            Verdict.objects.filter(version=item.version_id).update(approved=False, decided_by="person")
            ProcessingLog.objects.filter(version=item.version_id).update(
                status=ProcessingLog.Status.REJECTED, notes=comment, updated_at=datetime.now(UTC)
            )
            _rate_templates(item)
        if item.kind == ReviewItem.Kind.LIST and item.drop is not None:
            Drop.objects.filter(pk=item.drop.pk).update(gate=Drop.Gate.REFUSED)
            hand_over(item.drop)
        return _decide(item, "reject", ReviewItem.State.REJECTED, by, comment, PUBLICATION)


def reprocess(item_id: int, *, by: str, comment: str = "") -> Decision:
    """Have the text of an item written again: another question to the model, not the answer of the ledger."""
    with transaction.atomic():
        item = _locked(item_id)
        if item.kind != ReviewItem.Kind.TEXT or item.product_id is None:
            raise NotDecidable(f"Item {item.pk} is about a {item.kind}; only texts can be made again.")
        return _decide(item, "reprocess", ReviewItem.State.REPROCESS, by, comment, DESCRIPTIONS)


def _locked(item_id: int) -> ReviewItem:
    item = ReviewItem.objects.select_for_update().filter(pk=item_id).first()
    if item is None:
        raise NotDecidable(f"There is no review item {item_id}.", hint="`vitrina review list` shows the open ones.")
    if item.state != ReviewItem.State.OPEN:
        last = item.decisions.order_by("-id").first()
        who = f" by {last.decided_as}" if last is not None and last.decided_as else ""
        raise NotDecidable(f"Item {item_id} is closed already: {item.state}{who}.")
    return item


def _decide(item: ReviewItem, action: str, state: str, by: str, comment: str, consumer: str) -> Decision:
    item.state, item.resolution, item.resolved_at = state, comment, datetime.now(UTC)
    item.save(update_fields=["state", "resolution", "resolved_at"])
    decision = Decision.objects.create(item=item, action=action, comment=comment, decided_as=by[:150])
    payload: dict[str, Any] = {"product": item.product_id, "version": item.version_id, "drop": item.drop_id}
    Outbox.objects.create(consumer=consumer, kind=f"{item.kind}:{action}", decision=decision, payload=payload)
    return decision


def _approve_text(item: ReviewItem, comment: str, category: str | None) -> None:
    from vitrina.content.models import ProcessingLog, Verdict

    if item.version_id is None:
        raise NotDecidable(f"Item {item.pk} has no text to approve.", hint="Reprocess it, or write a text.")
    Verdict.objects.update_or_create(
        version_id=item.version_id,
        defaults={"approved": True, "decided_by": "person", "reasons": item.reasons, "fingerprint": "person"},
    )
    ProcessingLog.objects.filter(version=item.version_id).update(
        status=ProcessingLog.Status.APPROVED, notes=comment, updated_at=datetime.now(UTC)
    )
    _confirm_category(item, category)
    _rate_templates(item)


def _confirm_category(item: ReviewItem, slug: str | None) -> None:
    """An approved text says that its category is right; the title becomes a label for the classifier."""
    from vitrina.categories.models import Category, ProductCategory
    from vitrina.categories.services import add_labels

    product = item.product
    if product is None:
        return
    choice = ProductCategory.objects.filter(product=product).select_related("category").first()
    if slug is not None:
        category = Category.objects.filter(slug=slug, is_active=True).first()
        if category is None:
            raise NotDecidable(f"There is no category {slug}.", hint="Give the slug of an active category.")
    else:
        category = choice.category if choice is not None else None
    if category is None:
        return
    ProductCategory.objects.update_or_create(
        product=product,
        defaults={
            "category": category,
            "confidence": 1.0,
            "decided_by": ProductCategory.DecidedBy.PERSON,
            "fingerprint": choice.fingerprint if choice is not None else "",
        },
    )
    add_labels([(product.title, category.slug)], "person")


def _rate_templates(item: ReviewItem) -> None:
    """Success rate of the templates shown for a version: the share of their texts that have an approving verdict."""
    from vitrina.content.models import ContentVersion, DescriptionTemplate

    for name in item.version.templates if item.version is not None else ():
        share = ContentVersion.objects.filter(templates__contains=[name], verdict__isnull=False).aggregate(
            share=Avg(
                Case(When(verdict__approved=True, then=Value(1.0)), default=Value(0.0), output_field=FloatField())
            )
        )["share"]
        DescriptionTemplate.objects.filter(name=name).update(success_rate=share or 0.0)


def _approve_price(item: ReviewItem) -> None:
    from vitrina.catalog.publishing import publication_mark

    amount, currency = item.details["new"]
    publication = Publication.objects.select_for_update().filter(product=item.product).first()
    if publication is None:
        raise NotDecidable(f"Item {item.pk} is about a product that is no longer published.")
    publication.price = Decimal(amount) if amount is not None else None
    publication.currency = currency
    if publication.old_price is not None and (publication.price is None or publication.old_price <= publication.price):
        publication.old_price = None
    publication.fingerprint = publication_mark(publication)
    publication.updated_at = datetime.now(UTC)
    publication.save(update_fields=["price", "old_price", "currency", "fingerprint", "updated_at"])


def _approve_list(item: ReviewItem) -> None:
    """Release the drop. What the list lacks is delisted, unless a newer drop has spoken of it since."""
    drop = item.drop
    if drop is None:
        raise NotDecidable(f"Item {item.pk} is about a drop that is gone.")
    count = delist(item.details.get("products") or [], drop)
    Drop.objects.filter(pk=drop.pk).update(gate=Drop.Gate.RELEASED, delisted_products=count)


def consume_publication(*, run_id: str) -> int:
    """Mark decisions that a publication pass acts on; call it inside that pass's transaction."""
    rows = list(
        Outbox.objects.select_for_update(skip_locked=True)
        .filter(consumer=PUBLICATION, consumed_at__isnull=True, available_at__lte=datetime.now(UTC))
        .values_list("pk", flat=True)
    )
    return Outbox.objects.filter(pk__in=rows).update(consumed_by=run_id, consumed_at=datetime.now(UTC))


def wanted_again(product_ids: Iterable[int]) -> frozenset[int]:
    """Products among these that a person asked to be written again."""
    wanted = Outbox.objects.filter(consumer=DESCRIPTIONS, consumed_at__isnull=True)
    return frozenset(wanted.values_list("payload__product", flat=True)) & frozenset(product_ids)


def times_asked(product_ids: Iterable[int]) -> dict[int, int]:
    """Product → how often people asked for another text: each time is another question to the model."""
    asked = Outbox.objects.filter(consumer=DESCRIPTIONS, payload__product__in=list(product_ids))
    counts: dict[int, int] = {}
    for product in asked.values_list("payload__product", flat=True):
        counts[product] = counts.get(product, 0) + 1
    return counts


def consume_reprocess(product_ids: Iterable[int], *, run_id: str) -> int:
    """Mark requests whose new text stands. Called in the transaction that writes the texts."""
    rows = Outbox.objects.filter(
        Q(payload__product__in=list(product_ids)), consumer=DESCRIPTIONS, consumed_at__isnull=True
    )
    return rows.update(consumed_by=run_id, consumed_at=datetime.now(UTC))


def pending(consumer: str) -> tuple[int, int]:
    """(count, highest id) of decisions that wait for a consumer."""
    waiting = Outbox.objects.filter(consumer=consumer, consumed_at__isnull=True, available_at__lte=datetime.now(UTC))
    row = waiting.aggregate(count=Count("pk"), last=Max("pk"))
    return row["count"], row["last"] or 0


def open_counts() -> dict[str, int]:
    """How many open items each view of the desk holds."""
    row = ReviewItem.objects.filter(state=ReviewItem.State.OPEN).aggregate(
        all=Count("pk"), urgent=Count("pk", filter=Q(priority=1)), text=Count("pk", filter=Q(kind="text"))
    )
    return {**row, "offers": row["all"] - row["text"]}
