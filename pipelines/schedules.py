"""Schedules of the catalogue (CAT-11).

Those that can call a paid model are off until someone switches them on in the UI; cleaning up and asking again for
failed drops cost nothing and run from the start.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import dagster as dg

from pipelines import left_behind
from pipelines.product_jobs import log_cleanup, process_products
from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from vitrina.project.setup import setup_django


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


def _again_schedule(
    name: str, cron: str, job: AssetJob, assets: Mapping[str, tuple[str, ...]], description: str, *, on: bool
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
        description=description,
    )
    def schedule(context: dg.ScheduleEvaluationContext, warehouse: Warehouse) -> list[dg.RunRequest] | dg.SkipReason:
        setup_django()
        return left_behind.requests_for(context.instance, assets, datetime.now(UTC))

    return schedule


def build_schedules(process_drop: AssetJob) -> list[dg.ScheduleDefinition]:
    """All schedules of the location; ``process_drop`` makes the partitions of a drop."""
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
        _again_schedule(
            "failed_partitions_backfill",
            "*/30 * * * *",
            process_drop,
            left_behind.FREE,
            "Asks again for failed or missing partitions of the last days, of assets that call no model.",
            on=True,
        ),
        _again_schedule(
            "failed_model_partitions_backfill",
            "15,45 * * * *",
            process_drop,
            left_behind.WITH_A_MODEL,
            "The same for categories, descriptions, pictures seen. Off until switched on: it can call a paid model.",
            on=False,
        ),
    ]
