"""The model and the tokenizer that a training starts from.

What belongs here: a small causal model from configuration, a pretrained one with adapters, opening one of ours. What
stays out: how a base is loaded (`vitrina.reward.transformer.bases`), the loop. Needs the training group of
requirements.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.policy.encoding import WriterEncoder
from vitrina.policy.settings import SftSettings
from vitrina.reward.transformer.bases import pretrained, small_config
from vitrina.reward.transformer.hardware import attention
from vitrina.reward.transformer.tokens import Encoding, train_tokenizer

#: Ids around prompt and answer that an encoding may need; a chat template's are counted by themselves.
_FRAME = 2


def build(settings: SftSettings, texts: Iterable[str], seed: int) -> tuple[Any, WriterEncoder]:
    """A model that writes and its encoder; weights that are not pretrained follow the seed.

    Args:
        texts: What the tokenizer of a small model is trained on.

    Raises:
        PermanentError: the base cannot be had.
    """
    from transformers import set_seed

    set_seed(seed)
    return _pretrained(settings) if settings.base else _small(settings, texts)


def _small(settings: SftSettings, texts: Iterable[str]) -> tuple[Any, WriterEncoder]:
    from transformers import Qwen3ForCausalLM

    length = settings.prompt_length + settings.answer_length + _FRAME
    encoder = WriterEncoder(
        train_tokenizer(texts, settings.vocabulary), Encoding("own", length, settings.prompt_length)
    )
    return Qwen3ForCausalLM(small_config(settings, encoder.tokenizer, length)), encoder


def _pretrained(settings: SftSettings) -> tuple[Any, WriterEncoder]:
    from transformers import AutoModelForCausalLM

    model, tokenizer, style = pretrained(str(settings.base), AutoModelForCausalLM, attn_implementation=attention())
    frame = WriterEncoder(tokenizer, Encoding(style, 0, 0))
    # With no room at all, what is missing is what the frame takes
    length = settings.prompt_length + settings.answer_length - frame.answer_length
    return model, WriterEncoder(tokenizer, Encoding(style, length, settings.prompt_length))


def adapters(rank: int, *, pretrained: bool) -> Any:
    """LoRA on all linear layers of a pretrained model; None for a small one, whose weights are all trained."""
    if not pretrained or not rank:
        return None
    from peft import LoraConfig

    return LoraConfig(task_type="CAUSAL_LM", r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear")


def opened(folder: Path, *, dtype: str = "float32") -> tuple[Any, WriterEncoder]:
    """Weights and encoder of a folder of ours: safetensors only, nothing is fetched and no code of it runs.

    Raises:
        PermanentError: files are missing or not what they should be.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=dtype,
            attn_implementation=attention() if dtype == "bfloat16" else "sdpa",
        )  # fmt: skip
        encoder = WriterEncoder.load(folder)
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise PermanentError(f"{folder} cannot be opened: {str(error).splitlines()[0]}.") from error
    return model, encoder  # type: ignore[return-value]


def save(model: Any, encoder: WriterEncoder, folder: Path) -> None:
    """Write weights, tokenizer and encoding; sampling habits of a pretrained base are not kept."""
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig(
        eos_token_id=encoder.tokenizer.eos_token_id, pad_token_id=encoder.tokenizer.pad_token_id
    )
    model.save_pretrained(folder)
    encoder.save(folder)
