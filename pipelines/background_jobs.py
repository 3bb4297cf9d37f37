"""``background_requests``: the queue of pictures whose background is to be taken off.

Belongs here: the op, its job, and the schedule that asks for it. Stays out: the queue and the cutting
(``vitrina.images.background``).
"""

import dagster as dg

from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse
from sensors.requests import IN_PROGRESS
from vitrina.project.setup import setup_django

JOB = "background_requests"


@dg.op(description="Work the requests that are due, one after the other.", tags={"domain": "catalog"})
def work_background_requests(
    context: dg.OpExecutionContext,
    object_store: ObjectStoreResource,
    warehouse: Warehouse,
) -> None:
    """A run that is killed leaves its request to the next one, two minutes later."""
    from vitrina.images.background.queue import work

    done = work(object_store.store(), most=500)
    context.log.info("%d completed, %d failed, %d to be tried again", done.completed, done.failed, done.again)


@dg.job(
    name=JOB,
    description="Take the background off the pictures that were handed in.",
    executor_def=dg.in_process_executor,
    tags={"domain": "catalog"},
)
def background_requests() -> None:
    """See :func:`work_background_requests`."""
    work_background_requests()


@dg.schedule(
    name="background_requests",
    job=background_requests,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Works the queue of background requests when some are due.",
)
def background_requests_schedule(
    context: dg.ScheduleEvaluationContext,
    warehouse: Warehouse,
) -> dg.RunRequest | dg.SkipReason:
    """Nothing due, no run; a run in progress is not doubled."""
    setup_django()
    from vitrina.images.background.queue import due

    waiting = due()
    if not waiting:
        return dg.SkipReason("No request is due.")
    if context.instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=IN_PROGRESS), limit=1):
        return dg.SkipReason("A run is under way.")
    return dg.RunRequest(tags={"vitrina/background_requests": str(waiting)})
