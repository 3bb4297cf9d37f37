"""``sft_model`` and ``policy_model`` through Dagster, with a training that leaves what was planted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.trainer import Trainer
from tests.fakes.roles import acting
from tests.policy.folders import policy_folder, sft_folder
from tests.policy.planted import babbling, better
from tests.reward.made import made

#: What the next training of a policy comes to; a resource of Dagster holds no functions.
PLANTED = {"policy": better}


class Planting(Trainer):
    """Leaves a planted folder where the command says, as a training process would."""

    def run(
        self, context: dg.AssetExecutionContext, command: Sequence[str], needs: Any, processes: int = 1
    ) -> list[dict[str, Any]]:
        """Nothing is started."""
        out = Path(command[list(command).index("--out") + 1])
        if "vitrina.training.sft" in command:
            sft_folder(out)
        else:
            policy_folder(out, PLANTED["policy"])
        said = {"words": json.dumps(list(command), ensure_ascii=False)}
        context.log_event(dg.AssetObservation(context.asset_key, metadata=said))
        return []


@pytest.fixture
def clean(database: Any) -> Any:
    from vitrina.models_registry.models import Promotion, RegisteredModel

    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()
    yield RegisteredModel
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()


def run(instance: dg.DagsterInstance, tmp_path: Path, *, ok: bool = True, **config: Any) -> dg.ExecuteInProcessResult:
    from pipelines.training import build_defs

    train, test = str(made(tmp_path, 120)), str(made(tmp_path, 60, seed=1))
    config = {"train": [train], "test": [test]} | config
    ops = {"sft_model": {"config": {"train": [train]}}, "policy_model": {"config": config}}
    job = build_defs(resources={"trainer": Planting()}).resolve_job_def("train_policy")
    with acting():
        return job.execute_in_process(instance=instance, raise_on_error=ok, run_config={"ops": ops})


def metadata(result: dg.ExecuteInProcessResult, node: str) -> dict[str, Any]:
    [event] = result.asset_materializations_for_node(node)
    return {name: value.value for name, value in event.metadata.items()}


def test_a_sound_policy_is_used_and_shown_with_its_figures(clean, instance, settings, tmp_path, monkeypatch):
    from assets.training.policy_model import people_say
    from vitrina.models_registry import policies, services

    monkeypatch.setitem(PLANTED, "policy", better)
    result = run(instance, tmp_path, algorithm="grpo", settings={"steps": 3})
    told = metadata(result, "policy_model")
    assert told["status"] == "champion"
    assert "![" in told["plot_wins"]
    assert told["prompts"] == 120
    assert "50 more make a rule" in told["people"]
    assert "roll-back" in told["people"]
    waiting = clean.objects.get(role="policy")
    waiting.status = waiting.Status.CANDIDATE
    assert all(f"policy {how} {waiting.model_id[:12]}" in people_say(waiting) for how in ("pairs", "promote"))
    assert metadata(result, "sft_model")["status"] == "champion"
    assert services.champion(policies.POLICY) is not None
    [seen] = instance.fetch_observations(dg.AssetKey("policy_model"), limit=5).records
    words = json.loads(seen.asset_observation.metadata["words"].value)
    assert words[words.index("--algorithm") + 1] == "grpo"
    assert "--reward" not in words
    assert Path(words[words.index("--sft") + 1], "manifest.json").is_file()


def test_the_base_of_the_settings_is_started_from_unless_the_run_names_another(settings):
    from assets.training.declaring import based

    assert based({"epochs": 2}, "Qwen/Qwen3-0.6B") == {"base": "Qwen/Qwen3-0.6B", "epochs": 2}
    assert based({"base": None}, "Qwen/Qwen3-0.6B") == {"base": None}
    assert based({"epochs": 2}, settings.train_base) == {"epochs": 2}


def test_an_over_optimised_policy_is_held_back_and_shown_all_the_same(clean, instance, settings, tmp_path, monkeypatch):
    from vitrina.models_registry import policies, services

    monkeypatch.setitem(PLANTED, "policy", babbling)
    result = run(instance, tmp_path, ok=False)
    [check] = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.blocking
    assert metadata(result, "policy_model")["status"] == "candidate"
    assert services.champion(policies.POLICY) is None
    assert services.champion(policies.SFT) is not None
