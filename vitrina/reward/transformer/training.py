"""Training of a transformer reward model with TRL, resumable to the same weights.

What belongs here: the loop and every default of the trainer that matters. What stays out: folds, calibration, figures.

The validation fold, scored by our own code after each epoch, says which epoch's weights are kept: from scratch one
epoch was better than two on dialogues, and three better than one on descriptions.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError, RetryableError
from vitrina.fingerprints import fingerprint
from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.calibration import fit_temperature, log_loss
from vitrina.reward.pairs import data_version, margins
from vitrina.reward.progress import Progress
from vitrina.reward.splits import Split
from vitrina.reward.transformer.scoring import TransformerScorer
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.reward.transformer.tokens import Encoder
from vitrina.training import checkpoints, speed

FOLDER = "transformer"
_WORK = "transformer-work"


def quiet_environment() -> None:
    """No telemetry, no hub unless asked for, no threads of the tokenizer, one GPU. To be called before TRL is imported.

    A process that no launcher started trains on the first GPU that it may see: TRL refuses several of them.
    """
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if "WORLD_SIZE" not in os.environ:
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]


def fit_transformer(
    split: Split, settings: TransformerSettings, partial: Path, seed: int, progress: Progress
) -> tuple[TransformerScorer, Mapping[str, Any]]:
    """Train on the training fold; go on from the newest whole checkpoint of the same plan if there is one.

    Returns:
        A scorer with the weights of the best epoch, saved below `partial`, and what the manifest keeps of it.

    Raises:
        PermanentError: no pair is short enough, or the base cannot be had.
        RetryableError: it was told to stop; a checkpoint is saved.
    """
    quiet_environment()
    import torch

    from vitrina.reward.transformer.building import build
    from vitrina.reward.transformer.trainer import silence

    silence()

    if settings.threads:
        torch.set_num_threads(settings.threads)
    train = split.folds["train"]
    plan = fingerprint(settings.described(), data_version(train), split.version, seed, torch.__version__)
    work = partial / _WORK
    resume, removed = checkpoints.newest_whole(work / "checkpoints", plan=plan)
    for name, reason in removed:
        progress("checkpoint removed", {"name": name, "why": reason})
    if resume is None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
    model, encoder = build(settings, train, seed)
    pairs, dropped = _encoded(encoder, train)
    progress("tokens", {"pairs": len(pairs), "over_long": dropped, "tokens": sum(pair["length"] for pair in pairs)})
    if not pairs:
        raise PermanentError(
            f"All {dropped} pairs have an answer of more than {settings.max_length} tokens.", hint="Raise max_length."
        )
    loop = _Loop(settings, work, plan, seed, encoder, split.folds["validation"], progress)
    history, fast = loop.run(model, pairs, resume)
    scorer = _kept(work, partial / FOLDER, encoder)
    best = min(history, key=lambda epoch: epoch["log_loss"])
    described = {
        "settings": settings.described(),
        "parameters": sum(parameter.numel() for parameter in scorer.model.parameters()),
        "pairs_over_long": dropped,
        "best_epoch": best["epoch"],
        "history": history,
        "speed": fast,
    }
    return scorer, described


def _encoded(encoder: Encoder, rows: Sequence[PreferenceRow]) -> tuple[list[dict[str, Any]], int]:
    """Token ids of pairs, and how many have an answer that is too long: they are counted, never cut in silence."""
    pairs, dropped = [], 0
    for row in rows:
        (chosen, cut), (rejected, cut_too) = (encoder.encode(row.prompt, side) for side in (row.chosen, row.rejected))
        if cut or cut_too:
            dropped += 1
        else:
            length = len(chosen) + len(rejected)
            pairs.append({"chosen_ids": chosen, "rejected_ids": rejected, "length": length})
    return pairs, dropped


def _kept(work: Path, folder: Path, encoder: Encoder) -> TransformerScorer:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(work / "best", folder)
    encoder.save(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    return TransformerScorer.load(folder)


class _Loop:
    """One training: what the callbacks need to know."""

    def __init__(
        self,
        settings: TransformerSettings,
        work: Path,
        plan: str,
        seed: int,
        encoder: Encoder,
        validation: Sequence[PreferenceRow],
        progress: Progress,
    ) -> None:
        self.settings, self.work, self.plan, self.seed = settings, work, plan, seed
        self.encoder, self.validation, self.progress = encoder, validation, progress

    def run(
        self, model: Any, pairs: list[dict[str, Any]], resume: Path | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Train to the end; gives the validation figures of each epoch, and how fast it was."""
        from datasets import Dataset
        from transformers.trainer_callback import PrinterCallback

        from vitrina.reward.transformer.building import adapters, ensure_head_is_trained
        from vitrina.reward.transformer.hardware import checkpointing
        from vitrina.reward.transformer.trainer import Callbacks, GroupedRewardTrainer, config

        steps = -(-len(pairs) // self.settings.batch)
        longest = max(max(len(pair["chosen_ids"]), len(pair["rejected_ids"])) for pair in pairs)
        again = checkpointing(model, 2 * self.settings.batch * longest, self.settings.gradient_checkpointing)
        callbacks = Callbacks(self.work, self.plan, steps, self.judge, self.progress)
        trainer = GroupedRewardTrainer(
            model=model,
            args=config(self.settings, self.work / "checkpoints", self.seed, steps, checkpointing=again),
            train_dataset=Dataset.from_list(pairs),
            processing_class=self.encoder.tokenizer,
            callbacks=[callbacks],
            peft_config=adapters(self.settings),
        )
        trainer.remove_callback(PrinterCallback)
        ensure_head_is_trained(trainer.model)
        if resume is not None:
            self.progress("resumed", {"checkpoint": resume.name})
        with callbacks.stopping():
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        if callbacks.stopped:
            raise RetryableError("The training was told to stop.", hint="Start it again: it goes on where it was.")
        fast = _speed(callbacks, trainer.model, sum(pair["length"] for pair in pairs) / steps)
        return self._history(), fast | {"gradient_checkpointing": again}

    def judge(self, model: Any, epoch: int) -> None:
        """Score the validation fold with these weights, and keep them if no epoch before was better."""
        scorer = TransformerScorer(model, self.encoder)
        found = margins(scorer, self.validation)
        temperature = fit_temperature(found)
        figures = {
            "epoch": epoch,
            "log_loss": log_loss(found / temperature),
            "accuracy": float((found > 0).mean()) if len(found) else None,
            "temperature": temperature,
        }
        history = [past for past in self._history() if past["epoch"] < epoch]
        if all(figures["log_loss"] < past["log_loss"] for past in history):
            self._save(model)
        _written(self.work / "history.json", [*history, figures])
        self.progress("validation", figures)

    def _save(self, model: Any) -> None:
        from vitrina.reward.transformer.trainer import whole_model

        waiting = self.work / "best.new"
        shutil.rmtree(waiting, ignore_errors=True)
        whole_model(model).save_pretrained(waiting)
        shutil.rmtree(self.work / "best", ignore_errors=True)
        waiting.replace(self.work / "best")

    def _history(self) -> list[dict[str, Any]]:
        path = self.work / "history.json"
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return found


def _speed(callbacks: Any, model: Any, tokens_a_step: float) -> dict[str, Any]:
    """Speed of the steps that this process made, without padding; those before a resume are not counted."""
    from vitrina.reward.transformer import hardware

    found = speed.figures(
        tokens=int(tokens_a_step * callbacks.made),
        seconds=callbacks.seconds,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        algorithm="reward",
        device=hardware.device(),
        devices=1,
        memory=hardware.peak_memory(),
    )
    return found | {"attention": getattr(model.config, "_attn_implementation", None)}


def _written(path: Path, value: Any) -> None:
    waiting = path.with_suffix(".new")
    waiting.write_text(json.dumps(value), encoding="utf-8")
    waiting.replace(path)
