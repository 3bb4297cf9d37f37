"""Moderation of versions: asking the rules, keeping verdicts, opening cases for people.

Belongs here: reading what the rules look at, writing ``Verdict`` and ``ReviewItem``. Stays out: the rules.
A verdict that a person gave stands; the rules never touch it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from vitrina.catalog.models import Product
from vitrina.config import Settings
from vitrina.content.contract import Description, violations
from vitrina.content.duplicates import DuplicateIndex
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
from vitrina.content.moderation import ModerationContext, Thresholds, decide
from vitrina.content.moderation import Verdict as RuleVerdict
from vitrina.fingerprints import fingerprint
from vitrina.review.models import ReviewItem

#: Raise it when a rule changes: verdicts of the rules are then given anew at the next pass over a drop.
RULES_VERSION = 1


@dataclass(slots=True)
class ModerationResult:
    """Counts of one pass, and how often each rule spoke."""

    approved: int = 0
    sent: int = 0
    unchanged: int = 0
    without_text: int = 0
    rules: Counter[str] = field(default_factory=Counter)


def thresholds(settings: Settings) -> Thresholds:
    """The settings of the rules."""
    from decimal import Decimal

    return Thresholds(
        review_confidence=settings.category_review_threshold,
        price_min_rub=settings.moderation_min_price_rub,
        price_change=Decimal(str(settings.price_change_bound)),
    )


def newest_versions(product_ids: Iterable[int]) -> dict[int, ContentVersion]:
    """Product → its newest version of any origin."""
    newest = ContentVersion.objects.filter(product=OuterRef("product")).order_by("-number").values("pk")[:1]
    rows = ContentVersion.objects.filter(product__in=list(product_ids), pk=Subquery(newest)).select_related("verdict")
    return {row.product_id: row for row in rows}


def moderate(product_ids: Sequence[int], settings: Settings, *, run_id: str = "") -> ModerationResult:
    """Give a verdict on the newest version of each product, and open cases for what is not approved."""
    result = ModerationResult()
    limits = thresholds(settings)
    versions = newest_versions(product_ids)
    products = {p.pk: p for p in Product.objects.filter(pk__in=product_ids).select_related("category__category")}
    duplicates = _index_of_all()
    verdicts: list[Verdict] = []
    cases: list[tuple[str, Product, ContentVersion | None, list[dict[str, Any]], int]] = []
    for product_id in product_ids:
        product, version = products[product_id], versions.get(product_id)
        if version is None:
            result.without_text += 1
            if case := _failed_case(product):
                cases.append(case)
            continue
        context = context_for(product, version, settings, limits, duplicates)
        mark = _mark(context, version)
        standing: Verdict | None = getattr(version, "verdict", None)
        if standing is not None and (standing.decided_by == "person" or standing.fingerprint == mark):
            result.unchanged += 1
            continue
        verdict = decide(context)
        reasons = [reason.as_dict() for reason in verdict.reasons]
        if verdict.approved and _person_wrote(product_id):
            verdict, reasons = RuleVerdict(False, (), 3), [_HUMAN_TEXT]
        result.approved += verdict.approved
        result.sent += not verdict.approved
        result.rules.update(reason["rule"] for reason in reasons)
        verdicts.append(
            Verdict(version=version, approved=verdict.approved, priority=verdict.priority or 3, reasons=reasons,
                    fingerprint=mark, run_id=run_id)
        )  # fmt: skip
        key = f"version:{version.pk}"
        if not verdict.approved:
            cases.append((key, product, version, reasons, verdict.priority or 3))
    with transaction.atomic():
        Verdict.objects.bulk_create(
            verdicts,
            update_conflicts=True,
            unique_fields=["version"],
            update_fields=["approved", "priority", "reasons", "fingerprint", "run_id"],
            batch_size=500,
        )
        _close_overtaken(verdicts)
        _open_cases(cases, run_id)
        _log(verdicts)
    return result


_HUMAN_TEXT = {
    "rule": "human_text_stands",
    "priority": 3,
    "message_ru": "Опубликован текст человека: новая версия заменит его только по решению человека",
    "message_en": "A person's text is published: a new version replaces it only by a person's decision",
    "details": [],
}


def _person_wrote(product_id: int) -> bool:
    return ContentVersion.objects.filter(product=product_id, origin=ContentVersion.Origin.PERSON).exists()


def context_for(
    product: Product, version: ContentVersion, settings: Settings, limits: Thresholds, duplicates: DuplicateIndex | None
) -> ModerationContext:
    """All that the rules look at, for one version under today's price and category."""
    from vitrina.content.grounding import check

    facts = ProductFacts.from_dict(version.facts)
    description = Description.model_validate(version.content) if version.content else None
    text = description.text() if description else version.body
    grounding = check(description.all_text() if description else version.body, facts)
    choice = getattr(product, "category", None)
    known = choice is not None and choice.category_id is not None
    rub = settings.to_rub(product.price, product.currency or "RUB") if product.price is not None else None
    return ModerationContext(
        facts=facts,
        description=description,
        text=text,
        grounding=grounding,
        violations=violations(description, facts) if description else (),
        category_confidence=choice.confidence if choice is not None and known else None,
        category_needs_review=bool(choice is not None and known and choice.category.needs_review),
        price_rub=rub,
        price_note=product.price_note,
        duplicates=duplicates.nearest(text, exclude=product.pk) if duplicates is not None else (),
        thresholds=limits,
    )


