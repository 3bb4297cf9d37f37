"""The rules of moderation, one small function each, and their table.

Belongs here: when a person is asked, and with which words (CAT-10 of the specification, plus contract, grounding,
duplicates and stray output). Stays out: thresholds and the verdict (``moderation``).
"""

from __future__ import annotations

from vitrina.content.contract import WORDS_MIN
from vitrina.content.language import looks_like
from vitrina.content.moderation import ModerationContext, Rule
from vitrina.content.moderation_words import output_marks, suspicious_words

# Broken contract rules that have a rule of their own here.
_OWN_RULE = frozenset({"too_few_words", "too_few_benefits", "too_few_keywords", "language_mismatch", "wrong_language"})
_FEW_FACTS = frozenset({"too_few_words", "too_few_benefits", "too_few_keywords"})
DETAILS_MAX = 10


def _no_category(context: ModerationContext) -> list[str]:
    return [] if context.facts.category_slug else ["—"]


def _low_confidence(context: ModerationContext) -> list[str]:
    confidence, limit = context.category_confidence, context.thresholds.review_confidence
    if context.facts.category_slug is None or (confidence is not None and confidence >= limit):
        return []
    return [f"{'?' if confidence is None else f'{confidence:.2f}'} < {limit:.2f}"]


def _category_needs_review(context: ModerationContext) -> list[str]:
    return [context.facts.category_path or context.facts.category_slug or "?"] if context.category_needs_review else []


def _low_price(context: ModerationContext) -> list[str]:
    price, limit = context.price_rub, context.thresholds.price_min_rub
    return [f"{price:.2f} ₽ < {limit} ₽"] if price is not None and price < limit else []


def _unknown_price(context: ModerationContext) -> list[str]:
    return [context.price_note or "missing"] if context.price_rub is None else []


def _suspicious_word(context: ModerationContext) -> list[str]:
    facts = context.facts
    written = context.description.all_text() if context.description is not None else context.text
    source = [facts.title, facts.brand, facts.description, *facts.attributes.values(), written]
    return suspicious_words("\n".join(filter(None, source)))[:DETAILS_MAX]


def _no_description(context: ModerationContext) -> list[str]:
    return [] if context.description is not None else ["—"]


def _short_description(context: ModerationContext) -> list[str]:
    length, limit = len(context.text), context.thresholds.text_min
    return [f"{length} < {limit}"] if context.description is not None and length < limit else []


def _few_facts(context: ModerationContext) -> list[str]:
    return [item.message for item in context.violations if item.rule in _FEW_FACTS]


def _contract(context: ModerationContext) -> list[str]:
    broken = [item for item in context.violations if item.severity == "error" and item.rule not in _OWN_RULE]
    return [f"{item.rule}: {item.message}" for item in broken][:DETAILS_MAX]


def _grounding(context: ModerationContext) -> list[str]:
    findings = context.grounding.findings if context.grounding is not None else ()
    return [str(getattr(finding, "message", finding)) for finding in findings][:DETAILS_MAX]


def _duplicate_text(context: ModerationContext) -> list[str]:
    return [f"{item.key}: {item.similarity:.0%}" for item in context.duplicates][:DETAILS_MAX]


def _stray_output(context: ModerationContext) -> list[str]:
    written = context.description.all_text() if context.description is not None else context.text
    return output_marks(written)[:DETAILS_MAX]


def _picture_conflict(context: ModerationContext) -> list[str]:
    return list(context.picture_conflict)


def _language(context: ModerationContext) -> list[str]:
    if not context.text or looks_like(context.text, context.facts.language):
        return []
    return [context.facts.language]


#: The table. Order is the order of reasons of equal priority.
RULES: tuple[Rule, ...] = (
    Rule("suspicious_word", 1, "Слова, похожие на подделку", "Words that hint at counterfeit goods", _suspicious_word),
    Rule("stray_output", 1, "В тексте контакты, разметка или обрывки запроса",
         "The text holds contacts, markup or pieces of a prompt", _stray_output),
    Rule("category_needs_review", 1, "Категория всегда проверяется человеком",
         "Every text of this category is looked at by a person", _category_needs_review),
    Rule("unsupported_claim", 1, "Утверждения, которых нет в данных товара",
         "Claims that do not stand in the product's data", _grounding),
    Rule("no_category", 2, "Категория не определена", "No category was found", _no_category),
    Rule("low_confidence", 2, "Уверенность в категории ниже порога",
         "The confidence in the category is below the review threshold", _low_confidence),
    Rule("low_price", 2, "Цена подозрительно низкая", "The price is suspiciously low", _low_price),
    Rule("unknown_price", 2, "Цена неизвестна", "The price is unknown", _unknown_price),
    Rule("no_description", 2, "Описание не получилось", "No description could be made", _no_description),
    Rule("language_mismatch", 2, "Текст не на том языке", "The text is in another language", _language),
    Rule("picture_conflict", 2, "На снимке другой цвет, чем в тексте",
         "The picture shows another colour than the text names", _picture_conflict),
    Rule("contract", 2, "Описание нарушает правила оформления", "The description breaks its contract", _contract),
    Rule("duplicate_text", 3, "Почти такой же текст у другого товара",
         "Another product has almost the same text", _duplicate_text),
    Rule("short_description", 3, "Описание короче ста знаков", "The description is too short", _short_description),
    Rule("few_facts", 3, f"Фактов не хватает на {WORDS_MIN} слов",
         f"The facts do not suffice for {WORDS_MIN} words", _few_facts),
)  # fmt: skip
