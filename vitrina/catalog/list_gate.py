"""The list gate: what a source's new list may do by itself, and what a person must see first.

Belongs here: the rules and the one case in review that they open for a drop. Stays out: reading and writing products
(``intake``), acting on the person's answer (``vitrina.review.services``).

Seen in real lists: a second file that was the first without 497 of one brand's 498 goods and no other change. That is
a cut export, not a supplier who dropped a brand.
"""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from psycopg import sql

from vitrina.catalog.models import Drop
from vitrina.config import Settings
from vitrina.review.models import ReviewItem

if TYPE_CHECKING:
    from vitrina.catalog.intake import IntakeResult

#: Below so many goods a share says nothing.
_SMALL_GROUP = 20
_FEW_PRICES = 5


class Missing(NamedTuple):
    """A listed product that the new list lacks."""

    product_id: int
    external_id: str
    brand: str | None
    category: str | None


@dataclass(slots=True)
class Before:
    """The source's catalogue before the drop was written, compared with the drop.

    Attributes:
        order: Listed product ids in the order of the former list.
        brands, categories: Listed products by brand and by the source's category.
        common: Products that both have.
        ratios: New price divided by the former one, for common products whose price moves.
        fresh: Products that only the drop has.
        differing: Common products whose row differs.
        lost: Common products whose price the drop says is unknown.
        switched: Common products whose price comes in another currency.
        refused: Rows that a person refused as another drop's.
    """

    order: list[int] = field(default_factory=list)
    brands: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    common: int = 0
    ratios: list[float] = field(default_factory=list)
    fresh: int = 0
    differing: int = 0
    lost: int = 0
    switched: int = 0
    refused: int = 0


#: The former price is the published one where there is one. Prices of a held or refused list stand in the catalogue,
#: but no buyer ever saw them: they are nobody's former price.
_COMMON = """
SELECT CASE WHEN f.currency = i.currency THEN (i.price / nullif(f.price, 0))::float8 END,
       p.row_hash <> i.row_hash,
       f.price IS NOT NULL AND i.price IS NULL AND coalesce(i.price_note, 'missing') <> 'missing',
       f.price IS NOT NULL AND i.price IS NOT NULL AND f.currency <> i.currency,
       p.row_hash = i.row_hash AND d.gate = 'refused' AND d.id <> %s
FROM {} i JOIN catalog_product p USING (source_id, external_id) JOIN catalog_drop d ON d.id = p.drop_id
LEFT JOIN catalog_publication b ON b.product_id = p.id
CROSS JOIN LATERAL (
    SELECT coalesce(b.price, CASE WHEN d.gate IN ('open', 'released') THEN p.price END) AS price,
           CASE WHEN b.price IS NOT NULL THEN b.currency ELSE p.currency END AS currency
) f
"""


def state_before(table: sql.Identifier, source_id: int, drop_id: int) -> Before:
    """Compare the temporary table of a drop with the catalogue, before anything is written."""
    before = Before()
    with connection.connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, brand, category_hint FROM catalog_product WHERE source_id = %s AND listed "
            "ORDER BY drop_id, row_number, id",
            [source_id],
        )
        for product, brand, category in cursor:
            before.order.append(product)
            before.brands[brand or ""] += 1
            before.categories[category or ""] += 1
        if not before.order:
            return before
        cursor.execute(sql.SQL(_COMMON).format(table), [drop_id])
        for ratio, differs, lost, switched, refused in cursor:
            before.common += 1
            before.differing += bool(differs)
            before.lost += bool(lost)
            before.switched += bool(switched)
            before.refused += bool(refused)
            if ratio is not None and ratio != 1.0:
                before.ratios.append(ratio)
        cursor.execute(
            sql.SQL(
                "SELECT count(*) FROM {} i WHERE NOT EXISTS (SELECT 1 FROM catalog_product p WHERE "
                "p.source_id = i.source_id AND p.external_id = i.external_id)"
            ).format(table)
        )
        before.fresh = cursor.fetchone()[0]
    return before


def judge_missing(before: Before, missing: list[Missing], settings: Settings, result: IntakeResult) -> bool:
    """Whether the delisting of ``missing`` is held back; the reasons go to ``result``."""
    found = missing_reasons(before, missing, settings)
    if found:
        result.gate = Drop.Gate.HELD
        result.gate_reasons += found
        # One case holds everything that a person must decide, the goods themselves among it.
        result.gate_reasons[-1]["products"] = [item.product_id for item in missing]
    return bool(found)


