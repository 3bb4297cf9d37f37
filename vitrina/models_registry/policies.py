"""Training of models that write from dataset versions: what goes in, and what becomes of the result.

Belongs here: a version as files, which judges are to be had, commands of the training processes, taking their folders
into the registry. Stays out: the processes themselves, the orchestrator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.models_registry import rewards, services
from vitrina.models_registry.desk_votes import votes_on
from vitrina.models_registry.models import RegisteredModel
from vitrina.models_registry.rewards import TrainingFiles
from vitrina.objects import ObjectStore
from vitrina.policy import gates, storage
from vitrina.preferences.dataset.versions import newest, read_rows
from vitrina.reward.gates import Rule
from vitrina.training.launching import launched

SFT, POLICY = RegisteredModel.Role.SFT, RegisteredModel.Role.POLICY
#: Pairs that the champion among reward models has not seen: below this a judge of them is worse than one of half of
#: all pairs, and the policy is taught by a model of the other half.
JUDGE_PAIRS = 300


def files_of_newest(store: ObjectStore, folder: Path) -> TrainingFiles:
    """Short cards of the newest validated dataset version, as two files of our own format.

    Raises:
        PermanentError: there is no version, or no pair of short cards in it.
    """
    version = newest(validated=True)
    if version is None:
        raise PermanentError("There is no validated preference dataset yet.", hint="Materialise preference_dataset.")
    folder.mkdir(parents=True, exist_ok=True)
    sides = {
        side: [row for row in read_rows(store, version, f"{side}.parquet") if row["contract"] == storage.CONTRACT]
        for side in (*rewards.LEARNED, rewards.HELD_OUT)
    }
    learned = [row for side in rewards.LEARNED for row in sides[side]]
    if not learned:
        raise PermanentError(
            f"Dataset {version.number} has no pairs of short cards to learn from.",
            hint="Models that write learn the contract `card`; ask for pairs of it with response_pairs.",
        )
    train, test = (folder / f"{version.version}-cards-{side}.jsonl" for side in ("train", "test"))
    rewards.write_lines(train, map(rewards.pair_line, learned))
    rewards.write_lines(test, map(rewards.pair_line, sides[rewards.HELD_OUT]))
    return TrainingFiles((train,), (test,), version.version)


def teacher_of(reward: Path | None, files: TrainingFiles) -> Path | None:
    """The reward model that a policy may be taught by, if enough pairs are left for a judge; None: halve the pairs."""
    from vitrina.policy.judges import unseen
    from vitrina.preferences.formats import load

    if reward is None:
        return None
    left = unseen(load(files.test).decided, storage.trained_groups(reward))
    return reward if len(left) >= JUDGE_PAIRS else None


def sft_command(
    files: TrainingFiles, out: Path, *, seed: int, settings: Mapping[str, Any], notes: Mapping[str, Any],
    processes: int = 1,
) -> list[str]:  # fmt: skip
    """The training process of a model taught by examples. The same files, settings and seed give the same folder."""
    words = [*launched("vitrina.training.sft", processes), "--out", str(out), "--seed", str(seed), "--replace"]
    words += ["--settings", json.dumps(dict(settings)), "--notes", json.dumps(dict(notes))]
    return [*words, "--train", *map(str, files.train)]


def policy_command(
    files: TrainingFiles,
    out: Path,
    *,
    sft: Path,
    reward: Path | None,
    judge: Path | None,
    algorithm: str,
    seed: int,
    settings: Mapping[str, Any],
    notes: Mapping[str, Any],
    processes: int = 1,
) -> list[str]:
    """The training process of a policy."""
    words = [*launched("vitrina.training.policy", processes), "--out", str(out), "--seed", str(seed), "--replace"]
    words += ["--sft", str(sft), "--algorithm", algorithm]
    words += ["--settings", json.dumps(dict(settings)), "--notes", json.dumps(dict(notes))]
    words += ["--reward", str(reward)] if reward else []
    words += ["--judge", str(judge)] if judge else []
    words += ["--train", *map(str, files.train)]
    return [*words, "--test", *map(str, files.test)] if files.test else words


def take(
    store: ObjectStore,
    folder: Path,
    *,
    dataset_version: str,
    run_id: str,
    promote: bool,
) -> tuple[RegisteredModel, list[Rule]]:
    """Register what a training left, judged by the gate; promote it if the gate lets it through and that is wanted.

    Votes of the desk count where the same weights were registered before. Those that a person rolled back wait for one.
    """
    manifest = storage.read(folder)
    role = RegisteredModel.Role(manifest["kind"])
    if role is POLICY:
        report = json.loads((folder / storage.EVALUATION / storage.REPORT).read_text(encoding="utf-8"))
        rules = gates.judged(report, votes_on(manifest["model_id"], manifest["sft_model_id"]))
    else:
        report = {"history": manifest["history"], "best_epoch": manifest["best_epoch"], "speed": manifest["speed"]}
        rules = gates.judged_sft(manifest)
    row = services.register(
        store, folder, role, report=report, rules=[asdict(rule) for rule in rules], dataset_version=dataset_version,
        run_id=run_id,
    )  # fmt: skip
    if promote and row.passed and not services.withdrawn(row):
        services.promote(row, by=services.GATE)
        row.refresh_from_db()
    return row, rules
