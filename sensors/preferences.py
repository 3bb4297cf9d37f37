"""What asks for datasets and for further pairs.

Belongs here: enough new preferences make a dataset; a queue that runs low asks for pairs. Stays out: votes on their way
from the desk (``decisions``). Neither keeps a cursor: both count what is there.
"""

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from sensors.requests import request_once
from vitrina.project.setup import setup_django

DATASET, PAIRS = "preference_dataset", "response_pairs"


def build_enough_preferences_sensor(make_dataset: AssetJob) -> dg.SensorDefinition:
    """Asks for a dataset when enough preferences came, changed or went since the last one."""

    @dg.sensor(
        name="enough_preferences",
        job=make_dataset,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for the next version of the preference dataset when enough preferences are new.",
    )
    def enough_preferences(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        from vitrina.preferences.dataset.versions import newest, unseen

        count, wanted, last = unseen(), warehouse.settings.dataset_min_new, newest()
        if count < wanted:
            return dg.SkipReason(f"{count} new preferences of {wanted}.")
        return request_once(context.instance, DATASET, f"{last.version if last is not None else 'none'}:{count}")

    return enough_preferences


def build_pair_queue_sensor(make_pairs: AssetJob) -> dg.SensorDefinition:
    """Asks for pairs while people have little left to compare. Off at first: writers may cost money."""

    @dg.sensor(
        name="pair_queue",
        job=make_pairs,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Makes pairs when the desk runs out of them. Off until switched on: it can call a paid model.",
    )
    def pair_queue(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        from vitrina.preferences.models import PairOrigin
        from vitrina.preferences.sending import waiting_pairs

        settings = warehouse.settings
        waiting = waiting_pairs(settings)
        if waiting >= settings.pair_queue_low:
            return dg.SkipReason(f"{waiting} pairs wait for people.")
        return request_once(context.instance, PAIRS, f"{settings.pair_contract}:{PairOrigin.objects.count()}")

    return pair_queue
