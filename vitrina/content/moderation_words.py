"""What moderation looks for in text: suspicious words, and marks of an answer that went astray.

Belongs here: the word lists and patterns, and finding them. Stays out: rules and verdicts (``moderation``).
"""

from __future__ import annotations

import re
from functools import lru_cache

from vitrina.content.morphology import lemmas, normalise_token, tokens

#: Russian lemmas that hint at counterfeit goods (CAT-10). ``копирайт``, ``копить``, ``подделать`` are other lemmas.
SUSPICIOUS_LEMMAS = frozenset({"реплика", "копия", "подделка", "поддельный", "фейк", "фейковый"})
_SUSPICIOUS_STEMS = ("реплик", "копи", "поддел", "фейк")
_SUSPICIOUS_LATIN = re.compile(
    r"\b(?:fake|replica|replika(?:s[ıi])?|taklit\w*|imitasyon\w*|sahte\w*|knock-?off)\b", re.IGNORECASE
)

_OUTPUT_MARKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("link", re.compile(r"(?:https?://|www\.)\S+|\bt\.me/\S+", re.IGNORECASE)),
    ("domain", re.compile(r"\b[\w-]{2,}\.(?:ru|com|net|org|info|shop|store|tr|рф|biz|online)\b", re.IGNORECASE)),
    ("e-mail", re.compile(r"[\w.+-]+@[\w-]+\.\w{2,}")),
    ("account", re.compile(r"(?<![\w.])@[A-Za-z_]\w{2,}")),
    ("phone", re.compile(r"(?<![\d.,])\+?\d(?:[\s().-]{0,2}\d){9,14}(?![\d.,]\d)")),
    ("markup", re.compile(r"</?[a-zA-Z][^>]{0,100}>|&(?:lt|gt|amp|nbsp|#\d+);|\]\(|```")),
    ("code", re.compile(r"\b(?:javascript|function|onerror|onclick)\s*[:=(]|\{\{|\}\}|\{%|<\?", re.IGNORECASE)),
    ("prompt", re.compile(
        r"<<<|>>>|\b(?:category_facts|product_id|category_path|seo_title|json|system prompt)\b"
        r"|ignore (?:all |the )?(?:previous|prior|above)|disregard (?:all|the|previous)|as an ai\b|language model"
        r"|как (?:языковая модель|искусственный интеллект)|я не могу (?:помочь|написать|выполнить)"
        r"|игнорир\w+ (?:все |предыдущ|указан|инструкц)|предыдущ\w+ инструкци|системн\w+ (?:промпт|сообщени|подсказк)"
        r"|önceki talimat",
        re.IGNORECASE,
    )),
)  # fmt: skip


def suspicious_words(text: str) -> list[str]:
    """Words that hint at counterfeit goods, as they stand in the text, each once."""
    found = [token for token in tokens(text) if _is_suspicious(normalise_token(token))]
    return list(dict.fromkeys([*found, *_SUSPICIOUS_LATIN.findall(text)]))


@lru_cache(maxsize=50_000)
def _is_suspicious(token: str) -> bool:
    return token.startswith(_SUSPICIOUS_STEMS) and bool(lemmas(token) & SUSPICIOUS_LEMMAS)


def output_marks(text: str) -> list[str]:
    """What no description may hold, as ``"link: www.example.org"``: contacts, markup, code, pieces of a prompt."""
    return [f"{name}: {match[0][:60]}" for name, pattern in _OUTPUT_MARKS if (match := pattern.search(text))]
