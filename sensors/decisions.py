"""People's decisions reach the pipelines: pending outbox rows ask for a run.

The sensor holds no truth: it counts what is pending. Runs are tagged with the newest decision that they were asked
for, so that a run that failed is asked for again, a running one is not doubled, and a request that no run can fulfil
(a model that refuses) does not ask for ever.
"""

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from sensors.requests import IN_PROGRESS, attempt
from vitrina.project.setup import setup_django

CONSUMER_TAG = "vitrina/consumer"
HIGHEST_TAG = "vitrina/decision"


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
        from vitrina.review.services import DESCRIPTIONS, PUBLICATION, pending

        wanted: list[tuple[str, str, int, str | None]] = []
        count, highest = pending(PUBLICATION)
        if count:
            wanted.append((publish.name, PUBLICATION, highest, None))
        wanted += [(describe.name, f"{DESCRIPTIONS}:{key}", highest, key) for key, highest in _drops_to_describe()]
        answers = [_request(context.instance, *one) for one in wanted]
        requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SkipReason("; ".join(map(str, answers)) or "No decision waits.")

    return decisions


def _drops_to_describe() -> list[tuple[str, int]]:
    """(drop key, newest decision) of texts that people want to be written again."""
    from vitrina.catalog.models import Product
    from vitrina.review.outbox import DESCRIPTIONS, takeable

    waiting = takeable(DESCRIPTIONS)
    newest: dict[int, int] = {}
    for decision, product in waiting.order_by("pk").values_list("pk", "payload__product"):
        newest[product] = decision
    drops: dict[str, int] = {}
    for product, key in Product.objects.filter(pk__in=newest).order_by("pk").values_list("pk", "drop__key"):
        drops[key] = max(drops.get(key, 0), newest[product])
    return list(drops.items())


def _request(
    instance: dg.DagsterInstance, job: str, consumer: str, highest: int, partition: str | None
) -> dg.RunRequest | str:
    if instance.get_runs_count(dg.RunsFilter(tags={CONSUMER_TAG: consumer}, statuses=IN_PROGRESS)):
        return f"{consumer}: a run is under way"
    tags = {CONSUMER_TAG: consumer, HIGHEST_TAG: str(highest)}
    number = attempt(instance, tags)
    if isinstance(number, str):
        return f"{consumer}: {number}"
    return dg.RunRequest(run_key=f"{consumer}:{highest}:{number}", job_name=job, tags=tags, partition_key=partition)
