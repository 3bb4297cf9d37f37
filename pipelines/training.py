"""Code location ``training``: models from what people preferred.

Belongs here: jobs of the location. Loading it connects to nothing and imports no training library; training runs in
processes of its own.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets.training.needs import TRAINING
from assets.training.policy_model import policy_model
from assets.training.reward_model import reward_model
from assets.training.sft_model import sft_model
from resources import default_resources
from resources.trainer import Trainer
from sensors.training import build_untaught_champion_sensor, build_untrained_dataset_sensor

ASSETS = [reward_model, sft_model, policy_model]


def build_defs(*, resources: dict[str, Any] | None = None) -> dg.Definitions:
    """The location. ``resources`` overrides those of the settings (tests)."""
    train_reward_model = dg.define_asset_job(
        "train_reward_model",
        selection=dg.AssetSelection.assets("reward_model"),
        description="Learns from the newest preference dataset, judges the model, promotes it if the gate allows.",
        tags=TRAINING.run_tags,
    )
    train_policy = dg.define_asset_job(
        "train_policy",
        selection=dg.AssetSelection.assets("sft_model", "policy_model"),
        description="Teaches a model to write by preferred cards, then by a reward model; the gate promotes.",
        tags=TRAINING.run_tags,
    )
    return dg.Definitions(
        assets=ASSETS,
        jobs=[train_reward_model, train_policy],
        sensors=[build_untrained_dataset_sensor(train_reward_model), build_untaught_champion_sensor(train_policy)],
        resources={**default_resources(), "trainer": Trainer(), **(resources or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
