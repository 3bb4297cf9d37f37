"""What asks for preferences, datasets and pairs: enough of them, once, and again after a failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from vitrina.config import get_settings

ENDED = dg.DagsterRunStatus.FAILURE


def tick(name: str, instance: dg.DagsterInstance) -> dg.RunRequest | None:
    from pipelines.feedback import defs
    from resources import default_resources

    with dg.build_sensor_context(instance=instance, resources=default_resources()) as context:
        answer: Any = defs.resolve_sensor_def(name)(context)
    if isinstance(answer, dg.SensorResult):
        [request] = answer.run_requests or [None]
        return request
    return answer if isinstance(answer, dg.RunRequest) else None


def record(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    instance.add_run(dg.DagsterRun(job_name="j", tags=dict(request.tags), status=status))


def preferences(count: int, first: int = 0) -> None:
    from vitrina.preferences.models import Preference

    for n in range(first, first + count):
        Preference.objects.create(
            key=f"import:x:{n}", source="import", prompt=f"Вещь {n} {n * 7919}", prompt_group=str(n),
            text_a=f"Первый текст {n}", text_b=f"Совсем другой {n}", outcome="a", fingerprint=str(n),
        )  # fmt: skip


@pytest.fixture(autouse=True)
def hurried(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.requests._PAUSE", timedelta(0))
    get_settings().dataset_min_new = 5


def test_the_weekly_dataset_waits_for_the_first_preference(instance: dg.DagsterInstance) -> None:
    from pipelines.feedback import defs
    from resources import default_resources
    from vitrina.preferences.models import Preference

    def asked() -> Any:
        with dg.build_schedule_context(instance=instance, resources=default_resources()) as context:
            return defs.resolve_schedule_def("weekly_preference_dataset")(context)

    assert isinstance(asked(), dg.SkipReason)
    preferences(1)
    Preference.objects.update(outcome="tie")
    assert isinstance(asked(), dg.SkipReason)
    Preference.objects.update(outcome="b")
    assert isinstance(asked(), dg.RunRequest)


def test_enough_new_preferences_ask_for_a_dataset_once(instance: dg.DagsterInstance) -> None:
    from vitrina.objects import open_store
    from vitrina.preferences.dataset.versions import make_version

    preferences(4)
    assert tick("enough_preferences", instance) is None
    preferences(1, first=4)
    request = tick("enough_preferences", instance)
    assert request is not None
    assert request.run_key == "preference_dataset:none:5:0"
    record(instance, request, dg.DagsterRunStatus.STARTED)
    assert tick("enough_preferences", instance) is None, "a run is under way"
    make_version(open_store(get_settings()), get_settings())
    assert tick("enough_preferences", instance) is None


def test_a_failed_dataset_is_asked_for_again_and_not_for_ever(instance: dg.DagsterInstance) -> None:
    from sensors.requests import TRIES

    preferences(5)
    keys = set()
    for _ in range(TRIES):
        request = tick("enough_preferences", instance)
        assert request is not None
        keys.add(request.run_key)
        record(instance, request, ENDED)
    assert len(keys) == TRIES
    assert tick("enough_preferences", instance) is None
    preferences(1, first=5)
    assert tick("enough_preferences", instance) is not None, "new ones are worth another try"


def test_a_queue_that_runs_low_asks_for_pairs(instance: dg.DagsterInstance) -> None:
    from django.db import transaction

    from tests.preferences.people import drafts
    from vitrina.preferences.sending import open_batch
    from vitrina.review.batches import add_pairs

    get_settings().pair_queue_low = 3
    request = tick("pair_queue", instance)
    assert request is not None
    assert request.run_key == "response_pairs:card:0:0"
    with transaction.atomic():
        add_pairs(open_batch(get_settings()), drafts(3))
    assert tick("pair_queue", instance) is None


def test_votes_ask_for_preferences_when_there_are_many_or_they_wait(instance: dg.DagsterInstance) -> None:
    from tests.preferences.people import batch, let_pass, person, vote
    from vitrina.preferences.collecting import collect

    get_settings().preferences_run_at = 6
    vote(person(), batch(4, overlap=1))
    assert tick("preference_decisions", instance) is None, "within the minute for undoing"
    let_pass(61)
    assert tick("preference_decisions", instance) is None, "few and fresh"
    let_pass(get_settings().preferences_run_after_seconds)
    request = tick("preference_decisions", instance)
    assert request is not None
    assert request.job_name == "collect_preferences"
    collect(run_id="r")
    vote(person(), batch(6, overlap=1))
    let_pass(61)
    many = tick("preference_decisions", instance)
    assert many is not None
    assert many.run_key != request.run_key


def test_a_new_champion_asks_for_the_least_certain_pairs_once(instance: dg.DagsterInstance) -> None:
    from vitrina.models_registry.models import RegisteredModel

    assert tick("new_champion", instance) is None
    model = RegisteredModel.objects.create(
        role="reward", model_id="a" * 64, kind="linear", status="champion", prefix="p", manifest_sha256="b" * 64,
        manifest={"contracts": ["card"]},
    )  # fmt: skip
    request = tick("new_champion", instance)
    assert request is not None
    assert request.run_config == {"ops": {"response_pairs": {"config": {"shares": {"least_certain": 1.0}}}}}
    record(instance, request, dg.DagsterRunStatus.SUCCESS)
    assert tick("new_champion", instance) is None, "it has its pairs"
    RegisteredModel.objects.filter(pk=model.pk).update(model_id="c" * 64)
    assert tick("new_champion", instance) is not None
    RegisteredModel.objects.filter(pk=model.pk).update(manifest={"contracts": ["description"]})
    assert tick("new_champion", instance) is None, "it was trained on other texts than are compared"
