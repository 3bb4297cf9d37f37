"""TRL's trainers of policies as they are used here.

What belongs here: every setting of them that matters, and who makes their tokens and rewards. What stays out: the loop
around them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler, SequentialSampler
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from vitrina.policy.encoding import WriterEncoder, tidy
from vitrina.policy.settings import Algorithm, PolicySettings
from vitrina.policy.sft_config import common
from vitrina.policy.texts import outside
from vitrina.reward.pairs import Scorer
from vitrina.training.joining import processes

Reward = Callable[..., list[float]]


def reward_function(model: Scorer) -> Reward:
    """A reward model as TRL calls it: the same numbers as in evaluation and ever after.

    TRL itself would score prompt and text without the end token: that cost a reward model 7 points of accuracy.
    """

    def reward(prompts: Sequence[str], completions: Sequence[str], **_: Any) -> list[float]:
        return [float(score) for score in model.scores(prompts, [tidy(text) for text in completions])]

    return reward


def contract_function(settings: PolicySettings, end: int) -> Reward:
    """What a text loses that could not be used: one that was cut, or is shorter or longer than the contract allows.

    No reward model sees that a text was cut, and a linear one likes a text the better the longer it is: without this
    the mean length went from 48 tokens to 147 in 25 steps, and a quarter of the texts were cut.

    Args:
        end: The end token.
    """

    def contract(prompts: Sequence[str], completions: Sequence[str], completion_ids: Any, **_: Any) -> list[float]:  # noqa: ARG001
        return [
            -settings.outside
            * outside(
                tidy(text),
                cut=not len(ids) or ids[-1] != end,
                shortest=settings.shortest,
                longest=settings.longest,
            )
            for text, ids in zip(completions, completion_ids, strict=True)
        ]

    return contract


class _OwnTokens:
    """Prompts become ids as the writer makes them, in training as ever after."""

    encoder: WriterEncoder

    def _tokenize_prompts(self, prompts: Sequence[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.encoder.asked(prompt) for prompt in prompts], None, {}


class OwnRloo(_OwnTokens, RLOOTrainer):
    """TRL's RLOO with tokens of the writer."""


class OwnGrpo(_OwnTokens, GRPOTrainer):
    """TRL's GRPO with tokens of the writer."""


class OwnDpo(DPOTrainer):
    """TRL's DPO on pairs that are tokenised already, in the order in which they come."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return SequentialSampler(train_dataset if train_dataset is not None else self.train_dataset)


def online(
    algorithm: Algorithm, settings: PolicySettings, folder: Path, seed: int, *, length: int, pretrained: bool
) -> RLOOConfig | GRPOConfig:
    """Settings of an algorithm that writes while it learns, said on purpose.

    Args:
        length: Tokens of a text at most.
        pretrained: Whether adapters are trained, or all weights of a small model.
    """
    shared = {
        **_shared(algorithm, settings, folder, seed, settings.prompts * settings.generations, pretrained=pretrained),
        "beta": settings.weight(algorithm),
        "num_generations": settings.generations,
        "max_completion_length": length,
        "temperature": settings.temperature,
        # No cutting of the distribution: the likelihoods that are learned from are those of the whole one
        "top_p": 1.0,
        "top_k": 0,
        # Written anew for each step: a resumed run has no texts of a step before
        "steps_per_generation": 1,
        "num_iterations": 1,
        # The prompts come in an order of our own, which a resumed run repeats
        "shuffle_dataset": False,
        # A text that was cut looks ended to a reward model. It is paid for, or else nothing is learned from it
        "mask_truncated_completions": settings.outside == 0,
        "disable_dropout": True,
        "log_completions": False,
    }
    if algorithm is Algorithm.RLOO:
        # No scaling by the spread: it lets small differences of the score pull as hard as large ones
        return RLOOConfig(**shared, normalize_advantages=False)
    return GRPOConfig(**shared, scale_rewards="none", loss_type="dapo")


def offline(settings: PolicySettings, folder: Path, seed: int, *, pretrained: bool) -> DPOConfig:
    """Settings of DPO, said on purpose."""
    algorithm = Algorithm.DPO
    return DPOConfig(
        **_shared(algorithm, settings, folder, seed, settings.prompts, pretrained=pretrained),
        beta=settings.weight(algorithm),
        loss_type=["sigmoid"],
        # Pairs that are too long were counted before; here nothing may vanish
        max_length=None,
        disable_dropout=True,
    )


def _shared(
    algorithm: Algorithm, settings: PolicySettings, folder: Path, seed: int, batch: int, *, pretrained: bool
) -> dict[str, Any]:
    bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported() if settings.bf16 is None else settings.bf16
    save = settings.checkpoint_steps or max(1, settings.steps // 4)
    return {
        **common(folder, seed, bf16=bf16, save_steps=save, checkpointing=bool(settings.gradient_checkpointing)),
        "max_steps": settings.steps,
        "per_device_train_batch_size": batch // processes(),
        "learning_rate": settings.rate(algorithm, pretrained=pretrained),
        "lr_scheduler_type": "cosine",
        "warmup_steps": int(settings.warmup * settings.steps),
        "weight_decay": 0.0,
        "max_grad_norm": settings.max_grad_norm,
        "logging_steps": max(1, min(5, settings.steps // 10)),
    }
