"""TRL's trainer as it is used here.

What belongs here: its configuration, the order of pairs, the share of several processes. What stays out: figures,
checkpoints and stopping (`vitrina.training.surroundings`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import logsigmoid
from torch.utils.data import Sampler
from trl import RewardConfig, RewardTrainer

from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.training.joining import processes, totals

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
        per_device_train_batch_size=settings.batch // processes(),
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
        ddp_find_unused_parameters=False,
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
    """Rows of like length in one batch, batches in random order; the order of an epoch follows from the seed alone.

    Args:
        batch: Of all processes together.
        parts: Processes that share a batch. Where there are several, the row behind the last one is a blank: it fills
            the batch that may be short, so that no process repeats a row, as it would otherwise.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int, parts: int = 1) -> None:
        self.lengths, self.batch, self.seed, self.parts, self.epoch = list(lengths), batch, seed, parts, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch, resumed ones too."""
        self.epoch = epoch

    def __len__(self) -> int:
        rows = len(self.lengths)
        return rows if self.parts == 1 else -(-rows // self.batch) * self.batch

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
        short = [self._filled(each) for each in batches if len(each) < self.batch]
        full = [each for each in batches if len(each) == self.batch]
        rng.shuffle(full)
        return iter([place for each in (*full, *short) for place in each])

    def _filled(self, places: list[int]) -> list[int]:
        """Each part of a short batch has about as many of its rows."""
        if self.parts == 1:
            return places
        blank, size = len(self.lengths), self.batch // self.parts
        shares = [places[number :: self.parts] for number in range(self.parts)]
        return [place for share in shares for place in (*share, *[blank] * (size - len(share)))]


def order_of(dataset: Any, args: Any) -> LengthGrouped:
    """The order in which a trainer takes the rows of a dataset, whose last one is a blank where processes share it."""
    lengths, parts = list(dataset["length"]), processes()
    rows = lengths if parts == 1 else lengths[:-1]
    return LengthGrouped(rows, args.train_batch_size * parts, args.seed, parts)


class GroupedRewardTrainer(RewardTrainer):
    """TRL's trainer with pairs grouped by length in a way that resumed and shared runs repeat."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return order_of(train_dataset if train_dataset is not None else self.train_dataset, self.args)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean over the pairs of all processes. TRL's is that of one, and processes are averaged: a pair of a
        process with fewer would count more, and a blank as much as any. So are the figures that are told; those that
        are not told (least, mean and greatest score) are of all rows with their blanks, and are left out.
        """
        if processes() == 1:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        # A blank's sides are of one token; others have the end token and something before it
        real = inputs["attention_mask"].sum(dim=1).chunk(2)[0] > 1
        # Blanks go through the model: TRL gathers the scores of all processes, which must be as many in each
        _, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
        chosen, rejected = outputs.logits.squeeze(-1).chunk(2)
        losses = self.args.center_rewards_coefficient * (chosen + rejected) ** 2 - logsigmoid(chosen - rejected)
        gaps = (chosen - rejected)[real].detach().double()
        pairs, right, gap = totals(int(real.sum()), int((gaps > 0).sum()), float(gaps.sum()))
        loss = losses[real].sum() * (processes() / pairs)
        told = self._metrics["train"]
        told["accuracy"][-1], told["margin"][-1] = right / pairs, gap / pairs
        for name in ("min_reward", "mean_reward", "max_reward"):
            told.pop(name, None)
        return (loss, outputs) if return_outputs else loss


def blank_pair(end: int) -> dict[str, Any]:
    """What fills a batch that processes share and weighs nothing in it."""
    return {"chosen_ids": [end], "rejected_ids": [end], "length": 2}


def whole_model(model: Any) -> Any:
    """A copy with adapters merged into the weights; the model itself where it has none."""
    if not hasattr(model, "merge_and_unload"):
        return model
    import copy

    return copy.deepcopy(model).merge_and_unload()
