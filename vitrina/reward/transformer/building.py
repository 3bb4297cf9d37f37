"""The model and the tokenizer that a training starts from.

What belongs here: a small model from configuration, or a pretrained one with adapters and a head that is trained. What
stays out: the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vitrina.errors import PermanentError
from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.transformer.bases import pretrained, small_config
from vitrina.reward.transformer.hardware import attention
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
    from transformers import Qwen3ForSequenceClassification

    texts = [text for row in rows for text in (row.prompt, row.a, row.b)]
    encoder = Encoder(
        train_tokenizer(texts, settings.vocabulary), Encoding("own", settings.max_length, settings.prompt_length)
    )
    config = small_config(settings, encoder.tokenizer, settings.max_length, use_cache=False)
    config.num_labels = 1
    return Qwen3ForSequenceClassification(config), encoder


def _pretrained(settings: TransformerSettings) -> tuple[Any, Encoder]:
    from transformers import AutoModelForSequenceClassification

    model, tokenizer, style = pretrained(
        str(settings.base), AutoModelForSequenceClassification, num_labels=1, attn_implementation=attention()
    )
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
