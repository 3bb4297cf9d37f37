"""``reward_model`` through Dagster: trained in a process of its own, judged, registered, promoted or held back."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest

from tests.fakes.roles import acting
from tests.reward.made import made, pairs, write


@pytest.fixture
def clean(database: Any) -> Any:
    from vitrina.models_registry.models import Promotion, RegisteredModel

    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()
    yield RegisteredModel
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()


def run(instance: dg.DagsterInstance, *, ok: bool = True, **config: Any) -> dg.ExecuteInProcessResult:
    from pipelines.training import build_defs

    job, ops = build_defs().resolve_job_def("train_reward_model"), {"reward_model": {"config": config}}
    with acting():
        return job.execute_in_process(instance=instance, raise_on_error=ok, run_config={"ops": ops})


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.asset_materializations_for_node("reward_model")
    return {name: value.value for name, value in event.metadata.items()}


def test_a_good_model_becomes_the_champion_and_trained_again_is_the_same(clean, instance, settings, tmp_path):
    from vitrina.models_registry import rewards, services
    from vitrina.objects import open_store

    settings.dataset_licence = "CC-BY-4.0"
    config = {"kind": "linear", "train": [str(made(tmp_path, 260))], "test": [str(made(tmp_path, 160, seed=1))]}
    told = metadata(run(instance, **config))
    assert told["status"] == "champion"
    assert told["accuracy_low"] > 0.8
    assert told["pushed"] == "no repository is set"
    assert "![" in told["plot_reliability"]
    assert "![" in told["plot_learning_curve"]
    assert "twice as many brought" in told["more_pairs"]
    champion = services.champion(rewards.ROLE)
    assert champion is not None
    seen = instance.fetch_observations(dg.AssetKey("reward_model"), limit=50).records
    stages = {record.asset_observation.metadata["stage"].value for record in seen}
    assert {"read", "split", "linear", "judged"} <= stages
    card = open_store(settings).get(f"{champion.prefix}/README.md").decode()
    assert told["place"].endswith(champion.prefix)
    assert "## Biases" in card
    assert "Licence: CC-BY-4.0" in card.replace("\\", "")
    again = metadata(run(instance, **config))
    assert again["status"] == "champion"
    assert clean.objects.count() == 1


def test_a_model_that_only_counts_characters_is_held_back(clean, instance, settings, tmp_path):
    from vitrina.models_registry import rewards, services

    records = pairs(160, judge="coin")
    learned, test = write(tmp_path / "coin.jsonl", records), made(tmp_path, 160, seed=1, judge="coin")
    result = run(instance, ok=False, kind="linear", train=[str(learned)], test=[str(test)])
    [check] = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.blocking
    [row] = clean.objects.all()
    assert (row.status, row.passed) == ("candidate", False)
    assert services.champion(rewards.ROLE) is None


def test_too_few_pairs_fail_once_with_a_sentence(clean, instance, settings, tmp_path):
    few = str(made(tmp_path, 40))
    result = run(instance, ok=False, kind="linear", train=[few], test=[few])
    [failure] = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert "60 more are needed" in json.dumps(failure.event_specific_data.error.message)
    assert not [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]


def test_without_a_dataset_the_run_says_what_to_do(clean, instance, settings):
    result = run(instance, ok=False)
    [failure] = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert "preference_dataset" in json.dumps(failure.event_specific_data.error.message)
