"""Moderation of versions: asking the rules, keeping verdicts, opening cases for people.

Belongs here: reading what the rules look at, writing ``Verdict``. Stays out: the rules, the review queue (``cases``).
A verdict that a person gave stands; the rules never touch it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, Subquery

from vitrina.catalog.models import Product, Publication
from vitrina.config import Settings
from vitrina.content.cases import Case, close_overtaken, failed_cases, open_cases
from vitrina.content.contract import Description, violations
from vitrina.content.duplicates import Duplicate
from vitrina.content.facts import ProductFacts
from vitrina.content.kept_signatures import keep_signatures, near_duplicates
from vitrina.content.models import ContentVersion, ProcessingLog, Verdict
from vitrina.content.moderation import ModerationContext, Thresholds, decide
from vitrina.content.moderation import Verdict as RuleVerdict
from vitrina.content.moderation_rules import RULES
from vitrina.content.pictures import conflicts_of
from vitrina.fingerprints import fingerprint

#: Raise it when a rule changes: verdicts of the rules are then given anew at the next pass over a drop.
RULES_VERSION = 2


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
    """Give a verdict on the newest version of each product, and open cases for what is not approved.

    What stands under the same text, category, price rule and rules is not judged again, but for texts that were too
    much like another's: that other one may have changed.
    """
    result = ModerationResult()
    versions = newest_versions(product_ids)
    products = Product.objects.select_related("category__category", "publication").in_bulk(list(product_ids))
    limits = thresholds(settings)
    facts = {pk: ProductFacts.from_dict(version.facts) for pk, version in versions.items()}
    conflicts = {pk: conflict.details() for pk, conflict in conflicts_of(facts, settings).items()}
    judged: list[tuple[Product, ContentVersion, str]] = []
    for pk in dict.fromkeys(product_ids):
        product, version = products.get(pk), versions.get(pk)
        if product is None or version is None:
            result.without_text += product is not None
            continue
        mark = _mark(product, version, settings, limits, conflicts.get(pk, ()))
        standing: Verdict | None = getattr(version, "verdict", None)
        if standing is not None and (standing.decided_by == "person" or _stands(standing, mark)):
            result.unchanged += 1
        else:
            judged.append((product, version, mark))
    cases = failed_cases([p for pk, p in products.items() if pk not in versions])
    verdicts: list[Verdict] = []
    duplicates: dict[int, list[Duplicate]] = {}
    if judged:
        keep_signatures()
        duplicates = near_duplicates([product.pk for product, _, _ in judged])
    people = _written_by_people(product.pk for product, _, _ in judged)
    for product, version, mark in judged:
        conflict = conflicts.get(product.pk, ())
        context = context_for(product, version, settings, limits, duplicates.get(product.pk, ()), conflict)
        found = decide(context, RULES)
        reasons = [reason.as_dict() for reason in found.reasons]
        if found.approved and product.pk in people and version.origin != ContentVersion.Origin.PERSON:
            found, reasons = RuleVerdict(False, (), 3), [_HUMAN_TEXT]
        former: Verdict | None = getattr(version, "verdict", None)
        same = (mark, found.approved, reasons)
        if former is not None and (former.fingerprint, former.approved, former.reasons) == same:
            result.unchanged += 1
            continue
        result.approved += found.approved
        result.sent += not found.approved
        result.rules.update(reason["rule"] for reason in reasons)
        priority = found.priority or 3
        verdicts.append(
            Verdict(version=version, approved=found.approved, priority=priority, reasons=reasons, fingerprint=mark,
                    run_id=run_id, updated_at=datetime.now(UTC))
        )  # fmt: skip
        if not found.approved:
            cases.append(Case(f"version:{version.pk}", product, version, reasons, priority))
    with transaction.atomic():
        decided = _decided_meanwhile(verdicts)
        verdicts = [verdict for verdict in verdicts if verdict.version_id not in decided]
        cases = [case for case in cases if case.version is None or case.version.pk not in decided]
        Verdict.objects.bulk_create(
            verdicts,
            update_conflicts=True,
            unique_fields=["version"],
            update_fields=["approved", "priority", "reasons", "fingerprint", "run_id", "updated_at"],
            batch_size=500,
        )
        close_overtaken(verdicts)
        open_cases(cases, run_id)
        _log(verdicts)
    return result


def _stands(standing: Verdict, mark: str) -> bool:
    """Whether nothing that the rules look at has changed, and nothing elsewhere could change the verdict."""
    return standing.fingerprint == mark and all(reason["rule"] != "duplicate_text" for reason in standing.reasons)


def _decided_meanwhile(verdicts: Sequence[Verdict]) -> set[int]:
    """Versions that a person decided while the rules were asked: theirs is the last word."""
    ids = [verdict.version_id for verdict in verdicts]
    rows = Verdict.objects.select_for_update().filter(version__in=ids, decided_by="person")
    return set(rows.values_list("version_id", flat=True))


_HUMAN_TEXT = {
    "rule": "human_text_stands",
    "priority": 3,
    "message_ru": "Опубликован текст человека: новая версия заменит его только по решению человека",
    "message_en": "A person's text is published: a new version replaces it only by a person's decision",
    "details": [],
}


def _written_by_people(product_ids: Iterable[int]) -> set[int]:
    """Products among these that have a person's text."""
    rows = ContentVersion.objects.filter(product__in=list(product_ids), origin=ContentVersion.Origin.PERSON)
    return set(rows.values_list("product_id", flat=True))


