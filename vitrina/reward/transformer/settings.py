"""Settings of a transformer reward model; no torch here.

What belongs here: sizes and the defaults of training that matter, each set on purpose. What stays out: their use.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from vitrina.errors import PermanentError


@dataclass(frozen=True, slots=True)
class TransformerSettings:
    """How a transformer is built and trained.

    Attributes:
        base: Identifier on a hub or a folder of a pretrained model; None builds a small one from configuration with a
            tokenizer trained on the training fold.
        vocabulary: Tokens of that tokenizer (byte-level BPE).
        max_length: Tokens of prompt and answer. A pair with an answer that does not fit is not trained on, counted and
            reported; when scored, such an answer is judged by its beginning.
        prompt_length: Tokens of the prompt's end that are read at most.
        epochs: At most; the validation fold chooses after which of them the weights are kept.
        batch: Pairs in one step.
        center: Weight of the squared sum of both rewards, which keeps scores near zero: thresholds need an origin.
        bf16: None: where the processor or accelerator computes in it.
        gradient_checkpointing: Whether activations are computed again instead of kept: 0.8 of the speed, for memory.
            None: where an accelerator's memory would not hold them.
        checkpoint_steps: Steps between checkpoints; None: four an epoch.
        lora_rank: Of adapters for a pretrained base; 0 trains all weights.
    """

    base: str | None = None
    width: int = 128
    layers: int = 2
    heads: int = 4
    vocabulary: int = 2_048
    max_length: int = 512
    prompt_length: int = 96
    epochs: int = 3
    batch: int = 32
    learning_rate: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.01
    center: float = 0.01
    bf16: bool | None = None
    gradient_checkpointing: bool | None = None
    checkpoint_steps: int | None = None
    lora_rank: int = 16
    threads: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be trained.

        Raises:
            PermanentError: a count below one, or a width that heads cannot share.
        """
        counts = ("width", "layers", "heads", "vocabulary", "max_length", "epochs", "batch")
        if wrong := [name for name in counts if getattr(self, name) < 1]:
            raise PermanentError(f"{', '.join(wrong)}: one at least.")
        if self.width % (2 * self.heads):
            raise PermanentError(
                f"A width of {self.width} cannot be shared by {self.heads} heads.",
                hint="Each head takes an even part of it.",
            )

    def described(self) -> dict[str, Any]:
        """All settings, for the manifest."""
        return asdict(self)
