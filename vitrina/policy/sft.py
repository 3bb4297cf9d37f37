"""Teaching a model to write by examples, resumable to the same weights.

What belongs here: the order of the work: folds, tokens, the loop, the best epoch, the folder. What stays out: the
trainer's settings (`sft_config`), the process that calls this (`vitrina.training.sft`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vitrina.errors import PermanentError
from vitrina.fingerprints import fingerprint
from vitrina.policy import cards, storage
from vitrina.policy.examples import Examples, folds_of
from vitrina.policy.settings import SftSettings
from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.fitting import Progress, silent
from vitrina.reward.models import require_torch
from vitrina.reward.pairs import data_version
from vitrina.reward.splits import Split
from vitrina.reward.storage import ensure_free, partial_folder
from vitrina.reward.transformer.training import quiet_environment

_WORK = "work"
#: Examples of the validation fold that are looked at after each epoch.
_VALIDATED = 256


@dataclass(frozen=True, slots=True)
class SftPlan:
    """What is to be trained.

    Attributes:
        out: Folder of the model.
        replace: Whether a model that stands there may be replaced.
        notes: Facts about the source that the manifest keeps (dataset version, job).
    """

    out: Path
    seed: int = 0
    settings: SftSettings = field(default_factory=SftSettings)
    replace: bool = False
    notes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def train(examples: Examples, plan: SftPlan, progress: Progress = silent) -> dict[str, Any]:
    """Train and keep a model; an interrupted training of the same examples, settings and folder goes on.

    Returns:
        The manifest.

    Raises:
        PermanentError: examples that cannot be trained on, a folder that is in use, or libraries that are missing.
        RetryableError: it was told to stop; a checkpoint is saved.
    """
    require_torch("A model that writes", "")
    quiet_environment()
    import torch

    from vitrina.policy.building import build
    from vitrina.reward.transformer.trainer import silence
    from vitrina.training.joining import alone, processes, together
    from vitrina.training.surroundings import resumable

    silence()
    settings = plan.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if min(settings.batch, settings.epochs, settings.width, settings.layers, settings.heads) < 1:
        raise PermanentError("batch, epochs, width, layers and heads are one at least.")
    if settings.batch % processes():
        raise PermanentError(f"A batch of {settings.batch} cannot be shared by {processes()} processes.")
    folds = folds_of(examples, plan.seed)
    name = fingerprint(settings.described(), data_version(examples.rows), folds.version, plan.seed, torch.__version__)
    done = finished(plan.out, name)
    if done is not None:
        progress("found finished", {"folder": str(plan.out)})
        return done
    ensure_free(plan.out, replace=plan.replace)
    train_rows = folds.folds["train"]
    progress("split", {"examples": len(examples.rows), **{fold: len(rows) for fold, rows in folds.folds.items()}})
    partial = partial_folder(plan.out)
    work = partial / _WORK
    resume = resumable(work, name, progress)
    texts = [text for row in train_rows for text in (row.prompt, row.chosen)]
    model, encoder = build(settings, texts, plan.seed)
    lines, dropped = _encoded(encoder, train_rows)
    progress("tokens", {"examples": len(lines), "over_long": dropped, "tokens": sum(each["length"] for each in lines)})
    if len(lines) < settings.batch:
        raise PermanentError(
            f"{len(lines)} examples are short enough, {dropped} have a text of more than {settings.answer_length} "
            "tokens.", hint="Raise answer_length, or lower batch.",
        )  # fmt: skip
    loop = _Loop(plan, work, name, encoder, folds, progress)
    history, speed = loop.run(model, lines, resume)
    if alone():
        _keep(plan, name, examples, folds, partial, history, speed, dropped, encoder)
    together()
    progress("done", {"folder": str(plan.out)})
    return storage.read(plan.out)


def finished(out: Path, name: str) -> dict[str, Any] | None:
    """The manifest of what this very plan has made before."""
    try:
        manifest = storage.read(out)
    except PermanentError:
        return None
    return manifest if manifest.get("plan") == name else None


def _encoded(encoder: Any, rows: Sequence[PreferenceRow]) -> tuple[list[dict[str, Any]], int]:
    """Ids and labels of examples; how many have a text that is too long: they are counted, never cut in silence."""
    lines, dropped = [], 0
    for row in rows:
        asked, (said, cut) = encoder.asked(row.prompt), encoder.answered(row.chosen)
        if cut:
            dropped += 1
            continue
        length = len(asked) + len(said)
        lines.append({"input_ids": asked + said, "labels": [-100] * len(asked) + said, "length": length})
    return lines, dropped


class _Loop:
    """One training: what the callbacks need to know."""

    def __init__(self, plan: SftPlan, work: Path, name: str, encoder: Any, folds: Split, progress: Progress) -> None:
        self.plan, self.work, self.name, self.encoder, self.progress = plan, work, name, encoder, progress
        self.validation = folds.folds["validation"][:_VALIDATED]

    def run(
        self, model: Any, lines: list[dict[str, Any]], resume: Path | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Train to the end: validation figures of each epoch, and the speed."""
        from datasets import Dataset

        from vitrina.policy.building import adapters
        from vitrina.policy.sft_config import ExamplesTrainer, blank_example, config
        from vitrina.reward.transformer.hardware import checkpointing
        from vitrina.training.joining import processes
        from vitrina.training.surroundings import Surroundings, speed_of, trained

        settings = self.plan.settings
        steps = -(-len(lines) // settings.batch)
        callbacks = Surroundings(self.work, self.name, steps, self.judge, self.progress)
        longest = settings.batch // processes() * max(line["length"] for line in lines)
        again = checkpointing(model, longest, settings.gradient_checkpointing)
        blank = [blank_example(self.encoder.tokenizer.eos_token_id)] if processes() > 1 else []
        trainer = ExamplesTrainer(
            model=model,
            args=config(settings, self.work / "checkpoints", self.plan.seed, steps, checkpointing=again),
            train_dataset=Dataset.from_list([*lines, *blank]),
            processing_class=self.encoder.tokenizer,
            callbacks=[callbacks],
            peft_config=adapters(settings.lora_rank, pretrained=settings.base is not None),
        )
        trained(trainer, callbacks, resume, self.progress)
        each_step = sum(line["length"] for line in lines) / steps
        return self._history(), speed_of(callbacks, trainer.model, "sft", int(each_step * callbacks.made))

    def judge(self, model: Any, epoch: int) -> None:
        """How likely the validation fold is with these weights; they are kept if no epoch before was better."""
        from vitrina.policy.writing import PolicyWriter
        from vitrina.training.joining import alone

        if not alone():
            return
        said = [self.encoder.answered(row.chosen)[0] for row in self.validation]
        found = PolicyWriter(model, self.encoder).likelihoods([row.prompt for row in self.validation], said)
        tokens, characters = sum(map(len, said)), sum(len(row.chosen) for row in self.validation)
        loss = -float(sum(each.sum() for each in found))
        figures = {"epoch": epoch, "loss_per_token": loss / tokens, "loss_per_character": loss / characters}
        history = [past for past in self._history() if past["epoch"] < epoch]
        if all(figures["loss_per_token"] < past["loss_per_token"] for past in history):
            save_whole(model, self.encoder, self.work / "best")
        path = self.work / "history.json"
        path.with_suffix(".new").write_text(json.dumps([*history, figures]), encoding="utf-8")
        path.with_suffix(".new").replace(path)
        self.progress("validation", figures)

    def _history(self) -> list[dict[str, Any]]:
        path = self.work / "history.json"
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return found


def save_whole(model: Any, encoder: Any, folder: Path) -> None:
    """Write weights with adapters merged in, by rename."""
    from vitrina.policy.building import save
    from vitrina.reward.transformer.trainer import whole_model

    waiting = folder.with_name(folder.name + ".new")
    shutil.rmtree(waiting, ignore_errors=True)
    save(whole_model(model), encoder, waiting)
    shutil.rmtree(folder, ignore_errors=True)
    waiting.replace(folder)


def _keep(
    plan: SftPlan,
    name: str,
    examples: Examples,
    folds: Split,
    partial: Path,
    history: list[dict[str, Any]],
    speed: Mapping[str, Any],
    dropped: int,
    encoder: Any,
) -> None:
    target = partial / storage.FOLDER
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(partial / _WORK / "best", target)
    best = min(history, key=lambda epoch: epoch["loss_per_token"])
    described = {
        "kind": str(storage.WriterKind.SFT),
        "contract": storage.CONTRACT,
        "algorithm": "sft",
        "base": plan.settings.base,
        "dataset_version": plan.notes.get("dataset_version", ""),
        "reward_model_id": "",
        "plan": name,
        "seed": plan.seed,
        "settings": plan.settings.described(),
        "answer_length": encoder.answer_length,
        "vocabulary": len(encoder.tokenizer),
        "data": {
            **examples.described(),
            "data_version": data_version(examples.rows),
            "split_version": folds.version,
            "folds": {fold: len(rows) for fold, rows in folds.folds.items()},
            "over_long": dropped,
        },
        "best_epoch": best["epoch"],
        "history": history,
        "speed": dict(speed),
        "notes": dict(plan.notes),
        "code": storage.code(),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    storage.keep(partial, plan.out, described, cards.written(described), folds.groups)
