"""Which sentences and values of scraped text may be quoted as they are.

Belongs here: splitting and the filter for hostile, promotional and unclear text. Stays out: what is said with them.

A quoted sentence is the shop's own statement about its product. What a filter cannot be sure of is left out: a
shorter true text is the aim.
"""

from __future__ import annotations

import re

from vitrina.content.emoji import count_emoji
from vitrina.content.forbidden import forbidden_words
from vitrina.content.html import strip_markup, words
from vitrina.content.language import looks_like
from vitrina.content.moderation_words import output_marks, suspicious_words
from vitrina.content.morphology import lemmas, normalise_token, parses, tokens
from vitrina.lexicon import Lexicon, Match

SENTENCE_WORDS = (4, 40)
VALUE_LENGTH = 90

_SPLIT = re.compile(r"(?<=[а-яё][.!?])(?=[А-ЯЁ])|(?<=[.!?…])\s+(?=[\"«„(]?[A-ZА-ЯЁ0-9])|\n+|\s+[•●▪✔✓]\s*")
_ODD = re.compile(
    r"[<>{}\[\]|\\`~^_#*=@$€₽№¤]|!|\?|\.{2,}|…|[:;]\s*$|\d[\s.,]?\d*\s*(?:руб|р\.|тг\b|₸|грн|TL\b|USD\b|EUR\b)",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\b(?:т\.\s?[деп]|и др|см|мм|мл|гр|шт|напр|ок|ул|арт|рис|табл)\.$", re.IGNORECASE)
_PROMOTION_WORDS = """
    акция скидка распродажа купить покупать покупка заказать заказывать заказ доставка доставить оплата цена дешево
    недорого выгодно выгодный хит бестселлер новинка подарок бонус промокод успеть спешить звонить позвонить писать
    подписаться подписываться магазин ассортимент менеджер ватсап телеграм инстаграм директ наличие склад опт оптовый
    продавец гарантировать гарантия оригинал оригинальный премиум премиальный идеальный идеально безупречный
    превосходный великолепный потрясающий шикарный роскошный восхитительный непревзойденный революционный чудо
    чудесный волшебный самый топ мы наш я мой артикул штрихкод отзыв рейтинг возврат обмен сайт ссылка одобрить
    одобренный минздрав игнорировать прекрасный прекрасно отличный отлично замечательный замечательно супер
    эффективнейший незаменимый вы ваш непревзойденно мгновенно мгновенный чудодейственный
"""
_PROMOTION = frozenset(_PROMOTION_WORDS.split())
#: Entries of the lexicon that name a thing or a purpose without promising an effect.
_PLAIN_MEDICAL = frozenset({"blood_pressure", "orthopaedic", "medicinal"})
_APPROVALS = frozenset(
    {"fda", "certified", "declaration", "registered_ministry", "clinically_proven", "doctor_recommended", "original",
     "patented", "award", "lifetime"}
)  # fmt: skip
#: Effects on health that the lexicon has no entry for.
_HEALTH = re.compile(
    r"кровообращ|омолож|омолаж|регенер|детокс|токсин|обмен\w* веществ|метабол|воспален|заболеван|болезн|гормон|клеточн"
    r"|клеток",
    re.IGNORECASE,
)
_ENGLISH_PROMOTION = re.compile(
    r"\b(?:buy|sale|discount|order|shipping|delivery|price|cheap|offer|gift|guarantee\w*|perfect\w*|amazing|luxur\w+|premium|"
    r"must[- ]have|stunning|ultimate|we|our|us|click|shop|store|free|ignore|instructions?|system|assistant|approved)\b",
    re.IGNORECASE,
)


def clean_sentences(text: str | None, language: str, lexicon: Lexicon) -> list[str]:
    """Sentences of a source text that may be quoted, each once, ending with a full stop."""
    if not text:
        return []
    kept: dict[str, str] = {}
    for raw in _sentences(strip_markup(text)):
        sentence = " ".join(raw.split()).strip(" -–—•·,")
        if SENTENCE_WORDS[0] <= len(words(sentence)) <= SENTENCE_WORDS[1] and is_quotable(sentence, language, lexicon):
            sentence = sentence[0].upper() + sentence[1:]
            kept.setdefault(sentence.casefold().rstrip("."), sentence.rstrip(".;") + ".")
    return list(kept.values())


def clean_value(value: str, language: str, lexicon: Lexicon) -> str | None:
    """An attribute's value that may be quoted behind its label, else ``None``; codes are of any language."""
    value = " ".join(strip_markup(value).split()).strip(" .;,-–—")
    if not value or len(value) > VALUE_LENGTH or not re.search(r"\w", value):
        return None
    letters = re.search(r"[^\W\d_]{3,}", value)
    if letters and not looks_like(value, language):
        return None
    return value if is_quotable(value, language, lexicon, label=True) else None


def is_quotable(text: str, language: str, lexicon: Lexicon, *, label: bool = False) -> bool:
    """Whether a piece of plain text may stand in a description as it is. ``label``: it is a value, not a sentence."""
    if _ODD.search(text) or count_emoji(text) or output_marks(text) or suspicious_words(text):
        return False
    if forbidden_words(text, language) or _shouts(text) or not _balanced(text):
        return False
    if not label and not looks_like(text, language):
        return False
    if language == "en":
        if _ENGLISH_PROMOTION.search(text):
            return False
    elif any(_is_promotion(token) for token in tokens(text)) or _commands(text):
        return False
    return label or not (_HEALTH.search(text) or any(_is_claim(match) for match in lexicon.find(text)))


def is_clean_fact(text: str) -> bool:
    """Whether a sentence of a category's fact sheet may be used: it is our own text, so only stray marks matter."""
    stray = count_emoji(text) or re.search(r"[<>{}\[\]`]", text)
    return not (stray or output_marks(text) or forbidden_words(text) or suspicious_words(text))


def _sentences(text: str) -> list[str]:
    parts: list[str] = []
    for part in _SPLIT.split(text):
        if parts and _ABBREVIATION.search(parts[-1]) and part[:1].isdigit():
            parts[-1] += " " + part
        elif part.strip():
            parts.append(part)
    return parts


def _is_claim(match: Match) -> bool:
    """Medical effects, approvals and guarantees are not repeated in sentences; names of devices and tests are."""
    if match.entry.kind == "medical":
        return match.entry.key not in _PLAIN_MEDICAL
    return match.entry.kind == "certificate" and match.entry.key in _APPROVALS


def _is_promotion(token: str) -> bool:
    return bool(lemmas(normalise_token(token)) & _PROMOTION)


def _commands(text: str) -> bool:
    """Whether a sentence orders in the singular ("напиши", "игнорируй"): that speaks to a machine, not to a buyer."""
    for token in tokens(text):
        if len(token) < 3:  # "см" is a unit here, not "смотри"
            continue
        readings = parses(normalise_token(token))
        if readings and {"VERB", "impr", "sing"} <= readings[0].tag.grammemes:
            return True
    return False


def _balanced(text: str) -> bool:
    """A quotation or a bracket that does not end was cut by the split into sentences."""
    return text.count("«") == text.count("»") and text.count("(") == text.count(")")


def _shouts(text: str) -> bool:
    long = [word for word in words(text) if len(word) > 3 and word.isalpha()]
    return len(long) >= 2 and sum(word.isupper() for word in long) / len(long) > 0.5
