"""One key for prompts that say the same.

What belongs here: the normalisation that decides which rows share a prompt group. What stays out: near-duplicates,
which are found by comparing prompts with each other.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_NOT_WORDS = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """Case, spacing, punctuation and forms of letters do not tell prompts apart. Without any word, signs do."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_WORDS.sub(" ", folded).strip() or " ".join(folded.split())


def prompt_group(prompt: str) -> str:
    """First 32 hex digits of the sha256 of the normalised prompt."""
    return hashlib.sha256(normalised(prompt).encode("utf-8", "surrogatepass")).hexdigest()[:32]
