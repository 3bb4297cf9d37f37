"""Settings of models that write; no torch here.

What belongs here: sizes and the defaults of training that matter, each set on purpose. What stays out: their use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from vitrina.content.card import CHARS_MAX, CHARS_MIN


class Algorithm(StrEnum):
    """How a policy learns. PPO is not among them: TRL dropped it in 1.13."""

    RLOO = "rloo"
    GRPO = "grpo"
    DPO = "dpo"


@dataclass(frozen=True, slots=True)
class SftSettings:
    """How a model that writes is built and taught by examples.

    Attributes:
        base: Identifier on a hub or a folder of a pretrained model; None builds a small one from configuration with a
            tokenizer trained on the training fold.
        vocabulary: Tokens of that tokenizer (byte-level BPE).
        prompt_length: Tokens of the prompt's beginning that are read at most: it names the product, the end is the
            seller's talk.
        answer_length: Tokens of a text at most. Longer examples are not learned from, counted and reported.
        epochs: At most; the validation fold chooses after which of them the weights are kept.
        batch: Examples in one step, over all processes.
        learning_rate: None: 1e-3 for a small model from configuration, 2e-4 for adapters of a pretrained one.
        bf16: None: where the processor or accelerator computes in it.
        gradient_checkpointing: Whether activations are computed again instead of kept: 0.8 of the speed, for memory.
            None: where an accelerator's memory would not hold them.
        checkpoint_steps: Steps between checkpoints; None: two an epoch.
        lora_rank: Of adapters for a pretrained base; 0 trains all weights.
    """

    base: str | None = None
    width: int = 128
    layers: int = 2
    heads: int = 4
    vocabulary: int = 2_048
    prompt_length: int = 192
    answer_length: int = 256
    epochs: int = 6
    batch: int = 32
    learning_rate: float | None = None
    warmup: float = 0.05
    weight_decay: float = 0.01
    bf16: bool | None = None
    gradient_checkpointing: bool | None = None
    checkpoint_steps: int | None = None
    lora_rank: int = 16
    threads: int | None = None

    @property
    def rate(self) -> float:
        """The learning rate that is used."""
        return self.learning_rate or (2e-4 if self.base else 1e-3)

    def described(self) -> dict[str, Any]:
        """All settings as they are used, for the manifest."""
        return asdict(self) | {"learning_rate": self.rate}


#: Learning rates by algorithm, of a small model and of adapters. TRL's own 1e-6 is for all weights of a large model.
_RATES: Mapping[Algorithm, tuple[float, float]] = {
    Algorithm.RLOO: (3e-4, 2e-5),
    Algorithm.GRPO: (3e-4, 2e-5),
    Algorithm.DPO: (1e-4, 5e-6),
}
#: Weight of the distance to the SFT model. GRPO's own default is 0: it raised the reward and ruined the texts.
_BETAS: Mapping[Algorithm, float] = {Algorithm.RLOO: 0.05, Algorithm.GRPO: 0.05, Algorithm.DPO: 0.1}


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How a policy is taught by a reward model.

    Attributes:
        beta: Weight of the KL divergence to the SFT model; None: 0.05, for DPO 0.1.
        steps: Of the optimiser; each sees `prompts` prompts.
        prompts: Prompts in one step, over all processes (pairs, for DPO).
        generations: Texts for each prompt; each is compared with the mean of the others.
        learning_rate: None: by algorithm, and whether the SFT model has a pretrained base.
        temperature: At which texts are written in training.
        outside: What a text loses that was cut, or is shorter or longer than a card may be, in units of the score;
            a text that is far too long loses more. 0: such texts are scored as all others, and cut ones not learned
            from.
        shortest: Characters of a text; 0 for no bound.
        longest: As `shortest`.
        lora_rank: Of adapters, where the SFT model has a pretrained base; 0 trains all weights.
        bf16: None: on an accelerator alone. On a processor texts are written in single precision, and weights that
            are trained in another one would learn from texts that they did not write.
        gradient_checkpointing: Whether activations are computed again instead of kept: 0.8 of the speed, for memory.
            None: where an accelerator's memory would not hold them.
        best_of: Texts of the SFT model that the reward model chooses among, as a comparison.
        judged_prompts: Held-out prompts that are written for, at most.
    """

    beta: float | None = None
    steps: int = 60
    prompts: int = 16
    generations: int = 4
    learning_rate: float | None = None
    warmup: float = 0.05
    temperature: float = 1.0
    max_grad_norm: float = 1.0
    outside: float = 3.0
    shortest: int = CHARS_MIN
    longest: int = CHARS_MAX
    lora_rank: int = 16
    bf16: bool | None = None
    gradient_checkpointing: bool | None = None
    checkpoint_steps: int | None = None
    best_of: int = 4
    judged_prompts: int = 200
    threads: int | None = None

    def weight(self, algorithm: Algorithm) -> float:
        """The beta that is used."""
        return _BETAS[algorithm] if self.beta is None else self.beta

    def rate(self, algorithm: Algorithm, *, pretrained: bool) -> float:
        """The learning rate that is used."""
        return self.learning_rate or _RATES[algorithm][pretrained]

    def described(self, algorithm: Algorithm, *, pretrained: bool) -> dict[str, Any]:
        """All settings as they are used, for the manifest."""
        used = {"beta": self.weight(algorithm), "learning_rate": self.rate(algorithm, pretrained=pretrained)}
        return asdict(self) | used
