"""People's decisions reach the pipelines: pending outbox rows ask for a run.

The sensor holds no truth: it counts what is pending. Runs are tagged with what was pending when they were asked for,
so that a run that failed is asked for again, a running one is not doubled, and a request that no run can fulfil
(a model that refuses) does not ask for ever. Each code location has a sensor of its own for the consumers whose jobs
it holds; all are made here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from sensors.requests import IN_PROGRESS, attempt
from vitrina.config import Settings
from vitrina.project.setup import setup_django

if TYPE_CHECKING:
    from vitrina.review.outbox import Pending

CONSUMER_TAG = "vitrina/consumer"
HIGHEST_TAG = "vitrina/decision"
COUNT_TAG = "vitrina/decisions"


@dataclass(frozen=True, slots=True)
class Work:
    """What waits for one run: of one consumer, and of one drop where its job is partitioned by drop."""

    consumer: str
    pending: "Pending"
    partition: str | None = None

    @property
    def name(self) -> str:
        """Names the work in tags and run keys."""
        return self.consumer if self.partition is None else f"{self.consumer}:{self.partition}"


def limits(settings: Settings, consumer: str) -> tuple[int, float]:
    """(count, seconds): from so many rows, or after so long, a consumer's run is asked for."""
    if consumer == "preferences":
        return settings.preferences_run_at, settings.preferences_run_after_seconds
    return settings.decisions_run_at, settings.decisions_run_after_seconds


def run_key(work: Work, number: int) -> str:
    """Kind, newest row, count and finished attempts: without the last, a run that failed would never be repeated."""
    return f"{work.name}:{work.pending.highest}:{work.pending.count}:{number}"


def build_decisions_sensor(name: str, consumers: Mapping[str, AssetJob]) -> dg.SensorDefinition:
    """A sensor, running from the start.

    Args:
        name: Of the sensor; sensors of all locations have different ones.
        consumers: Consumer of the outbox → the job that acts for it. That of ``descriptions`` is partitioned by drop.
    """

    @dg.sensor(
        name=name,
        jobs=list({job.name: job for job in consumers.values()}.values()),
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Counts decisions in the outbox and asks for the runs that act on them: {', '.join(consumers)}.",
    )
    def decisions(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SensorResult | dg.SkipReason:
        setup_django()
        answers: list[dg.RunRequest | str] = []
        for consumer, job in consumers.items():
            at_least, after_seconds = limits(warehouse.settings, consumer)
            for work in _waiting(consumer):
                if work.pending.due(at_least=at_least, after_seconds=after_seconds):
                    answers.append(_request(context.instance, job.name, work))
                else:
                    answers.append(f"{work.name}: {work.pending.count} wait, not long enough yet")
        requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SkipReason("; ".join(map(str, answers)) or "No decision waits.")

    return decisions


def _waiting(consumer: str) -> Iterator[Work]:
    from vitrina.review.outbox import DESCRIPTIONS, pending_state, takeable

    if consumer == DESCRIPTIONS:
        yield from _drops_to_describe()
        return
    found = pending_state(takeable(consumer))
    if found.count:
        yield Work(consumer, found)


def _drops_to_describe() -> Iterator[Work]:
    """Texts that people want to be written again, by the drop of their product."""
    from vitrina.catalog.models import Product
    from vitrina.review.outbox import DESCRIPTIONS, pending_state, takeable

    waiting = takeable(DESCRIPTIONS)
    wanted = list(waiting.values_list("pk", "payload__product"))
    drop_of = dict(Product.objects.filter(pk__in={product for _, product in wanted}).values_list("pk", "drop__key"))
    rows: dict[str, list[int]] = {}
    for row, product in wanted:
        if product in drop_of:
            rows.setdefault(drop_of[product], []).append(row)
    for drop, ids in sorted(rows.items()):
        yield Work(DESCRIPTIONS, pending_state(waiting.filter(pk__in=ids)), drop)


def _request(instance: dg.DagsterInstance, job: str, work: Work) -> dg.RunRequest | str:
    tags = {CONSUMER_TAG: work.name}
    if instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=IN_PROGRESS)):
        return f"{work.name}: a run is under way"
    tags |= {HIGHEST_TAG: str(work.pending.highest), COUNT_TAG: str(work.pending.count)}
    number = attempt(instance, tags)
    if isinstance(number, str):
        return f"{work.name}: {number}"
    return dg.RunRequest(run_key=run_key(work, number), job_name=job, tags=tags, partition_key=work.partition)
