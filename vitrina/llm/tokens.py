"""Token counts where the server sends none.

Belongs here: the estimate. Stays out: a real tokenizer, which would be fetched from the network at first use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

#: Characters a token, by script: rules of thumb for the BPE vocabularies in use.
LATIN_CHARS = 4.0
CYRILLIC_CHARS = 2.2
#: A picture part in low detail; providers charge from 85 upwards.
IMAGE_TOKENS = 300
#: Role and separators that chat templates add to each message.
MESSAGE_TOKENS = 4

_CYRILLIC = re.compile(r"[\u0400-\u04ff]+")


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rounded up; 0 for an empty one."""
    if not text:
        return 0
    cyrillic = 0 if text.isascii() else sum(len(run) for run in _CYRILLIC.findall(text))
    return int(cyrillic / CYRILLIC_CHARS + (len(text) - cyrillic) / LATIN_CHARS) + 1


def estimate_prompt_tokens(messages: Iterable[Mapping[str, Any]]) -> int:
    """Tokens of a chat prompt: text parts by their length, pictures by a flat figure."""
    total = 0
    for message in messages:
        total += MESSAGE_TOKENS
        content = message.get("content")
        if isinstance(content, str):
            total += estimate_tokens(content)
        elif isinstance(content, list | tuple):
            for part in content:
                text = part.get("text") if isinstance(part, Mapping) else None
                total += estimate_tokens(text) if isinstance(text, str) else IMAGE_TOKENS
    return total
