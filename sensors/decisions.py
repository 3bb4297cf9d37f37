"""People's decisions reach the pipelines: pending outbox rows ask for a run.

The sensor holds no truth: it counts what is pending. Its run key carries the number of finished attempts, so that a
run that failed is asked for again and a running one is not doubled.
"""

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from vitrina.project.setup import setup_django

_CONSUMER_TAG = "vitrina/consumer"
_HIGHEST_TAG = "vitrina/highest"


def build_decisions_sensor(publish: AssetJob, describe: AssetJob) -> dg.SensorDefinition:
    """The sensor, running from the start. ``publish`` is unpartitioned, ``describe`` is partitioned by drop."""

    @dg.sensor(
        name="decisions",
        jobs=[publish, describe],
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Counts decisions in the outbox and asks for the runs that act on them.",
    )
    def decisions(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SensorResult | dg.SkipReason:
        setup_django()
        from vitrina.catalog.models import Product
        from vitrina.review.models import Outbox
        from vitrina.review.services import DESCRIPTIONS, PUBLICATION, pending

        requests: list[dg.RunRequest] = []
        count, highest = pending(PUBLICATION)
        if count:
            requests.append(_request(context, publish.name, PUBLICATION, highest, count, None))
        count, highest = pending(DESCRIPTIONS)
        if count:
            waiting = Outbox.objects.filter(consumer=DESCRIPTIONS, consumed_at__isnull=True)
            products = list(waiting.values_list("payload__product", flat=True))
            drops = Product.objects.filter(pk__in=products).values_list("drop__key", flat=True).distinct()
            requests += [
                _request(context, describe.name, f"{DESCRIPTIONS}:{key}", highest, count, key) for key in drops
            ]
        if not requests:
            return dg.SkipReason("No decision waits.")
        return dg.SensorResult(run_requests=requests)

    return decisions


def _request(
    context: dg.SensorEvaluationContext, job: str, consumer: str, highest: int, count: int, partition: str | None
) -> dg.RunRequest:
    tags = {_CONSUMER_TAG: consumer[:60], _HIGHEST_TAG: str(highest)}
    finished = context.instance.get_runs_count(
        dg.RunsFilter(tags=tags, statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS])
    )
    return dg.RunRequest(
        run_key=f"{consumer}:{highest}:{count}:{finished}", job_name=job, tags=tags, partition_key=partition
    )