def _price_rub(product: Product, settings: Settings) -> Decimal | None:
    """The price that buyers see, else the one they would: a new price of a published product is publishing's matter."""
    shown: Publication | None = getattr(product, "publication", None)
    price, currency = product.price, product.currency
    if shown is not None and shown.state == Publication.State.PUBLISHED:
        price, currency = shown.price, shown.currency
    return settings.to_rub(price, currency or "RUB") if price is not None else None


def context_for(
    product: Product,
    version: ContentVersion,
    settings: Settings,
    limits: Thresholds,
    duplicates: Sequence[Duplicate] = (),
    picture_conflict: Sequence[str] = (),
) -> ModerationContext:
    """All that the rules look at, for one version under today's price, category and pictures."""
    from vitrina.content.grounding import check

    facts = ProductFacts.from_dict(version.facts)
    description = Description.model_validate(version.content) if version.content else None
    text = description.text() if description else version.body
    grounding = check(description.all_text() if description else version.body, facts)
    choice = getattr(product, "category", None)
    known = choice is not None and choice.category_id is not None
    return ModerationContext(
        facts=facts,
        description=description,
        text=text,
        grounding=grounding,
        violations=violations(description, facts) if description else (),
        category_confidence=choice.confidence if choice is not None and known else None,
        category_needs_review=bool(choice is not None and known and choice.category.needs_review),
        price_rub=_price_rub(product, settings),
        price_note=product.price_note,
        duplicates=duplicates,
        picture_conflict=picture_conflict,
        thresholds=limits,
    )


def _mark(
    product: Product, version: ContentVersion, settings: Settings, limits: Thresholds, conflict: Sequence[str]
) -> str:
    """Changes when a verdict could: not with every price, only when a price rule would speak."""
    choice = getattr(product, "category", None)
    category = choice.category if choice is not None else None
    confidence = choice.confidence if choice is not None and category is not None else None
    price = _price_rub(product, settings)
    low = price is not None and price < limits.price_min_rub
    return fingerprint(
        RULES_VERSION, version.text_hash, version.facts, confidence,
        category is not None and category.needs_review, price is None, low,
        limits.review_confidence, limits.text_min, *conflict,
    )  # fmt: skip


def _log(verdicts: Sequence[Verdict]) -> None:
    for approved, status in ((True, ProcessingLog.Status.COMPLETED), (False, ProcessingLog.Status.MODERATION)):
        ids = [v.version_id for v in verdicts if v.approved is approved]
        ProcessingLog.objects.filter(version__in=ids).update(status=status, updated_at=datetime.now(UTC))
