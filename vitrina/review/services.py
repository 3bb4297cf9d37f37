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
from django.db.models import Avg, Case, FloatField, Q, QuerySet, Value, When

from vitrina.catalog.models import Drop, Product, Publication
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
        if item.kind == ReviewItem.Kind.LIST:
            Drop.objects.filter(pk=item.drop_id).update(gate=Drop.Gate.REFUSED)
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

    choice = ProductCategory.objects.filter(product=item.product_id).select_related("category").first()
    if slug is not None:
        category = Category.objects.filter(slug=slug, is_active=True).first()
        if category is None:
            raise NotDecidable(f"There is no category {slug}.", hint="Give the slug of an active category.")
    else:
        category = choice.category if choice is not None else None
    if category is None:
        return
    ProductCategory.objects.update_or_create(
        product_id=item.product_id,
        defaults={
            "category": category,
            "confidence": 1.0,
            "decided_by": ProductCategory.DecidedBy.PERSON,
            "fingerprint": choice.fingerprint if choice is not None else "",
        },
    )
    add_labels([(Product.objects.get(pk=item.product_id).title, category.slug)], "person")


def _rate_templates(item: ReviewItem) -> None:
    """Success rate of the templates shown for a version: the share of their texts that have an approving verdict."""
    from vitrina.content.models import ContentVersion, DescriptionTemplate

    version = ContentVersion.objects.filter(pk=item.version_id).first()
    for name in version.templates if version is not None else ():
        share = ContentVersion.objects.filter(templates__contains=[name], verdict__isnull=False).aggregate(
            share=Avg(
                Case(When(verdict__approved=True, then=Value(1.0)), default=Value(0.0), output_field=FloatField())
            )
        )["share"]
        DescriptionTemplate.objects.filter(name=name).update(success_rate=share or 0.0)


def _approve_price(item: ReviewItem) -> None:
    from vitrina.catalog.publishing import publication_mark

    amount, currency = item.details["new"]
    publication = Publication.objects.select_for_update().get(product=item.product_id)
    publication.price = Decimal(amount) if amount is not None else None
    publication.currency = currency
    publication.fingerprint = publication_mark(publication)
    publication.save(update_fields=["price", "currency", "fingerprint"])


def _approve_list(item: ReviewItem) -> None:
    """Release the drop. What the list lacks is delisted, unless a newer drop has spoken of it since."""
    Drop.objects.filter(pk=item.drop_id).update(gate=Drop.Gate.RELEASED)
    products = item.details.get("products") or []
    if not products or item.drop is None:
        return
    gone = Product.objects.filter(pk__in=products, listed=True, drop_time__lte=item.drop.modified_at)
    count = gone.update(listed=False, updated_at=datetime.now(UTC))
    Drop.objects.filter(pk=item.drop_id).update(delisted_products=count)


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


def consume_reprocess(product_ids: Iterable[int], *, run_id: str) -> int:
    """Mark requests whose new text stands. Called in the transaction that writes the texts."""
    rows = Outbox.objects.filter(
        Q(payload__product__in=list(product_ids)), consumer=DESCRIPTIONS, consumed_at__isnull=True
    )
    return rows.update(consumed_by=run_id, consumed_at=datetime.now(UTC))


def pending(consumer: str) -> tuple[int, int]:
    """(count, highest id) of decisions that wait for a consumer."""
    ids = Outbox.objects.filter(
        consumer=consumer, consumed_at__isnull=True, available_at__lte=datetime.now(UTC)
    ).values_list("pk", flat=True)
    return len(ids), max(ids, default=0)
