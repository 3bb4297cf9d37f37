"""What decisions about cases change in the catalogue.

Belongs here: applying approve, edit and reject to texts, prices and lists. Stays out: who decides, the queue, the
outbox. Commands apply at once; decisions at the desk are applied by the publication's consumer when the time for
undoing them is over, so that an undone one leaves no trace.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Case, FloatField, Max, Value, When

from vitrina.catalog.models import Drop, Publication
from vitrina.catalog.provenance import delist, hand_over
from vitrina.catalog.publication_marks import publication_mark
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Decision, ReviewItem

#: Keys of cases about whether a product is on show at all: approved, it is; rejected, it is not, whatever its texts.
SHOWN = "show:"


def check(item: ReviewItem, action: str, category: str | None = None) -> None:
    """Raises :class:`NotDecidable` where the action does not fit the item, before anything is written."""
    if action in {"reprocess", "edit"} and (item.kind != ReviewItem.Kind.TEXT or item.product_id is None):
        can = "made again" if action == "reprocess" else "edited"
        raise NotDecidable(f"Item {item.pk} is about a {item.kind}; only texts can be {can}.")
    if item.key.startswith(SHOWN) and not Publication.objects.filter(product=item.product).exists():
        raise NotDecidable(f"Item {item.pk} is about a product that was never published.")
    if category and action != "reject" and item.kind == ReviewItem.Kind.TEXT:
        _category(category)
    if action not in {"approve", "edit"}:
        return
    if item.kind == ReviewItem.Kind.TEXT:
        if item.version_id is None and action == "approve":
            raise NotDecidable(f"Item {item.pk} has no text to approve.", hint="Reprocess it, or write a text.")
    elif item.kind == ReviewItem.Kind.PRICE:
        if not Publication.objects.filter(product=item.product).exists():
            raise NotDecidable(f"Item {item.pk} is about a product that is no longer published.")
    elif item.drop is None:
        raise NotDecidable(f"Item {item.pk} is about a drop that is gone.")


def apply(decision: Decision) -> None:
    """Bring the catalogue to what a decision says. Applied twice, it changes nothing more.

    Raises:
        NotDecidable: What it is about has gone since.
    """
    item = decision.item
    check(item, decision.action, decision.category or None)
    before: Decision | None = Decision.objects.filter(superseded_by=decision).first()
    if item.key.startswith(SHOWN) and decision.action in {"approve", "reject"}:
        _set_shown(item, shown=decision.action == "approve")
    elif item.kind == ReviewItem.Kind.TEXT:
        _apply_text(decision, item, before)
    elif item.kind == ReviewItem.Kind.PRICE:
        if decision.action == "approve":
            _set_price(item, item.details["new"])
        elif before is not None and before.action == "approve":
            _set_price(item, item.details["old"], instead_of=item.details["new"])
    elif decision.action == "approve":
        _approve_list(item)
    elif item.drop is not None:
        Drop.objects.filter(pk=item.drop.pk).update(gate=Drop.Gate.REFUSED)
        hand_over(item.drop)
    # Between a decision and its effect a pass may have asked again about the same thing.
    asked = ReviewItem.objects.filter(key=item.key, state=ReviewItem.State.OPEN, look=ReviewItem.Look.FIRST)
    asked.exclude(pk=item.pk).update(state=ReviewItem.State.SUPERSEDED, resolved_at=datetime.now(UTC))


def _apply_text(decision: Decision, item: ReviewItem, before: Decision | None) -> None:
    from vitrina.content.models import ProcessingLog, Verdict

    if before is not None and before.version_id is not None:
        # The person's own earlier text, which this decision takes back.
        Verdict.objects.filter(version=before.version_id).update(approved=False, decided_by="person")
    if decision.action == "edit":
        _publish_edit(decision, item)
    elif item.version_id is not None:
        approved = decision.action == "approve"
        if approved:
            Verdict.objects.update_or_create(
                version_id=item.version_id,
                defaults={"approved": True, "decided_by": "person", "reasons": item.reasons, "fingerprint": "person"},
            )
        else:
            Verdict.objects.filter(version=item.version_id).update(approved=False, decided_by="person")
        status = ProcessingLog.Status.APPROVED if approved else ProcessingLog.Status.REJECTED
        log = ProcessingLog.objects.filter(version=item.version_id)
        person, now = decision.decided_by_id, datetime.now(UTC)
        log.update(status=status, notes=decision.comment, moderator=person, updated_at=now)
    if decision.action in {"approve", "edit"}:
        confirm_category(item, decision.category or None)
    _rate_templates(item)


def _publish_edit(decision: Decision, item: ReviewItem) -> None:
    """A new version in the person's words beside the machine's, and the person's verdict on it."""
    from vitrina.content import html
    from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
    from vitrina.fingerprints import fingerprint

    if decision.version_id is not None:
        return
    words: dict[str, Any] = dict(decision.edit or {})
    words["body"] = html.sanitise(str(words.get("body", "")))
    for name in ("title", "seo_title", "seo_description"):
        words[name] = html.clean_text(str(words.get(name, "")))
    words["keywords"] = [html.clean_text(str(word)) for word in words.get("keywords", [])]
    base, product = item.version, item.product
    if product is None:
        raise NotDecidable(f"Item {item.pk} is about a product that is gone.")
    facts = base.facts if base is not None else _facts_of(product)
    text_hash = fingerprint(words["title"], words["body"])
    last = ContentVersion.objects.filter(product=product).aggregate(last=Max("number"))["last"] or 0
    version = ContentVersion.objects.create(
        product=product, number=last + 1, language=base.language if base is not None else "ru",
        origin=ContentVersion.Origin.PERSON, title=words["title"][:300], body=words["body"],
        content={**base.content, **words} if base is not None and base.content else {},
        seo_title=words["seo_title"][:100], seo_description=words["seo_description"][:200], keywords=words["keywords"],
        facts=facts, input_hash=base.input_hash if base is not None else "",
        fingerprint=fingerprint("person", decision.pk), text_hash=text_hash, author_id=decision.decided_by_id,
        drop_id=product.drop_id,
    )  # fmt: skip
    Verdict.objects.create(version=version, approved=True, decided_by="person", fingerprint="person")
    if base is not None:
        # What was rewritten is not approved as it stood.
        Verdict.objects.filter(version=base).update(approved=False, decided_by="person")
        ProcessingLog.objects.filter(version=base).update(
            status=ProcessingLog.Status.APPROVED, notes=decision.comment, moderator_id=decision.decided_by_id,
            updated_at=datetime.now(UTC),
        )  # fmt: skip
    Decision.objects.filter(pk=decision.pk).update(version=version)


