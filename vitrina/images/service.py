"""Pictures of products, brought up to date: the one call behind the asset, the job and the command line.

Belongs here: which addresses are due, joining fetcher, pool, store and tables for a run, counts. Stays out: each of
those. Work goes in groups of addresses that no other run works on; each group's outcomes are committed as they come, so
a killed run loses what was in flight and its successor goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import F, Min, Q, QuerySet

from vitrina.catalog.models import Product
from vitrina.config import Settings
from vitrina.images.addresses import BadAddress, parse
from vitrina.images.assigning import assign
from vitrina.images.downloading import Due
from vitrina.images.models import PictureUrl
from vitrina.images.recipe import RECIPE
from vitrina.images.running import FetchResult, Run, Tell, rules_of
from vitrina.objects import ObjectStore
from vitrina.warehouse.claims import claimed, groups


def refresh_pictures(
    products: QuerySet[Product],
    store: ObjectStore,
    settings: Settings,
    *,
    refresh: bool = False,
    tell: Tell | None = None,
) -> FetchResult:
    """Write down what products show, and fetch what is due of it.

    Args:
        products: Of a drop, say.
        refresh: Ask for every address again, conditionally; decode refused files again.
    """
    lists = products.order_by("id").values_list("id", "image_urls").iterator(chunk_size=2000)
    assigned = assign(lists, rules_of(settings), settings.image_max_per_product)
    listed = products.filter(listed=True)
    ids = list(due_urls(settings, refresh=refresh, products=listed).values_list("id", flat=True))
    result = fetch_urls(ids, store, settings, refresh=refresh, tell=tell)
    result.assigned = assigned
    return result


def due_urls(
    settings: Settings,
    *,
    refresh: bool = False,
    products: QuerySet[Product] | None = None,
    now: datetime | None = None,
    waiting_only: bool = False,
) -> QuerySet[PictureUrl]:
    """Addresses to be asked now, first pictures of products first.

    Args:
        products: Only what these show; else what any listed product shows.
        waiting_only: Only what nobody has answered yet.
    """
    now = now or datetime.now(UTC)
    due = Q(state=PictureUrl.State.WAITING, next_try_at__lte=now)
    if not waiting_only:
        due |= Q(checked_at__lt=now - timedelta(days=settings.image_recheck_days)) & ~Q(host="")
        due |= Q(state=PictureUrl.State.STORED) & ~Q(picture__recipe=RECIPE)
    if refresh:
        due = Q()
    shown = Q(shown_by__product__in=products) if products is not None else Q(shown_by__product__listed=True)
    return PictureUrl.objects.filter(due, shown).annotate(first=Min("shown_by__position")).order_by("first", "id")


def fetch_urls(
    ids: Sequence[int], store: ObjectStore, settings: Settings, *, refresh: bool = False, tell: Tell | None = None
) -> FetchResult:
    """Ask for addresses; those that another run asks for are left to it."""
    result = FetchResult(due=len(ids))
    began, chosen_at = time.monotonic(), datetime.now(UTC)
    for group in groups(ids):
        with claimed(group, "pictures") as mine:
            result.busy += len(group) - len(mine)
            due = list(_load([pk for pk in group if pk in mine], settings, chosen_at))
            result.busy += len(mine) - len(due)
            if due:
                asyncio.run(Run(store, settings, result, refresh=refresh, tell=tell).work(due))
    result.seconds = time.monotonic() - began
    return result


def _load(ids: Sequence[int], settings: Settings, chosen_at: datetime) -> Iterable[Due]:
    """Addresses as they stand now that they are claimed, in the order of the ids.

    What another run has asked for since the ids were chosen is left out.
    """
    rules = rules_of(settings)
    rows = PictureUrl.objects.filter(pk__in=ids).annotate(
        recipe=F("picture__recipe"), original=F("picture__original_key")
    )
    found = {row.pk: row for row in rows}
    for pk in ids:
        row = found.get(pk)
        if row is None or (row.checked_at is not None and row.checked_at > chosen_at):
            continue
        try:
            address = parse(row.url, rules)
        except BadAddress:
            # What a setting forbids now, or what was never an address; its state says so already.
            if row.state == PictureUrl.State.WAITING:
                PictureUrl.objects.filter(pk=pk).update(state=PictureUrl.State.REFUSED, reason="forbidden_address")
            continue
        again = row.state == PictureUrl.State.STORED and row.recipe != RECIPE
        # A condition without the picture would bring an answer without bytes.
        stored = row.state == PictureUrl.State.STORED
        tags = (row.etag, row.last_modified) if stored and not again else ("", "")
        yield Due(
            row.pk, address, *tags, row.original or "" if again else "", row.state, row.attempts, row.picture_id or ""
        )
