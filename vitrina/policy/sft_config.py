"""TRL's trainer of examples as it is used here.

What belongs here: every setting of it that matters, the order of examples. What stays out: the loop around it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from vitrina.policy.settings import SftSettings
from vitrina.reward.transformer.trainer import can_bf16, order_of
from vitrina.training.joining import processes


def common(folder: Path, seed: int, *, bf16: bool, save_steps: int, checkpointing: bool) -> dict[str, Any]:
    """What every trainer is told."""
    return {
        "output_dir": str(folder),
        "gradient_accumulation_steps": 1,
        # The default is True wherever it runs
        "bf16": bf16,
        "fp16": False,
        "use_cpu": not torch.cuda.is_available(),
        # The default is True: 0.8 of the speed, for memory that a small model does not need
        "gradient_checkpointing": checkpointing,
        # What is there is what is needed; examples that are too long were counted before
        "remove_unused_columns": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": torch.cuda.is_available(),
        # One loss for one batch, however many processes share it
        "average_tokens_across_devices": True,
        "ddp_find_unused_parameters": False,
        "save_strategy": "steps",
        "save_steps": save_steps,
        "save_total_limit": 2,
        "logging_strategy": "steps",
        "logging_first_step": True,
        "eval_strategy": "no",
        "report_to": "none",
        "push_to_hub": False,
        "disable_tqdm": True,
        "seed": seed,
        "data_seed": seed,
    }


def blank_example(end: int) -> dict[str, Any]:
    """What fills a batch that processes share: nothing is learned from it."""
    return {"input_ids": [end], "labels": [-100], "length": 1}


def config(settings: SftSettings, folder: Path, seed: int, steps: int, *, checkpointing: bool) -> SFTConfig:
    """Every setting that differs from what one expects, said on purpose.

    Args:
        steps: Of one epoch.
        checkpointing: Whether activations are computed again instead of kept.
    """
    bf16 = can_bf16() if settings.bf16 is None else settings.bf16
    save = settings.checkpoint_steps or max(1, steps // 2)
    return SFTConfig(
        **common(folder, seed, bf16=bf16, save_steps=save, checkpointing=checkpointing),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch // processes(),
        learning_rate=settings.rate,
        lr_scheduler_type="cosine",
        warmup_steps=int(settings.warmup * steps * settings.epochs),
        weight_decay=settings.weight_decay,
        max_grad_norm=1.0,
        logging_steps=max(1, min(10, steps // 4)),
        # Examples are tokenised and measured before; nothing may be cut or packed here
        max_length=None,
        packing=False,
        completion_only_loss=True,
        loss_type="nll",
    )


class ExamplesTrainer(SFTTrainer):
    """TRL's trainer, with examples grouped by length in a way that resumed and shared runs repeat."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return order_of(train_dataset if train_dataset is not None else self.train_dataset, self.args)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """On a processor without the fused head, which saves memory of accelerators and takes twice the time here."""
        if torch.cuda.is_available():
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs["use_cache"] = False
        return Trainer.compute_loss(self, model, inputs, return_outputs, num_items_in_batch)
