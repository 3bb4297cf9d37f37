"""What every training starts from: a small configuration, or a pretrained base.

What belongs here: the sizes of the small model, loading weights and tokenizer of a base. What stays out: what is put on
top (a score head, a head that writes), adapters, encodings. Needs the training group of requirements.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from vitrina.errors import PermanentError


class Sizes(Protocol):
    """Settings of a small model."""

    @property
    def width(self) -> int: ...
    @property
    def layers(self) -> int: ...
    @property
    def heads(self) -> int: ...


def small_config(sizes: Sizes, tokenizer: Any, length: int, **more: Any) -> Any:
    """A small Qwen3 of these sizes for texts of at most ``length`` tokens, with the ids of this tokenizer."""
    from transformers import Qwen3Config

    return Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=sizes.width,
        intermediate_size=3 * sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        head_dim=sizes.width // sizes.heads,
        max_position_embeddings=length,
        tie_word_embeddings=True,
        attention_dropout=0.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **more,
    )


def pretrained(base: str, kind: Any, **options: Any) -> tuple[Any, Any, str]:
    """Weights and tokenizer of a hub's name or a folder, safetensors only; no code of it runs.

    Args:
        base: A folder, from which nothing is fetched, or the name of a hub: what is in the cache, unless the
            environment allows more.
        kind: One of transformers' ``AutoModelFor…``.
        options: Further ones of its ``from_pretrained``.

    Returns:
        The model, the tokenizer (with a token to pad with), and the style of an encoding for it: ``chat`` or ``plain``.

    Raises:
        PermanentError: the base cannot be had.
    """
    import torch
    from transformers import AutoTokenizer

    common: dict[str, Any] = {"trust_remote_code": False, "local_files_only": Path(base).is_dir()}
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, **common)
        model = kind.from_pretrained(base, use_safetensors=True, dtype=dtype, **options, **common)
    except (OSError, ValueError) as error:
        raise PermanentError(
            f"The base model {base!r} cannot be had: {str(error).splitlines()[0]}",
            hint="Name a folder with config.json, tokenizer and safetensors, or allow the hub with HF_HUB_OFFLINE=0.",
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    return model, tokenizer, "chat" if tokenizer.chat_template else "plain"
