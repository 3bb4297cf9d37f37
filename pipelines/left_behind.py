"""Partitions that were left behind: failed, or never made though what they are made from is there.

Belongs here: which ones to ask for again. Stays out: when to look (``schedules``), what new drops start (``sensors``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import dagster as dg

from assets.catalog.partitions import DROPS, DROPS_NAME

DAYS = 3
#: A partition that was asked for again so often is left to a person.
TRIES = 3
#: What is younger is still being worked on by sensor and automation.
YOUNG = timedelta(minutes=10)
AGAIN_TAG = "vitrina/again"
_LIMIT = 100

#: Asset → what its partition is made from.
FREE = {
    "parsed_products": (),
    "product_images": ("parsed_products",),
    "product_vectors": ("parsed_products",),
    "moderation": ("product_descriptions",),
}
WITH_A_MODEL = {
    "product_categories": ("parsed_products",),
    "product_descriptions": ("product_categories",),
    "product_cards": ("product_categories",),  # asks a model where CARD_WRITER says so
    "image_analysis": ("product_images",),  # asks a vision model where one is named
}


def requests_for(
    instance: dg.DagsterInstance, assets: Mapping[str, tuple[str, ...]], now: datetime
) -> list[dg.RunRequest] | dg.SkipReason:
    """One request a drop of the last days, for those of ``assets`` that were left behind in it.

    A drop whose content cannot be read stays red until a person acts: its bytes and its ``source.yaml`` are the same,
    so the answer would be too. What is asked again is what a dead process or a lost connection left.
    """
    from vitrina.catalog.models import Drop

    known = set(instance.get_dynamic_partitions(DROPS_NAME))
    recent = Drop.objects.filter(seen_at__gte=now - timedelta(days=DAYS), seen_at__lt=now - YOUNG)
    readable = recent.exclude(state=Drop.State.UNREADABLE).order_by("id").values_list("key", flat=True)
    keys = [key for key in readable if key in known]
    states = {
        name: _states(instance, name, keys)
        for name in {*assets, *(upstream for needed in assets.values() for upstream in needed)}
    }
    requests = []
    for key in keys:
        left = [
            name
            for name, needed in assets.items()
            if states[name][key] in {None, "FAILED"} and all(states[one][key] == "MATERIALIZED" for one in needed)
        ]
        if not left:
            continue
        tags = {AGAIN_TAG: f"{'+'.join(left)}:{key}"}
        runs = instance.get_runs(dg.RunsFilter(tags=tags), limit=TRIES)
        if len(runs) < TRIES and all(run.is_finished for run in runs):
            requests.append(
                dg.RunRequest(
                    run_key=f"{tags[AGAIN_TAG]}:{len(runs)}",
                    partition_key=key,
                    tags=tags,
                    asset_selection=[dg.AssetKey(name) for name in left],
                )
            )
    return requests[:_LIMIT] or dg.SkipReason("No partition of the last days is left behind.")


def _states(instance: dg.DagsterInstance, asset: str, keys: Sequence[str]) -> dict[str, str | None]:
    found = instance.get_status_by_partition(dg.AssetKey(asset), keys, DROPS) or {}
    return {key: status.value if (status := found.get(key)) is not None else None for key in keys}
