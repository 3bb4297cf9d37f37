"""TRL's trainer as it is used here.

What belongs here: its configuration, the order of pairs, callbacks for figures, checkpoints and stopping. What stays
out: anything that is not the trainer's business.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import TrainerCallback
from trl import RewardConfig, RewardTrainer

from vitrina.reward.progress import Progress
from vitrina.reward.transformer import hardware
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.training import checkpoints

#: Pairs are sorted by length within this many batches: about half of the positions were padding otherwise.
_WINDOW = 16


def silence() -> None:
    """No progress bars and no figures on stdout, which belongs to the answer of a command."""
    import datasets
    from transformers.utils import logging

    datasets.disable_progress_bars()
    logging.disable_progress_bar()


def can_bf16() -> bool:
    """Whether this machine computes in bf16: a processor without the instructions is slower with it."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    info = Path("/proc/cpuinfo")
    return info.is_file() and any(flag in info.read_text() for flag in ("avx512_bf16", "amx_bf16"))


def config(
    settings: TransformerSettings, folder: Path, seed: int, steps: int, *, checkpointing: bool = False
) -> RewardConfig:
    """Every setting that differs from what one expects, said on purpose.

    Args:
        steps: Of one epoch.
        checkpointing: Whether activations are computed again instead of kept.
    """
    return RewardConfig(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        gradient_accumulation_steps=1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=int(settings.warmup * steps * settings.epochs),
        weight_decay=settings.weight_decay,
        max_grad_norm=1.0,
        center_rewards_coefficient=settings.center,
        # Pairs that are too long were counted before; here nothing may vanish
        max_length=None,
        disable_dropout=True,
        # The default is True: 0.8 of the speed, for memory that a small model does not need
        gradient_checkpointing=checkpointing,
        # The default is True wherever it runs
        bf16=can_bf16() if settings.bf16 is None else settings.bf16,
        fp16=False,
        use_cpu=not torch.cuda.is_available(),
        # Pre-tokenised pairs with their length; unused columns would be dropped before the grouping reads them
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        save_strategy="steps",
        save_steps=settings.checkpoint_steps or max(1, steps // 4),
        save_total_limit=2,
        logging_strategy="steps",
        logging_steps=max(1, min(10, steps // 10)),
        logging_first_step=True,
        eval_strategy="no",
        report_to="none",
        push_to_hub=False,
        disable_tqdm=True,
        seed=seed,
        data_seed=seed,
    )


class LengthGrouped(Sampler[int]):
    """Pairs of like length in one batch, batches in random order; the order of an epoch follows from the seed alone."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self.lengths, self.batch, self.seed, self.epoch = list(lengths), batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch, resumed ones too."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = random.Random(f"{self.seed}:{self.epoch}")  # noqa: S311 - an order, no secret
        places = list(range(len(self.lengths)))
        rng.shuffle(places)
        window = self.batch * _WINDOW
        batches: list[list[int]] = []
        for start in range(0, len(places), window):
            part = sorted(places[start : start + window], key=lambda place: self.lengths[place])
            batches += [part[each : each + self.batch] for each in range(0, len(part), self.batch)]
        # The one batch that may be short comes last, so that the trainer cuts the same batches
        short = [each for each in batches if len(each) < self.batch]
        full = [each for each in batches if len(each) == self.batch]
        rng.shuffle(full)
        return iter([place for each in (*full, *short) for place in each])


class GroupedRewardTrainer(RewardTrainer):
    """TRL's trainer with pairs grouped by length in a way that a resumed run repeats."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        dataset = train_dataset if train_dataset is not None else self.train_dataset
        return LengthGrouped(dataset["length"], self.args.train_batch_size, self.args.seed)


def whole_model(model: Any) -> Any:
    """A copy with adapters merged into the weights; the model itself where it has none."""
    if not hasattr(model, "merge_and_unload"):
        return model
    import copy

    return copy.deepcopy(model).merge_and_unload()


class Callbacks(TrainerCallback):
    """Figures while it runs, a judgement after each epoch, sealed checkpoints, and an end when told to."""

    def __init__(
        self, work: Path, plan: str, steps: int, judge: Callable[[Any, int], None], progress: Progress
    ) -> None:
        self.work, self.plan, self.steps, self.judge, self.progress = work, plan, steps, judge, progress
        self.stopped = False
        #: Of steps alone, without judging and saving; and how many this process made.
        self.seconds, self.made, self._began = 0.0, 0, 0.0

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Until the block ends, SIGTERM and SIGINT ask for a checkpoint and an end at the next step.

        Only the main thread can hear signals; elsewhere nothing is changed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(_number: int, _frame: Any) -> None:
            self.stopped = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """Peak memory counts from here."""
        hardware.begin_measuring()
        return control

    def on_step_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """The clock of a step."""
        self._began = time.monotonic()
        return control

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """The judgement comes before the checkpoint of the same step, so that a resumed run never lacks it."""
        hardware.wait()
        self.seconds += time.monotonic() - self._began
        self.made += 1
        if state.global_step % self.steps == 0:
            self.judge(rest["model"], state.global_step // self.steps)
        if self.stopped:
            control.should_save = control.should_training_stop = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:  # noqa: ARG002
        """Seal what was just written."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        checkpoints.seal(folder, plan=self.plan)
        self.progress("checkpoint", {"step": state.global_step})
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> Any:  # noqa: ARG002
        """Figures of the last steps; accuracy is that of batches in training, not of held-out pairs."""
        wanted = ("loss", "accuracy", "margin", "learning_rate", "grad_norm")
        told = {name: round(float(logs[name]), 6) for name in wanted if name in logs}
        if told:
            self.progress("step", {"step": state.global_step, "of": state.max_steps, **told})
        return control
