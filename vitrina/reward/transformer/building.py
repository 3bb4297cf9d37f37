"""The model and the tokenizer that a training starts from.

What belongs here: a small model from configuration, or a pretrained one with adapters and a head that is trained. What
stays out: the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.reward.transformer.tokens import Encoder, Encoding, train_tokenizer


def build(settings: TransformerSettings, rows: Sequence[PreferenceRow], seed: int) -> tuple[Any, Encoder]:
    """A model with one output and its encoder; weights that are not pretrained follow the seed.

    Raises:
        PermanentError: the base cannot be had.
    """
    from transformers import set_seed

    set_seed(seed)
    return _pretrained(settings) if settings.base else _small(settings, rows)


def _small(settings: TransformerSettings, rows: Sequence[PreferenceRow]) -> tuple[Any, Encoder]:
    from transformers import Qwen3Config, Qwen3ForSequenceClassification

    texts = [text for row in rows for text in (row.prompt, row.a, row.b)]
    encoder = Encoder(
        train_tokenizer(texts, settings.vocabulary), Encoding("own", settings.max_length, settings.prompt_length)
    )
    config = Qwen3Config(
        vocab_size=len(encoder.tokenizer),
        hidden_size=settings.width,
        intermediate_size=3 * settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        head_dim=settings.width // settings.heads,
        max_position_embeddings=settings.max_length,
        tie_word_embeddings=True,
        attention_dropout=0.0,
        use_cache=False,
        pad_token_id=encoder.tokenizer.pad_token_id,
        eos_token_id=encoder.tokenizer.eos_token_id,
        bos_token_id=None,
    )
    config.num_labels = 1
    return Qwen3ForSequenceClassification(config), encoder


def _pretrained(settings: TransformerSettings) -> tuple[Any, Encoder]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base = str(settings.base)
    # Nothing is fetched for a folder; for the name of a hub only what is in the cache, unless the environment allows it
    local = Path(base).is_dir()
    common: dict[str, Any] = {"trust_remote_code": False, "local_files_only": local}
    on_gpu = torch.cuda.is_available()
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, **common)
        model = AutoModelForSequenceClassification.from_pretrained(
            base, num_labels=1, use_safetensors=True, dtype=torch.bfloat16 if on_gpu else torch.float32, **common
        )
    except (OSError, ValueError) as error:
        raise PermanentError(
            f"The base model {base!r} cannot be had: {str(error).splitlines()[0]}",
            hint="Name a folder with config.json, tokenizer and safetensors, or allow the hub with HF_HUB_OFFLINE=0.",
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    style = "chat" if tokenizer.chat_template else "plain"
    return model, Encoder(tokenizer, Encoding(style, settings.max_length, settings.prompt_length))


def adapters(settings: TransformerSettings) -> Any:
    """LoRA for a pretrained base, with the score head among what is trained; None for a small model.

    Without `modules_to_save` the head stays random and frozen, and nothing says so.
    """
    if not settings.base or not settings.lora_rank:
        return None
    from peft import LoraConfig

    return LoraConfig(
        task_type="SEQ_CLS",
        r=settings.lora_rank,
        lora_alpha=2 * settings.lora_rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        modules_to_save=["score"],
    )


def ensure_head_is_trained(model: Any) -> None:
    """Refuse a model whose score head would not learn.

    Raises:
        PermanentError: no parameter of the head is trainable.
    """
    heads = [parameter for name, parameter in model.named_parameters() if ".score." in f".{name}"]
    if not any(parameter.requires_grad for parameter in heads):
        raise PermanentError("The score head of the model is frozen or missing: it could learn nothing.")
