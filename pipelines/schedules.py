"""Schedules of the catalogue (CAT-11).

Those that can call a paid model are off until someone switches them on in the UI; cleaning up and asking again for
failed drops cost nothing and run from the start.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.catalog.partitions import DROPS_NAME
from pipelines.product_jobs import log_cleanup, process_products
from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from vitrina.project.setup import setup_django

_DAYS = 3
#: A drop that failed so often is left to a person.
_TRIES = 3


def _product_schedule(name: str, cron: str, description: str, choose: Callable[[], list[int]]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job=process_products,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"{description} Off until switched on: it can call a paid model.",
    )
    def schedule(context: dg.ScheduleEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        ids = choose()
        if not ids:
            return dg.SkipReason("No product needs it.")
        config = {"ops": {"process_chosen": {"config": {"product_ids": ids}}}}
        return dg.RunRequest(run_config=config, tags={"vitrina/products": str(len(ids)), "vitrina/schedule": name})

    return schedule


def _uncategorised() -> list[int]:
    from vitrina.catalog.selection import uncategorised

    return uncategorised()


def _missing() -> list[int]:
    from vitrina.catalog.selection import without_description

    return without_description()


def _failed() -> list[int]:
    from vitrina.catalog.selection import failed_recently

    return failed_recently()


def build_schedules(intake: AssetJob) -> list[dg.ScheduleDefinition]:
    """All schedules of the location; ``intake`` reads drops."""

    @dg.schedule(
        name="failed_partitions_backfill",
        job=intake,
        cron_schedule="*/30 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Asks again for drops of the last days that failed or were never read.",
    )
    def failed_partitions_backfill(
        context: dg.ScheduleEvaluationContext, warehouse: Warehouse
    ) -> list[dg.RunRequest] | dg.SkipReason:
        setup_django()
        return failed_requests(context.instance, datetime.now(UTC))

    return [
        _product_schedule(
            "uncategorised_products", "10 * * * *", "Up to 100 products without a category.", _uncategorised
        ),
        _product_schedule("missing_descriptions", "20 * * * *", "Up to 100 products without a text.", _missing),
        _product_schedule("retry_failures", "40 * * * *", "Up to 50 failures of the last 7 days.", _failed),
        dg.ScheduleDefinition(
            name="log_cleanup_daily",
            job=log_cleanup,
            cron_schedule="30 3 * * *",
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Deletes completed and approved log entries older than 90 days.",
        ),
        failed_partitions_backfill,
    ]


def failed_requests(instance: dg.DagsterInstance, now: datetime) -> list[dg.RunRequest] | dg.SkipReason:
    """Requests for drops of the last days that are known, not read, and not being read.

    A drop whose content cannot be read stays red until a person acts: its bytes and its ``source.yaml`` are the same,
    so the answer would be too. What is asked again is what a dead process or a lost connection left behind.
    """
    from vitrina.catalog.models import Drop

    known = set(instance.get_dynamic_partitions(DROPS_NAME))
    waiting = Drop.objects.filter(
        state=Drop.State.FOUND, seen_at__gte=now - timedelta(days=_DAYS), seen_at__lt=now - timedelta(minutes=10)
    )
    requests = []
    for key in waiting.order_by("id").values_list("key", flat=True)[:100]:
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": key}), limit=_TRIES)
        if key in known and len(runs) < _TRIES and all(run.is_finished for run in runs):
            requests.append(dg.RunRequest(run_key=f"again:{key}:{len(runs)}", partition_key=key))
    return requests or dg.SkipReason("No drop of the last days is left unread.")
