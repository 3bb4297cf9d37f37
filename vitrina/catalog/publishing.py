"""What buyers see: pointing publications at approved versions, and moving prices.

Belongs here: which version is published, when a price may follow by itself, delisting. Stays out: the rules of
moderation (``vitrina.content``), the export's formats (``vitrina.storefront``).

A person's text is never replaced by a machine's: a later machine version counts only when a person approved it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection, transaction

from vitrina.catalog.models import Drop, Publication
from vitrina.catalog.publication_marks import mark_of
from vitrina.config import Settings
from vitrina.review.models import ReviewItem
from vitrina.review.outbox import unapplied_keys
from vitrina.review.services import consume_publication
from vitrina.warehouse import copy_upsert


@dataclass(slots=True)
class PublishResult:
    """What one pass did; ``held`` counts products by why they were left as they are."""

    published: int = 0
    updated: int = 0
    unchanged: int = 0
    delisted: int = 0
    taken_down: int = 0
    prices_held: int = 0
    held: Counter[str] = field(default_factory=Counter)
    visible: int = 0
    consumed: int = 0


#: One row a product: its newest approved version, category, prices, gates of the drops that row and price came from.
_CANDIDATES = """
SELECT p.id, p.listed, p.price, p.old_price, p.currency, p.available, d.gate, coalesce(f.gate, 'open'), d.key,
       v.id, c.category_id,
       b.version_id, b.category_id, b.price, b.old_price, b.currency, b.state,
       w.decided_by = 'person' AND NOT w.approved, p.price_note, i.pictures, b.pictures,
       b.state = 'unpublished' AND (
           SELECT s.action = 'reject' FROM review_decision s JOIN review_reviewitem t ON t.id = s.item_id
           WHERE t.key = 'show:' || p.id AND s.undone_at IS NULL AND s.superseded_by_id IS NULL
           ORDER BY s.id DESC LIMIT 1
       )
