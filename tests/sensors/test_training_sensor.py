"""What asks for a reward model: a dataset version without one, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

pytestmark = pytest.mark.usefixtures("database")


def tick(instance: dg.DagsterInstance, name: str = "untrained_dataset") -> dg.RunRequest | str:
    """The request, or why there is none."""
    from pipelines.training import defs
    from resources import default_resources

    with dg.build_sensor_context(instance=instance, resources=default_resources()) as context:
        answer: Any = defs.resolve_sensor_def(name)(context)
    return answer if isinstance(answer, dg.RunRequest) else str(answer.skip_message)


def version(number: int, pairs: int, *, validated: bool = True) -> None:
    from vitrina.preferences.models import DatasetVersion

    DatasetVersion.objects.create(
        version=f"v{number}", number=number, content_hash=f"hash-{number}", prefix=f"datasets/v{number}",
        counts={"pairs": {"train": pairs, "validation": 0, "test": 10}}, validated=validated,
    )  # fmt: skip


def test_without_a_dataset_nothing_is_asked_for(instance: dg.DagsterInstance) -> None:
    assert "no validated dataset" in str(tick(instance))
    version(1, 500, validated=False)
    assert "no validated dataset" in str(tick(instance))


def test_too_few_pairs_are_counted_in_words(instance: dg.DagsterInstance) -> None:
    version(1, 99)
    assert "99 pairs" in str(tick(instance))


def test_a_version_is_asked_for_until_it_has_its_model(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.models_registry.models import RegisteredModel

    monkeypatch.setattr("sensors.requests._PAUSE", timedelta(0))
    version(1, 500)
    first = tick(instance)
    assert isinstance(first, dg.RunRequest)
    assert first.run_key == "reward_model:v1:0"
    instance.add_run(dg.DagsterRun(job_name="j", tags=dict(first.tags), status=dg.DagsterRunStatus.FAILURE))
    again = tick(instance)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == "reward_model:v1:1"
    RegisteredModel.objects.create(
        role="reward", model_id="a" * 64, kind="linear", prefix="models/a", manifest_sha256="0" * 64,
        dataset_version="v1",
    )  # fmt: skip
    assert "has its model" in str(tick(instance))
    version(2, 600)
    assert isinstance(tick(instance), dg.RunRequest)


def test_a_training_that_came_to_the_same_weights_is_not_asked_for_again(instance: dg.DagsterInstance) -> None:
    version(1, 500)
    request = tick(instance)
    assert isinstance(request, dg.RunRequest)
    instance.add_run(dg.DagsterRun(job_name="j", tags=dict(request.tags), status=dg.DagsterRunStatus.SUCCESS))
    assert "has its model" in str(tick(instance))


def test_a_champion_is_asked_to_teach_once_for_each_dataset(instance: dg.DagsterInstance) -> None:
    from vitrina.models_registry.models import RegisteredModel
    from vitrina.preferences.models import DatasetVersion

    common = {"kind": "linear", "prefix": "models/a", "manifest_sha256": "0" * 64, "dataset_version": "v1"}
    version(1, 500)
    assert "no reward model" in str(tick(instance, "untaught_champion"))
    RegisteredModel.objects.create(role="reward", model_id="a" * 64, status="champion", **common)
    assert "about 0 pairs of short cards" in str(tick(instance, "untaught_champion"))
    DatasetVersion.objects.update(counts={"contracts": {"card": 220}, "pairs": {"train": 180, "test": 40}})
    assert "about 180 pairs" in str(tick(instance, "untaught_champion"))
    DatasetVersion.objects.update(counts={"contracts": {"card": 400}, "pairs": {"train": 350, "test": 50}})
    first = tick(instance, "untaught_champion")
    assert isinstance(first, dg.RunRequest)
    assert first.run_key == "policy_model:aaaaaaaaaaaaaaaa:v1:0"
    # Held back by the gate: the run failed, the policy stands in the registry
    RegisteredModel.objects.create(role="policy", model_id="b" * 64, **common)
    assert "has taught" in str(tick(instance, "untaught_champion"))