def missing_reasons(before: Before, missing: list[Missing], settings: Settings) -> list[dict[str, Any]]:
    """Why a list that lacks these goods looks cut rather than changed; empty when it looks right."""
    reasons: list[dict[str, Any]] = []
    total = len(before.order)
    if total and len(missing) / total > settings.list_gate_catalogue_share and len(missing) >= _FEW_PRICES:
        reasons.append(
            _reason("catalogue_share", f"{len(missing)} of {total} goods are gone", missing=len(missing), of=total)
        )
    for kind, sizes, value_of in (
        ("brand", before.brands, lambda m: m.brand or ""),
        ("category", before.categories, lambda m: m.category or ""),
    ):
        for value, gone in Counter(value_of(item) for item in missing).most_common():
            size = sizes[value]
            if value and size >= _SMALL_GROUP and gone / size > settings.list_gate_group_share and size < total:
                text = f"{gone} of {size} goods of the {kind} «{value}» are gone"
                reasons.append(_reason(f"{kind}_share", text, value=value, missing=gone, of=size))
    block = _longest_block(before.order, {item.product_id for item in missing})
    alone = block == len(missing) and before.fresh == 0 and before.differing == 0
    if alone and block >= settings.list_gate_block:
        text = f"one block of {block} goods that stood together is gone, and nothing else changed: a cut export?"
        reasons.append(_reason("contiguous_block", text, missing=block))
    return reasons


def judge_prices(before: Before, settings: Settings, result: IntakeResult) -> None:
    """Hold the whole drop back when too many prices move too far, vanish or change currency at once."""
    found = price_reasons(before, settings)
    if found:
        result.gate = Drop.Gate.HELD
        result.gate_reasons += found


def price_reasons(before: Before, settings: Settings) -> list[dict[str, Any]]:
    """Why the prices of a drop look wrong as a whole; empty when they look right."""
    bound, of = settings.price_change_bound, before.common
    moved = [ratio for ratio in before.ratios if ratio > 1 + bound or ratio < 1 - bound]
    reasons = []

    def many(count: int) -> bool:
        return count >= _FEW_PRICES and count / of > settings.list_gate_price_share

    if many(len(moved)):
        typical = statistics.median(moved)
        text = f"{len(moved)} of {of} prices move by more than {bound:.0%}; "
        text += f"the typical one is {typical:.3g} times the former"
        if any(abs(typical / factor - 1) < 0.02 for factor in (10, 100, 1000, 0.1, 0.01, 0.001)):
            text += ": a shifted decimal point, or kopecks taken for roubles?"
        reasons.append(_reason("prices", text, moved=len(moved), of=of, typical_ratio=typical))
    if many(before.lost):
        reasons.append(_reason("prices_lost", f"{before.lost} of {of} prices are gone", lost=before.lost, of=of))
    if many(before.switched):
        text = f"{before.switched} of {of} prices come in another currency"
        reasons.append(_reason("currency", text, switched=before.switched, of=of))
    if many(before.refused):
        text = f"{before.refused} of {of} rows are those of a list that a person refused"
        reasons.append(_reason("refused_before", text, rows=before.refused, of=of))
    return reasons


def _reason(rule: str, message: str, **figures: Any) -> dict[str, Any]:
    return {"rule": rule, "message": message, **figures}


def _longest_block(order: list[int], missing: set[int]) -> int:
    longest = current = 0
    for product in order:
        current = current + 1 if product in missing else 0
        longest = max(longest, current)
    return longest


def open_case(drop: Drop, result: IntakeResult) -> None:
    """One case in review for a held drop; a person's earlier answer for the same drop stands."""
    products: list[int] = next((r.pop("products") for r in result.gate_reasons if "products" in r), [])
    if drop.gate in {Drop.Gate.RELEASED, Drop.Gate.REFUSED}:
        result.gate = drop.gate
        return
    key = f"list:{drop.key}"
    if result.gate != Drop.Gate.HELD:
        ReviewItem.objects.filter(key=key, state=ReviewItem.State.OPEN).update(
            state=ReviewItem.State.SUPERSEDED, resolved_at=datetime.now(UTC)
        )
        return
    ReviewItem.objects.update_or_create(
        key=key,
        state=ReviewItem.State.OPEN,
        defaults={
            "kind": ReviewItem.Kind.LIST,
            "drop": drop,
            "priority": 1,
            "reasons": result.gate_reasons,
            "details": {"products": products},
        },
    )
