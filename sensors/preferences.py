"""What asks for datasets and for further pairs.

Belongs here: enough new preferences make a dataset; a queue that runs low asks for pairs; so does a new reward model.
Stays out: votes on their way from the desk (``decisions``). None keeps a cursor: all look at what is there.
"""

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from sensors.requests import done, request_once
from vitrina.project.setup import setup_django

DATASET, PAIRS, CHAMPION_PAIRS = "preference_dataset", "response_pairs", "pairs_of_champion"


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


def build_new_champion_sensor(make_pairs: AssetJob) -> dg.SensorDefinition:
    """Asks for the pairs of which a newly promoted reward model is least certain: from these it would learn most.

    Off at first, as the queue: writers may cost money.
    """

    @dg.sensor(
        name="new_champion",
        job=make_pairs,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Makes the pairs of which a new reward model is least certain, once for each. Off until switched "
        "on: it can call a paid model.",
    )
    def new_champion(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        from vitrina.models_registry import services
        from vitrina.models_registry.models import RegisteredModel
        from vitrina.preferences.champion import trained_contracts
        from vitrina.preferences.selection import LEAST_CERTAIN

        contract = warehouse.settings.pair_contract
        row = services.champion(RegisteredModel.Role.REWARD)
        if row is None:
            return dg.SkipReason("No reward model was promoted yet.")
        trained = trained_contracts(row.manifest)
        if trained and contract not in trained:
            return dg.SkipReason(f"The {row} was not trained on texts of kind {contract}.")
        if done(context.instance, CHAMPION_PAIRS, row.model_id):
            return dg.SkipReason(f"The {row} has its pairs.")
        config = {"ops": {"response_pairs": {"config": {"shares": {LEAST_CERTAIN: 1.0}}}}}
        return request_once(context.instance, CHAMPION_PAIRS, row.model_id, run_config=config)

    return new_champion
