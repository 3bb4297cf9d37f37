"""``champion_on_new_votes`` through Dagster: scored with the preferences, plotted, and an alert that only warns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from tests.fakes.roles import acting
from tests.preferences.people import batch, let_pass, longer, person, vote

pytestmark = pytest.mark.usefixtures("database")


def run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    from pipelines.feedback import defs

    with acting():
        return defs.resolve_job_def("collect_preferences").execute_in_process(instance=instance)


def told(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.asset_materializations_for_node("champion_on_new_votes")
    return {name: value.value for name, value in event.metadata.items()}


def check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    [found] = [e for e in result.get_asset_check_evaluations() if e.check_name == "champion_holds_on_new_votes"]
    return found


def shorter(pair: Any) -> str:
    return "B" if longer(pair) == "A" else "A"


@pytest.fixture
def champion(settings: Any, tmp_path: Any) -> None:
    """A registered model that learned to prefer the longer text; promoted an hour ago with an accuracy of 0.9."""
    from tests.reward.made import made
    from vitrina.models_registry import services
    from vitrina.models_registry.models import Promotion, RegisteredModel
    from vitrina.objects import open_store
    from vitrina.preferences.formats import load
    from vitrina.reward.fitting import Plan, train
    from vitrina.reward.models import ModelKind

    model = train(load([made(tmp_path, 150, judge="longer")]), Plan(tmp_path / "model", ModelKind.LINEAR))
    assert model.folder is not None
    report = {"accuracy": 0.9, "accuracy_low": 0.85, "accuracy_high": 0.94}
    role = RegisteredModel.Role.REWARD
    row = services.register(
        open_store(settings), model.folder, role, report=report, rules=[{"name": "all", "passed": True}]
    )
    services.promote(row, by=services.GATE)
    Promotion.objects.update(created_at=datetime.now(UTC) - timedelta(hours=1))


def test_without_a_model_pairs_are_kept_and_nothing_is_said(instance: dg.DagsterInstance) -> None:
    vote(person(), batch(2, overlap=1))
    let_pass()
    result = run(instance)
    assert told(result)["dagster/row_count"] == told(result)["added"] == 2
    assert check(result).passed


def test_new_votes_are_scored_with_the_preferences_and_a_worse_model_is_warned_of(
    champion: None, instance: dg.DagsterInstance
) -> None:
    vote(person(), batch(60, overlap=1))
    let_pass()
    result = run(instance)
    said = told(result)
    assert (said["added"], said["waiting"]) == (60, 0)
    assert "![" in said["plot"]
    assert "0.900" in said["models"]
    right = said["newest_accuracy"]
    again = told(run(instance))
    assert (again["added"], again["changed"], again["dagster/row_count"]) == (0, 0, 60)
    # People change their minds: what the model preferred is now the worse text
    vote(person(), batch(140, overlap=1), shorter if right > 0.5 else longer)
    let_pass()
    found = check(run(instance))
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "worse than promised" in str(found.metadata["said"].value)
