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

from vitrina.errors import PermanentError
from vitrina.fingerprints import fingerprint
from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.calibration import fit_temperature, log_loss
from vitrina.reward.pairs import data_version, margins
from vitrina.reward.progress import Progress
from vitrina.reward.splits import Split
from vitrina.reward.transformer.scoring import TransformerScorer
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.reward.transformer.tokens import Encoder

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

    Several processes share each batch; the first of them judges and keeps, and all of them return the same.

    Returns:
        A scorer with the weights of the best epoch, saved below `partial`, and what the manifest keeps of it.

    Raises:
        PermanentError: no pair is short enough, the base cannot be had, or processes cannot share a batch.
        RetryableError: it was told to stop; a checkpoint is saved.
    """
    quiet_environment()
    import torch

    from vitrina.reward.transformer.building import build
    from vitrina.reward.transformer.trainer import silence
    from vitrina.training.joining import alone, processes, together
    from vitrina.training.surroundings import resumable

    silence()

    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.batch % processes():
        raise PermanentError(f"A batch of {settings.batch} cannot be shared by {processes()} processes.")
    train = split.folds["train"]
    plan = fingerprint(settings.described(), data_version(train), split.version, seed, torch.__version__)
    work = partial / _WORK
    resume = resumable(work, plan, progress)
    model, encoder = build(settings, train, seed)
    pairs, dropped = _encoded(encoder, train)
    progress("tokens", {"pairs": len(pairs), "over_long": dropped, "tokens": sum(pair["length"] for pair in pairs)})
    if not pairs:
        raise PermanentError(
            f"All {dropped} pairs have an answer of more than {settings.max_length} tokens.", hint="Raise max_length."
        )
    loop = _Loop(settings, work, plan, seed, encoder, split.folds["validation"], progress)
    history, fast = loop.run(model, pairs, resume)
    if alone():
        _keep(work, partial / FOLDER, encoder)
    together()
    scorer = TransformerScorer.load(partial / FOLDER)
    together()  # the first goes on to rename the folder that the others are reading
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


def _keep(work: Path, folder: Path, encoder: Encoder) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(work / "best", folder)
    encoder.save(folder)
    for path in folder.iterdir():
        path.chmod(0o644)


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

        from vitrina.reward.transformer.building import adapters, ensure_head_is_trained
        from vitrina.reward.transformer.hardware import checkpointing
        from vitrina.reward.transformer.trainer import GroupedRewardTrainer, blank_pair, config
        from vitrina.training.joining import processes
        from vitrina.training.surroundings import Surroundings, speed_of, trained

        steps = -(-len(pairs) // self.settings.batch)
        longest = max(max(len(pair["chosen_ids"]), len(pair["rejected_ids"])) for pair in pairs)
        tokens = 2 * self.settings.batch // processes() * longest
        again = checkpointing(model, tokens, self.settings.gradient_checkpointing)
        blank = [blank_pair(self.encoder.tokenizer.eos_token_id)] if processes() > 1 else []
        callbacks = Surroundings(self.work, self.plan, steps, self.judge, self.progress)
        trainer = GroupedRewardTrainer(
            model=model,
            args=config(self.settings, self.work / "checkpoints", self.seed, steps, checkpointing=again),
            train_dataset=Dataset.from_list([*pairs, *blank]),
            processing_class=self.encoder.tokenizer,
            callbacks=[callbacks],
            peft_config=adapters(self.settings),
        )
        ensure_head_is_trained(trainer.model)
        trained(trainer, callbacks, resume, self.progress)
        each_step = sum(pair["length"] for pair in pairs) / steps
        return self._history(), speed_of(callbacks, trainer.model, "reward", int(each_step * callbacks.made))

    def judge(self, model: Any, epoch: int) -> None:
        """Score the validation fold with these weights, and keep them if no epoch before was better."""
        from vitrina.training.joining import alone

        if not alone():
            return
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


def _written(path: Path, value: Any) -> None:
    waiting = path.with_suffix(".new")
    waiting.write_text(json.dumps(value), encoding="utf-8")
    waiting.replace(path)
