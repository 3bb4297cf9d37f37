"""Transformers models of a few thousand random weights with a tokenizer of their own, written to a folder.

Belongs here: making them. No hub and no download is needed. Stays out: what tests ask of them.
"""

from __future__ import annotations

from pathlib import Path

TEXTS = ["Платье летнее красное", "Hello, how are you?", '{"colour": "red"}', "user assistant system", "один два три"]
TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}<assistant>"


def tokenizer(folder: Path) -> int:
    """A byte-level BPE; returns the size of its vocabulary."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(TEXTS * 5, vocab_size=320, special_tokens=["<eos>", "<pad>"])
    fast = PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, eos_token="<eos>", pad_token="<pad>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return len(fast)


def chat_model(folder: Path) -> Path:
    """A Llama of two layers with a context of 256 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    size = tokenizer(folder)
    config = LlamaConfig(
        vocab_size=size, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=256, eos_token_id=0, pad_token_id=1, bos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def encoder(folder: Path) -> Path:
    """A BERT of two layers with vectors of length 32."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(2)
    size = tokenizer(folder)
    config = BertConfig(
        vocab_size=size, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=128, pad_token_id=1,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder
