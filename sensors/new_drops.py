"""New drops become partitions and few intake runs.

Belongs here: the wiring of ``vitrina.catalog.registry`` to partitions and run requests. Stays out: what a drop is.
"""

import json
from typing import TYPE_CHECKING

import dagster as dg

from assets.catalog.partitions import DROPS_NAME
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from vitrina.config import get_settings
from vitrina.project.setup import setup_django

if TYPE_CHECKING:
    from vitrina.catalog.registry import IntakeBatch

SOURCE_TAG = "vitrina/source"
#: Before the runs that follow intake: with 10,000 files at once, the last 2,000 waited behind 750 of those.
FIRST = {"dagster/priority": "10"}
_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"


def build_new_drops_sensor(job: AssetJob) -> dg.SensorDefinition:
    """The sensor, running from the start, asking for ``job``."""

    @dg.sensor(
        name="new_drops",
        job=job,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Compares the drops area with the known partitions, adds what is new in one batch, and asks for few intake "
            "runs: one a drop while they are few, ranges when they are many."
        ),
    )
    def new_drops(
        context: dg.SensorEvaluationContext, object_store: ObjectStoreResource, warehouse: Warehouse
    ) -> dg.SensorResult | dg.SkipReason:
        setup_django()
        from vitrina.catalog.registry import look, register, unknown_keys

        settings = get_settings()
        settling = json.loads(context.cursor) if context.cursor else {}
        seen = look(object_store.store(), settings, settling)
        known = set(context.instance.get_dynamic_partitions(DROPS_NAME))
        new = [drop for drop in seen.found if drop.key not in known]
        # Rows before partitions before runs: whatever dies in between is made good by the next tick.
        batches = register(seen.found, each_below=settings.drop_runs_each_below, range_size=settings.drop_range_size)
        missing = unknown_keys([drop.key for drop in new], batches, known)
        if missing:
            # One batch: the same keys through the sensor's result cost a query each (17 ms).
            context.instance.add_dynamic_partitions(DROPS_NAME, missing)
        for key in seen.ignored:
            context.log.warning("%s is not in the folder of a source and is not read: drops/<source>/<file>", key)
        if seen.left_for_later:
            context.log.info("%d drops are left for the next tick", seen.left_for_later)
        requests = [_request(batch) for batch in batches]
        events = [
            dg.AssetMaterialization(
                "parser_drops",
                metadata={
                    "drop": drop.key,
                    "source": drop.candidate.source,
                    "path": drop.candidate.path,
                    "bytes": drop.candidate.size,
                    "files": len(drop.candidate.objects),
                },
            )
            for drop in new[:100]
        ]
        cursor = json.dumps(seen.settling, ensure_ascii=False) if seen.settling else ""
        if not requests:
            context.update_cursor(cursor)
            waiting = f"; {len(seen.settling)} still being written" if seen.settling else ""
            return dg.SkipReason(f"No new drop among {len(seen.found)}{waiting}.")
        return dg.SensorResult(run_requests=requests, cursor=cursor, asset_events=events)

    return new_drops


def _request(batch: "IntakeBatch") -> dg.RunRequest:
    # The queue holds runs of one source apart by this tag; they would only wait for each other's lock.
    tags = {**FIRST, SOURCE_TAG: batch.source} if batch.source else FIRST
    if len(batch.keys) == 1:
        return dg.RunRequest(run_key=batch.run_key, partition_key=batch.keys[0], tags=tags)
    return dg.RunRequest(run_key=batch.run_key, tags={_RANGE_START: batch.keys[0], _RANGE_END: batch.keys[-1], **tags})