FROM catalog_product p
JOIN catalog_drop d ON d.id = p.drop_id
LEFT JOIN catalog_drop f ON f.key = p.field_drops -> 'price' ->> 0
LEFT JOIN categories_productcategory c ON c.product_id = p.id
LEFT JOIN catalog_publication b ON b.product_id = p.id
LEFT JOIN content_verdict w ON w.version_id = b.version_id
LEFT JOIN LATERAL (
    SELECT v.id FROM content_contentversion v JOIN content_verdict m ON m.version_id = v.id
    WHERE v.product_id = p.id AND m.approved
    ORDER BY (v.origin <> 'person' AND m.decided_by <> 'person' AND EXISTS (
        SELECT 1 FROM content_contentversion h
        WHERE h.product_id = v.product_id AND h.origin = 'person' AND h.number < v.number
    )), v.number DESC LIMIT 1
) v ON TRUE
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'jpeg', x.jpeg_key, 'webp', x.webp_key, 'thumb', x.thumb_key, 'width', x.shown_width, 'height', x.shown_height
    ) ORDER BY x.position) AS pictures
    FROM (
        SELECT DISTINCT ON (c.sha256) c.jpeg_key, c.webp_key, c.thumb_key, c.shown_width, c.shown_height, s.position
        FROM images_productpicture s
        JOIN images_pictureurl u ON u.id = s.url_id
        JOIN images_picture c ON c.sha256 = u.picture_id AND c.state = 'stored'
        WHERE s.product_id = p.id ORDER BY c.sha256, s.position
    ) x
) i ON TRUE
WHERE v.id IS NOT NULL OR b.id IS NOT NULL
"""

_OPEN_GATES = {Drop.Gate.OPEN.value, Drop.Gate.RELEASED.value}


def publish(settings: Settings, *, run_id: str = "") -> PublishResult:
    """Bring every publication to what moderation, gates and prices allow. A second pass changes no row."""
    result = PublishResult()
    rows: list[tuple[Any, ...]] = []
    cases: list[ReviewItem] = []
    with transaction.atomic():
        result.consumed = consume_publication(run_id=run_id)
        for row in _fetch():
            planned = _plan(row, settings, result, cases, run_id)
            if planned is not None:
                rows.append(planned)
        written = copy_upsert(
            Publication,
            (
                "product",
                "version",
                "category",
                "price",
                "old_price",
                "currency",
                "available",
                "pictures",
                "state",
                "fingerprint",
            ),
            rows,
            key=("product",),
            compare=("fingerprint",),
        )
        _open(cases)
    result.published, result.updated, result.unchanged = written.inserted, written.updated, written.unchanged
    result.visible = Publication.objects.filter(state=Publication.State.PUBLISHED).count()
    return result


def _fetch() -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES)
        while batch := cursor.fetchmany(5000):
            yield from batch


def _plan(
    row: tuple[Any, ...], settings: Settings, result: PublishResult, cases: list[ReviewItem], run_id: str
) -> tuple[Any, ...] | None:
    (product, listed, price, old_price, currency, available, gate, price_gate, drop, version, category,
     was_version, was_category, was_price, was_old, was_currency, was_state, refused, note,
     pictures, was_pictures, off_by_hand) = row  # fmt: skip
    # Pictures are not held back by anything: what a host gave late is shown at the next pass.
    pictures, was_pictures = (orjson.loads(value) if value else [] for value in (pictures, was_pictures))
    if was_state == Publication.State.UNPUBLISHED and (off_by_hand or not (refused and version is not None)):
        result.held["taken down by a person"] += 1
        return None
    if not listed:
        if was_state is None:
            return None
        result.delisted += was_state != Publication.State.DELISTED
        return _row(
            product, was_version, was_category, was_price, was_old, was_currency, False, was_pictures,
            Publication.State.DELISTED,
        )  # fmt: skip
    if version is None and refused:
        # A person refused the very text on show. It comes back with the next text that is approved.
        result.taken_down += 1
        return _row(
            product, was_version, was_category, was_price, was_old, was_currency, False, was_pictures,
            Publication.State.UNPUBLISHED,
        )  # fmt: skip
    if not {gate, price_gate} <= _OPEN_GATES:
        result.held["list gate"] += 1
        return None
    if version is None:
        result.held["no approved text"] += 1
        return None
    if was_version is not None:
        problem = _price_problem(was_price, was_currency, price, currency, settings)
        if problem is not None:
            result.prices_held += 1
            cases.append(
                _price_case(product, problem, (was_price, was_currency), (price, currency), drop, note, run_id)
            )
            price, old_price, currency = was_price, was_old, was_currency
    return _row(
        product, version, category, price, old_price, currency, available, pictures, Publication.State.PUBLISHED
    )


def _row(product: int, version: int, category: int | None, price: Decimal | None, old: Decimal | None,
         currency: str | None, available: bool | None, pictures: list[Any], state: str) -> tuple[Any, ...]:  # fmt: skip
    mark = mark_of(pictures, version, category, price, old, currency, available, str(state))
    return (product, version, category, price, old, currency, available, pictures, str(state), mark)


def _price_problem(
    old: Decimal | None, old_currency: str | None, new: Decimal | None, currency: str | None, settings: Settings
) -> dict[str, Any] | None:
    """Why a published price may not follow by itself; ``None`` when it may."""
    from vitrina.content.moderation import price_change_allowed

    if (old, old_currency) == (new, currency) or (old is None and new is None):
        return None
    if old is not None and new is not None and old_currency != currency:
        return {
            "rule": "currency_change",
            "priority": 2,
            "message_ru": "Сменилась валюта цены",
            "message_en": "The currency of the price changed",
            "details": [f"{old} {old_currency} → {new} {currency}"],
        }
    reason = price_change_allowed(old, new, Decimal(str(settings.price_change_bound)))
    if reason is not None:
        return reason.as_dict()
    rub = settings.to_rub(new, currency or "RUB") if new is not None else None
    if rub is not None and rub < settings.moderation_min_price_rub:
        return {
            "rule": "low_price",
            "priority": 2,
            "message_ru": f"Новая цена ниже {settings.moderation_min_price_rub} ₽",
            "message_en": f"The new price is below {settings.moderation_min_price_rub} RUB",
            "details": [f"{new} {currency} = {rub} RUB"],
        }
    return None


def _price_case(
    product: int,
    problem: dict[str, Any],
    old: tuple[Any, Any],
    new: tuple[Any, Any],
    drop: str,
    note: str | None,
    run_id: str,
) -> ReviewItem:
    return ReviewItem(
        kind=ReviewItem.Kind.PRICE,
        key=f"price:{product}",
        product_id=product,
        priority=problem["priority"],
        reasons=[problem],
        details={
            "old": [str(old[0]) if old[0] is not None else None, old[1]],
            "new": [str(new[0]) if new[0] is not None else None, new[1]],
            "drop": drop,
            "note": note,
        },
        run_id=run_id,
    )


def _open(cases: list[ReviewItem]) -> None:
    """One open case a product; one that asks the same stands, one about another price is overtaken.

    A price that a person refused is not asked about again, nor one whose answer is not in effect yet.
    """
    keys = [case.key for case in cases]
    latest: dict[str, ReviewItem] = {}
    for item in ReviewItem.objects.filter(key__in=keys).order_by("id"):
        latest[item.key] = item
    fresh: list[ReviewItem] = []
    overtaken: list[int] = []
    answered = unapplied_keys(keys)
    for case in cases:
        former = latest.get(case.key)
        same = former is not None and former.details.get("new") == case.details["new"]
        if same and case.key in answered:
            continue
        if same and former is not None and former.state in {ReviewItem.State.OPEN, ReviewItem.State.REJECTED}:
            continue
        if former is not None and former.state == ReviewItem.State.OPEN:
            overtaken.append(former.pk)
        fresh.append(case)
    ReviewItem.objects.filter(pk__in=overtaken).update(state=ReviewItem.State.SUPERSEDED, resolved_at=datetime.now(UTC))
    ReviewItem.objects.bulk_create(fresh, batch_size=1000)
    stale = ReviewItem.objects.filter(kind=ReviewItem.Kind.PRICE, state=ReviewItem.State.OPEN).exclude(key__in=keys)
    stale.update(state=ReviewItem.State.SUPERSEDED, resolved_at=datetime.now(UTC))