def _mark(context: ModerationContext, version: ContentVersion) -> str:
    """Changes when a verdict could: not with every price, only when a price rule would speak."""
    low = context.price_rub is not None and context.price_rub < context.thresholds.price_min_rub
    return fingerprint(
        RULES_VERSION, version.text_hash, version.facts, context.category_confidence, context.category_needs_review,
        context.price_rub is None, low, context.thresholds.review_confidence, context.thresholds.text_min,
        sorted(str(item.key) for item in context.duplicates),
    )  # fmt: skip


def _index_of_all() -> DuplicateIndex:
    """The newest texts of the whole catalogue, by product.

    Measured: about 1 ms a text, so 60 s for 60,000; a catalogue of that size wants the index kept between runs.
    """
    from vitrina.content import html

    index = DuplicateIndex()
    newest = ContentVersion.objects.filter(product=OuterRef("product")).order_by("-number").values("pk")[:1]
    for product, body in (
        ContentVersion.objects.filter(pk=Subquery(newest)).values_list("product_id", "body").iterator()
    ):
        index.add(product, html.to_text(body))
    return index


def _failed_case(product: Product) -> tuple[str, Product, None, list[dict[str, Any]], int] | None:
    failure = product.log.filter(status=ProcessingLog.Status.FAILED).order_by("-id").first()  # type: ignore[attr-defined]
    if failure is None:
        return None
    reason = {
        "rule": "no_description",
        "priority": 2,
        "message_ru": "Описание не получено",
        "message_en": "No description could be made",
        "details": [f"{failure.error_class}: {failure.error_message}"[:500]],
    }
    return f"product:{product.pk}", product, None, [reason], 2


def _close_overtaken(verdicts: Sequence[Verdict]) -> None:
    """Open cases of a product's older versions, and of a version that the rules now let pass."""
    now = datetime.now(UTC)
    for verdict in verdicts:
        product = verdict.version.product_id
        items = ReviewItem.objects.filter(kind=ReviewItem.Kind.TEXT, product=product, state=ReviewItem.State.OPEN)
        if not verdict.approved:
            items = items.exclude(key=f"version:{verdict.version_id}")
        items.update(state=ReviewItem.State.SUPERSEDED, resolved_at=now)


def _open_cases(
    cases: Sequence[tuple[str, Product, ContentVersion | None, list[dict[str, Any]], int]], run_id: str
) -> None:
    standing = {
        item.key: item
        for item in ReviewItem.objects.filter(key__in=[case[0] for case in cases], state=ReviewItem.State.OPEN)
    }
    fresh = []
    for key, product, version, reasons, priority in cases:
        item = standing.get(key)
        if item is None:
            fresh.append(
                ReviewItem(kind=ReviewItem.Kind.TEXT, key=key, product=product, version=version, priority=priority,
                           reasons=reasons, run_id=run_id)
            )  # fmt: skip
        elif item.reasons != reasons:
            ReviewItem.objects.filter(pk=item.pk).update(reasons=reasons, priority=priority)
    ReviewItem.objects.bulk_create(fresh, batch_size=500)


def _log(verdicts: Sequence[Verdict]) -> None:
    for approved, status in ((True, ProcessingLog.Status.COMPLETED), (False, ProcessingLog.Status.MODERATION)):
        ids = [v.version_id for v in verdicts if v.approved is approved]
        ProcessingLog.objects.filter(version__in=ids).update(status=status, updated_at=datetime.now(UTC))
