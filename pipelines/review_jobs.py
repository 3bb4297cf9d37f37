"""Jobs around the desk: freeing what nobody holds any more, and looking after decisions that wait.

Belongs here: the jobs and their schedules. Stays out: the queue (``vitrina.review``), the checks themselves
(``assets.decision_checks``).
"""

from datetime import UTC, datetime

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from sensors.requests import IN_PROGRESS
from vitrina.project.setup import setup_django

LEASE_SWEEP = "lease_sweep"


@dg.op(description="End leases whose time is over, and free their places for others.", tags={"domain": "review"})
def sweep_leases(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
    """People who ask for the next item sweep a few; this frees the rest, such as the last items of a batch."""
    from vitrina.review.leases import sweep_expired

    context.log.info("%d items are free again", sweep_expired())


@dg.job(
    name=LEASE_SWEEP,
    description="Free what people held and did not decide in time.",
    executor_def=dg.in_process_executor,
    tags={"domain": "review"},
)
def lease_sweep() -> None:
    """See :func:`sweep_leases`."""
    sweep_leases()


@dg.schedule(
    name="lease_sweep",
    job=lease_sweep,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Ends expired leases when there are some.",
)
def lease_sweep_schedule(
    context: dg.ScheduleEvaluationContext,
    warehouse: Warehouse,
) -> dg.RunRequest | dg.SkipReason:
    """No expired lease, no run."""
    setup_django()
    from vitrina.review.models import Lease

    if not Lease.objects.filter(ended_at=None, until__lte=datetime.now(UTC)).exists():
        return dg.SkipReason("No lease has run out.")
    if context.instance.get_runs(dg.RunsFilter(job_name=LEASE_SWEEP, statuses=IN_PROGRESS), limit=1):
        return dg.SkipReason("A run is under way.")
    return dg.RunRequest()


def build_decision_checks_job(name: str, *checks: dg.AssetChecksDefinition) -> AssetJob:
    """A job of the checks alone: it runs none of their assets."""
    keys = [key for definition in checks for key in definition.check_keys]
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.checks(*keys),
        description="Whether decisions of people reach what acts on them.",
        tags={"domain": "review"},
    )


def half_hourly(job: AssetJob) -> dg.ScheduleDefinition:
    """The schedule of such a job, running from the start: it calls no model."""
    return dg.ScheduleDefinition(
        name=job.name,
        job=job,
        cron_schedule="5,35 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Looks for decisions that wait for long or were lost, also while nothing acts on them.",
    )
