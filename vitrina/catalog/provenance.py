"""Which drop spoke last of a product, where that does not stand in its row.

Belongs here: confirmations (a newer drop that said the same writes no product row, only its list of ids), and what
follows from them for delisting and for refused lists. Stays out: the merge rule (``merging``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import orjson
from django.db import connection

from vitrina.catalog.merging import LISTED, Spoken
from vitrina.catalog.models import Drop, Product


def packed(ids: Sequence[int]) -> bytes | None:
    """Product ids as ``Drop.confirmed`` keeps them: sorted int64; ``None`` for none."""
    return np.sort(np.asarray(ids, dtype="<i8")).tobytes() if ids else None


def _common(blob: bytes, wanted: np.ndarray) -> np.ndarray:
    """The wanted ids that a packed list holds; both are sorted."""
    ids = np.frombuffer(blob, dtype="<i8")
    at = np.searchsorted(ids, wanted)
    at[at == len(ids)] = 0
    return wanted[ids[at] == wanted] if len(ids) else wanted[:0]


def confirmations(source_id: int, since: Mapping[int, datetime], *, but: int) -> dict[int, Spoken]:
    """The newest drop of a source that confirmed each product later than the time given for it.

    Reads drops from the newest back, and stops when every product is found or the times are reached: after a full
    list that is one or two drops, whatever the length of the history.

    Args:
        source_id: Whose drops.
        since: Product → time of its main drop.
        but: A drop that does not count.
    """
    found: dict[int, Spoken] = {}
    if not since:
        return found
    wanted = np.sort(np.fromiter(since, dtype="<i8", count=len(since)))
    drops = Drop.objects.filter(
        source_id=source_id, state=Drop.State.PARSED, confirmed__isnull=False, modified_at__gte=min(since.values())
    ).exclude(pk=but)
    rows = drops.order_by("-modified_at", "-key").values_list("confirmed", "modified_at", "key")
    for blob, time, key in rows.iterator(chunk_size=8):
        here = _common(bytes(blob or b""), wanted)
        for product in here.tolist():
            if time >= since[product]:
                found[product] = Spoken(time, key)
        wanted = np.setdiff1d(wanted, here, assume_unique=True)
        if not len(wanted):
            break
    return found


def delist(product_ids: Sequence[int], drop: Drop) -> int:
    """Take products that a full list lacks out of the catalogue, but for those that a newer drop has spoken of."""
    rows = dict(
        Product.objects.filter(
            pk__in=product_ids, listed=True, source_id=drop.source_id, drop_time__lte=drop.modified_at
        ).values_list("id", "drop_time")
    )
    for product, spoken in confirmations(drop.source_id, rows, but=drop.pk).items():
        if spoken.time > drop.modified_at:
            del rows[product]
    mark = orjson.dumps({LISTED: Spoken(drop.modified_at, drop.key).as_list()}).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_product SET listed = FALSE, updated_at = now(), field_drops = field_drops || %s::jsonb "
            "WHERE id = ANY(%s)",
            [mark, list(rows)],
        )
    return len(rows)


def hand_over(refused: Drop) -> int:
    """Give rows of a refused list to the newer drops that said the same: those are believed.

    Returns:
        How many products changed hands.
    """
    ids = dict(Product.objects.filter(drop=refused).values_list("id", "drop_time"))
    moved = 0
    newer = Drop.objects.filter(
        source_id=refused.source_id, state=Drop.State.PARSED, confirmed__isnull=False,
        modified_at__gt=refused.modified_at, gate__in=[Drop.Gate.OPEN, Drop.Gate.RELEASED],
    ).order_by("-modified_at", "-key")  # fmt: skip
    wanted = np.sort(np.fromiter(ids, dtype="<i8", count=len(ids)))
    for drop in newer.iterator(chunk_size=8):
        here = _common(bytes(drop.confirmed or b""), wanted)
        wanted = np.setdiff1d(wanted, here, assume_unique=True)
        moved += Product.objects.filter(pk__in=here.tolist()).update(
            drop=drop, drop_time=drop.modified_at, updated_at=datetime.now(UTC)
        )
    return moved
