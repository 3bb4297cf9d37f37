"""What the machine has, and what training makes of it.

What belongs here: the attention kernel, whether activations are computed again instead of kept, waiting for and
measuring an accelerator. What stays out: figures of speed (`vitrina.training.speed`), settings. Needs the training
group of requirements.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

#: Bytes of activations for each token, layer and unit of width in half precision, attention's own matrix not kept
#: (Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models", equation 2).
_KEPT = 34
#: Share of the memory that is free after loading which activations may take: optimiser and logits need the rest.
_SHARE = 0.5


def attention() -> str:
    """The attention kernel that is there: FlashAttention on an accelerator that has it, else PyTorch's own."""
    new = torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    return "flash_attention_2" if new and find_spec("flash_attn") is not None else "sdpa"


def checkpointing(model: Any, tokens: int, wanted: bool | None) -> bool:
    """Whether activations are computed again in the backward pass: 0.8 of the speed, for memory.

    Args:
        tokens: In one step at most, with padding.
        wanted: The setting; None decides by the memory of the accelerator. A processor's is not looked at.
    """
    if wanted is not None or not torch.cuda.is_available():
        return bool(wanted)
    config = model.config
    kept = _KEPT * tokens * config.num_hidden_layers * config.hidden_size
    return bool(kept > _SHARE * free_memory())


def free_memory() -> int:
    """Bytes of the accelerator that nobody uses."""
    return int(torch.cuda.mem_get_info()[0])


def begin_measuring() -> None:
    """Peak memory counts from here."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def wait() -> None:
    """Until the accelerator has done what it was told: a clock that is read before tells nothing."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_memory() -> int | None:
    """Bytes since `begin_measuring`; None on a processor."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def device() -> str:
    """Its name."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
