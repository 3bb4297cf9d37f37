"""``waiting_pictures``: addresses of pictures that a host did not answer, whatever drop they came with.

Belongs here: the op, its job, and the schedule that asks for it. Stays out: fetching (``vitrina.images``).
"""

import dagster as dg

from assets.catalog.product_images import fetch_metadata, progress_line
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse
from sensors.requests import IN_PROGRESS
from vitrina.project.setup import setup_django

JOB = "waiting_pictures"


@dg.op(description="Ask again for the pictures that are due, of all products.", tags={"domain": "catalog"})
def fetch_waiting_pictures(
    context: dg.OpExecutionContext, object_store: ObjectStoreResource, warehouse: Warehouse
) -> None:
    """What comes is told as events of ``product_images`` for the drops it belongs to, so that analysis and publications
    follow. Drops to which nothing was added get no event."""
    from vitrina.catalog.models import Drop
    from vitrina.images.service import due_urls, fetch_urls

    ids = list(due_urls(warehouse.settings, waiting_only=True).values_list("id", flat=True))
    result = fetch_urls(
        ids,
        object_store.store(),
        warehouse.settings,
        tell=lambda progress: context.log.info(progress_line(progress)),
    )
    context.log.info("%d due: %s; %s", len(ids), dict(result.states), dict(result.reasons))
    drops = Drop.objects.filter(products__pictures__url__in=result.completed).distinct().order_by("id")
    for key in drops.values_list("key", flat=True):
        context.log_event(dg.AssetMaterialization("product_images", partition=key, metadata=fetch_metadata(result)))


@dg.job(
    name=JOB,
    description="Fetch the pictures that waited for their hosts.",
    executor_def=dg.in_process_executor,
    tags={"domain": "catalog"},
)
def waiting_pictures() -> None:
    """See :func:`fetch_waiting_pictures`."""
    fetch_waiting_pictures()


def plan(instance: dg.DagsterInstance, due: int) -> dg.RunRequest | dg.SkipReason:
    """Nothing due, no run; a run in progress is not doubled."""
    if not due:
        return dg.SkipReason("No picture is due.")
    if instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=IN_PROGRESS), limit=1):
        return dg.SkipReason("A run is under way.")
    return dg.RunRequest(tags={"vitrina/pictures": str(due)})


@dg.schedule(
    name="waiting_pictures",
    job=waiting_pictures,
    cron_schedule="*/15 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Asks again for pictures whose host did not answer, when some are due. Calls no model.",
)
def waiting_pictures_schedule(
    context: dg.ScheduleEvaluationContext, warehouse: Warehouse
) -> dg.RunRequest | dg.SkipReason:
    """See :func:`plan`."""
    setup_django()
    from vitrina.images.service import due_urls

    return plan(context.instance, due_urls(warehouse.settings, waiting_only=True).count())
