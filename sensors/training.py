"""What asks for training.

Belongs here: a dataset version that nothing was trained on yet, a champion that taught nobody yet. Stays out: what
makes datasets (``preferences``), the training itself. It keeps no cursor: it looks at what is there.
"""

import dagster as dg

from resources.warehouse import Warehouse
from sensors.jobs import AssetJob
from sensors.requests import done, request_once
from vitrina.project.setup import setup_django

REWARD = "reward_model"
POLICY = "policy_model"


def build_untrained_dataset_sensor(train_reward_model: AssetJob) -> dg.SensorDefinition:
    """Asks for a reward model when the newest dataset that may be used has none."""

    @dg.sensor(
        name="untrained_dataset",
        job=train_reward_model,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Trains a reward model on each new version of the preference dataset that is large enough.",
    )
    def untrained_dataset(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        from vitrina.models_registry.models import RegisteredModel
        from vitrina.models_registry.rewards import LEARNED, ROLE
        from vitrina.preferences.dataset.versions import newest
        from vitrina.reward.pairs import MIN_PAIRS

        version = newest(validated=True)
        if version is None:
            return dg.SkipReason("There is no validated dataset yet.")
        pairs = sum(version.counts["pairs"].get(side, 0) for side in LEARNED)
        if pairs < MIN_PAIRS:
            return dg.SkipReason(f"Version {version.number} has {pairs} pairs to learn from, of {MIN_PAIRS} at least.")
        # The same weights as before keep their row, which names the version they were first trained on.
        trained = RegisteredModel.objects.filter(role=ROLE, dataset_version=version.version)
        if trained.exists() or done(context.instance, REWARD, version.version):
            return dg.SkipReason(f"Version {version.number} has its model.")
        return request_once(context.instance, REWARD, version.version)

    return untrained_dataset


def build_untaught_champion_sensor(train_policy: AssetJob) -> dg.SensorDefinition:
    """Asks for a policy when the reward model in use has taught none from the newest dataset. Off until switched on."""

    @dg.sensor(
        name="untaught_champion",
        job=train_policy,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Teaches a model to write for each new champion among reward models; needs the training group.",
    )
    def untaught_champion(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        from vitrina.models_registry import services
        from vitrina.models_registry.models import RegisteredModel
        from vitrina.models_registry.rewards import LEARNED, ROLE
        from vitrina.policy.examples import MIN_EXAMPLES
        from vitrina.preferences.dataset.versions import newest
        from vitrina.reward.pairs import MIN_PAIRS

        champion, version = services.champion(ROLE), newest(validated=True)
        if champion is None or version is None:
            return dg.SkipReason("There is no reward model in use, or no validated dataset.")
        cards, pairs = version.counts.get("contracts", {}).get("card", 0), version.counts["pairs"]
        # The test side is not learned from; the rest may be halved into a teacher and a judge
        learned = int(cards * sum(pairs.get(side, 0) for side in LEARNED) / max(sum(pairs.values()), 1))
        least = max(MIN_EXAMPLES, 2 * MIN_PAIRS)
        if learned < least:
            return dg.SkipReason(
                f"Version {version.number} has about {learned} pairs of short cards to learn from, of {least} at least."
            )
        state = f"{champion.model_id[:16]}:{version.version}"
        # One that the gate held back is an answer too: its run failed, and it stands in the registry
        held = RegisteredModel.objects.filter(
            role=RegisteredModel.Role.POLICY, dataset_version=version.version, updated_at__gte=champion.updated_at
        )
        if held.exists() or done(context.instance, POLICY, state):
            return dg.SkipReason("The reward model in use has taught from the newest dataset.")
        return request_once(context.instance, POLICY, state)

    return untaught_champion
