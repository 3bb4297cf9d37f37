"""The training process's resource: what it hears and how it ends."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.training.needs import TRAINING, Needs
from resources.trainer import Trainer, environment

SPEAK = """
import sys, time
from dagster_pipes import open_dagster_pipes
with open_dagster_pipes() as pipes:
    pipes.report_custom_message({"stage": "step", "step": 1, "loss": 0.5})
    for _ in range(12_000):
        time.sleep(0.05)
"""


def materialised(command: list[str], instance: dg.DagsterInstance, **trainer: Any) -> dg.ExecuteInProcessResult:
    @dg.asset
    def taught(context: dg.AssetExecutionContext, trainer: Trainer) -> None:
        trainer.run(context, command, TRAINING)

    return dg.materialize([taught], instance=instance, resources={"trainer": Trainer(**trainer)}, raise_on_error=False)


@pytest.mark.parametrize(("code", "retry"), [(2, False), (75, None), (76, False), (7, None)])
def test_each_exit_code_is_told_in_words(code: int, retry: bool | None) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialised([sys.executable, "-c", f"raise SystemExit({code})"], instance)
        assert not result.success
        [failure] = [event for event in result.all_events if event.is_step_failure]
        told = {2: "see the log", 75: "goes on", 76: "more than 32 GB", 7: "code 7"}[code]
        assert told in str(failure.step_failure_data.error)


def test_figures_are_seen_while_the_process_runs_and_an_interrupted_run_leaves_none_running() -> None:
    """What the Dagster UI's cancel does: an interrupt in the process of the run."""
    with dg.DagsterInstance.ephemeral() as instance:
        seen: list[int] = []

        def interrupt_when_heard() -> None:
            until = time.monotonic() + 200
            while time.monotonic() < until:
                found = instance.fetch_observations(dg.AssetKey("taught"), limit=5).records
                if found:
                    seen.append(found[0].asset_observation.metadata["step"].value)
                    break
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt_when_heard).start()
        assert not materialised([sys.executable, "-c", SPEAK], instance, grace_seconds=5).success
        assert seen == [1]
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in own.read_text().split()]
    assert not [command for command in commands if b"vitrina.training.supervisor" in command]


@pytest.mark.parametrize(
    ("processes", "visible", "expected"),
    [(1, None, "0"), (2, None, "0,1"), (1, "3,5", "3"), (2, "3,5,7", "3,5"), (1, "", "")],
)
def test_a_training_gets_what_it_needs_and_no_more(
    monkeypatch: pytest.MonkeyPatch, processes: int, visible: str | None, expected: str
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    found = Needs(cpus=4, gpus=1, memory_gb=8).environment(processes)
    assert found == {"CUDA_VISIBLE_DEVICES": expected, "OMP_NUM_THREADS": str(4 // processes)}
    assert Needs(cpus=4, gpus=0, memory_gb=8).run_tags == {}


def test_no_secret_reaches_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("HF_TOKEN", "hf-1")
    passed = environment({"DAGSTER_PIPES_CONTEXT": "c"})
    assert not {"OPENAI_API_KEY", "DATABASE_URL", "HF_TOKEN"} & set(passed)
    assert passed["DAGSTER_PIPES_CONTEXT"] == "c"
    assert passed["HF_HUB_DISABLE_TELEMETRY"] == "1"
