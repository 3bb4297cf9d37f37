"""How fast a training was, and how much of the device it used.

What belongs here: tokens a second, peak memory, and the share of the device's arithmetic (MFU) where its peak is known.
What stays out: measuring time and memory.
"""

from __future__ import annotations

from typing import Any

#: Dense bf16 operations a second, from the makers' data sheets.
PEAK_FLOPS = {"H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12}
#: Operations for each trained parameter and token: 2 forward, 2 backward for the activations and 2 for the parameter
#: itself (Kaplan et al. 2020, "Scaling Laws for Neural Language Models", section 2.1). A policy also writes the token,
#: and looks at it once more as itself and once as the SFT model; DPO looks at it once as the SFT model.
OPERATIONS = {"sft": 6, "reward": 6, "dpo": 8, "rloo": 12, "grpo": 12}
#: Of them for the gradient of the parameter, which one that is frozen beside adapters does not need: its activations'
#: gradient goes on to the adapters below it (Schulman et al. 2025, "LoRA Without Regret": two thirds of the compute).
_OWN_GRADIENT = 2


def peak_of(device: str) -> float | None:
    """Operations a second of a device by its name; None where it is not known."""
    return next((peak for name, peak in PEAK_FLOPS.items() if name in device), None)


def figures(
    *,
    tokens: int,
    seconds: float,
    parameters: int,
    algorithm: str,
    device: str,
    devices: int,
    memory: int | None,
    frozen: int = 0,
) -> dict[str, Any]:
    """What is reported of a training.

    Args:
        tokens: Of prompts and texts, without padding, that this process and its siblings trained on.
        seconds: Of steps alone, without judging and saving.
        parameters: Of the model with its adapters, and how many of them are ``frozen``.
        memory: Peak of memory of one device, bytes; None on a processor.
    """
    rate = tokens / seconds if seconds > 0 else None
    peak = peak_of(device)
    operations = OPERATIONS[algorithm] - _OWN_GRADIENT * frozen / parameters
    mfu = None
    if rate is not None and peak is not None:
        mfu = rate * parameters * operations / (peak * devices)
    return {
        "device": device,
        "devices": devices,
        "tokens": tokens,
        "seconds": round(seconds, 2),
        "tokens_per_second": None if rate is None else round(rate, 1),
        "operations_per_parameter_and_token": round(operations, 3),
        "mfu": mfu,
        "peak_memory_bytes": memory,
    }