def _facts_of(product: Any) -> dict[str, Any]:
    """What may be said of a product that has no text yet: moderation reads it of every text."""
    from vitrina.content.product_facts import product_facts
    from vitrina.content.templates import category_sheets

    return product_facts([product], category_sheets("ru"), "ru")[product.pk].as_dict()


def _category(slug: str) -> Any:
    from vitrina.categories.models import Category

    category = Category.objects.filter(slug=slug, is_active=True).first()
    if category is None:
        raise NotDecidable(f"There is no category {slug}.", hint="Give the slug of an active category.")
    return category


def confirm_category(item: ReviewItem, slug: str | None) -> None:
    """An approved text says that its category is right; the title becomes a label for the classifier.

    Raises:
        NotDecidable: There is no such category any more.
    """
    from vitrina.categories.models import ProductCategory
    from vitrina.categories.services import add_labels

    product = item.product
    if product is None:
        return
    choice = ProductCategory.objects.filter(product=product).select_related("category").first()
    category = _category(slug) if slug is not None else choice.category if choice is not None else None
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


def _set_shown(item: ReviewItem, *, shown: bool) -> None:
    """Take a publication off the shop, or let the pass that follows put it on show again where all else allows it."""
    publication = Publication.objects.select_for_update().filter(product=item.product).first()
    if publication is None or shown != (publication.state == Publication.State.UNPUBLISHED):
        return
    publication.state = Publication.State.PUBLISHED if shown else Publication.State.UNPUBLISHED
    publication.available = publication.available if shown else False
    publication.fingerprint = publication_mark(publication)
    publication.updated_at = datetime.now(UTC)
    publication.save(update_fields=["state", "available", "fingerprint", "updated_at"])


def _set_price(item: ReviewItem, price: list[Any], *, instead_of: list[Any] | None = None) -> None:
    """Give a publication a price; with ``instead_of`` only where that price stands."""
    amount, currency = price
    publication = Publication.objects.select_for_update().filter(product=item.product).first()
    if publication is None:
        raise NotDecidable(f"Item {item.pk} is about a product that is no longer published.")
    standing = [Decimal(instead_of[0]) if instead_of[0] is not None else None, instead_of[1]] if instead_of else None
    if standing is not None and [publication.price, publication.currency] != standing:
        return
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
