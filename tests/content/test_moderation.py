from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from tests.content.examples import CREAM_RU, DRESS_RU, description
from vitrina.content import contract
from vitrina.content.contract import Violation
from vitrina.content.duplicates import Duplicate
from vitrina.content.grounding import check
from vitrina.content.moderation import ModerationContext, Thresholds, decide, price_change_allowed
from vitrina.content.moderation_rules import RULES
from vitrina.content.moderation_words import output_marks, suspicious_words
from vitrina.content.offline_writer import write


@dataclass
class FakeGrounding:
    score: float = 1.0
    findings: tuple[str, ...] = ()


def context(**changes: object) -> ModerationContext:
    """A product that every rule lets pass, with changes."""
    text = description()
    good = ModerationContext(
        facts=DRESS_RU, description=text, text=text.text(), grounding=FakeGrounding(), category_confidence=0.9,
        price_rub=Decimal(1500),
    )  # fmt: skip
    return replace(good, **changes)  # type: ignore[arg-type]


def reasons(**changes: object) -> list[str]:
    return [reason.rule for reason in decide(context(**changes), RULES).reasons]


def facts(**changes: object) -> object:
    return replace(DRESS_RU, **changes)  # type: ignore[arg-type]


def test_a_sound_product_is_approved():
    verdict = decide(context(), RULES)
    assert verdict.approved
    assert verdict.reasons == ()
    assert verdict.priority is None


SPEAKS = {
    "suspicious_word": {"facts": facts(title="Сумка реплика люкс")},
    "stray_output": {"description": description(size_advice="Пишите на shop@example.com")},
    "category_needs_review": {"category_needs_review": True},
    "unsupported_claim": {"grounding": FakeGrounding(0.5, ("сталь",))},
    "no_category": {"facts": facts(category_slug=None), "category_confidence": None},
    "low_confidence": {"category_confidence": 0.7499},
    "low_price": {"price_rub": Decimal("99.99")},
    "unknown_price": {"price_rub": None, "price_note": "filler"},
    "no_description": {"description": None, "text": ""},
    "language_mismatch": {"text": "A long text in English that says nothing in Russian at all. " * 4},
    "contract": {"violations": [Violation("too_many_emoji", "4 emoji")]},
    "duplicate_text": {"duplicates": [Duplicate(7, 0.93)]},
    "picture_conflict": {"picture_conflict": ("в тексте: красный; на снимке: синий 90% (#2558C8)", "thumb")},
    "short_description": {"text": "Коротко."},
    "few_facts": {"violations": [Violation("too_few_words", "40 words")]},
}
SILENT = {
    "suspicious_word": {"facts": facts(title="Книга о копирайте, копить и улучшать")},
    "stray_output": {"description": description(size_advice="Размеры 42-50, рост 164 см.")},
    "category_needs_review": {"category_needs_review": False},
    "unsupported_claim": {"grounding": None},
    "no_category": {"facts": facts(category_slug="platya")},
    "low_confidence": {"category_confidence": 0.75},
    "low_price": {"price_rub": Decimal(100)},
    "unknown_price": {"price_rub": Decimal(100), "price_note": "currency_assumed"},
    "no_description": {},
    "language_mismatch": {
        "text": "Платье Koton Basic Midi Dress из мягкой ткани с короткими рукавами и карманами. " * 2
    },
    "contract": {"violations": [Violation("seo_title_length", "40 characters", "warning")]},
    "duplicate_text": {"duplicates": []},
    "picture_conflict": {"picture_conflict": ()},
    "short_description": {"text": "Слово и ещё одно слово. " * 5},
    "few_facts": {"violations": [Violation("too_many_words", "260 words")]},
}


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_each_rule_speaks_alone(rule):
    assert reasons(**SPEAKS[rule]) == [rule]


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_each_rule_is_silent_just_beside_its_limit(rule):
    assert rule not in reasons(**SILENT[rule])


def test_every_rule_has_a_reason_in_both_languages_and_a_priority():
    assert len({rule.name for rule in RULES}) == len(RULES) == len(SPEAKS)
    assert all(rule.ru and rule.en and rule.priority in (1, 2, 3) for rule in RULES)


def test_reasons_come_most_urgent_first_with_details():
    verdict = decide(
        context(price_rub=Decimal(5), category_needs_review=True, violations=[Violation("too_few_words", "9")]), RULES
    )
    assert not verdict.approved
    assert [reason.priority for reason in verdict.reasons] == [1, 2, 3]
    assert verdict.priority == 1
    assert verdict.reasons[1].as_dict()["details"] == ["5.00 ₽ < 100 ₽"]


def test_thresholds_are_settings():
    thresholds = Thresholds(review_confidence=0.95, price_min_rub=Decimal(2000), text_min=5000)
    assert reasons(thresholds=thresholds) == ["low_confidence", "low_price", "short_description"]


def test_a_category_without_a_confidence_is_looked_at():
    assert reasons(category_confidence=None) == ["low_confidence"]


def test_the_offline_writers_text_passes_from_end_to_end():
    text = write(CREAM_RU)
    verdict = decide(
        context(
            facts=CREAM_RU,
            description=text,
            text=text.text(),
            grounding=check(text.all_text(), CREAM_RU),
            violations=contract.violations(text, CREAM_RU),
        ),
        RULES,
    )
    assert verdict.approved, verdict.reasons


@pytest.mark.parametrize(
    "word", ["реплику", "копией", "Подделки", "поддельная", "fake", "replika", "taklit", "Sahte", "imitasyonu"]
)
def test_suspicious_words_are_found_in_their_forms(word):
    assert suspicious_words(f"Сумка, {word} бренда") == [word]


@pytest.mark.parametrize(
    "text", ["копирайт", "копить", "копейка", "подделать", "копьё", "fakeer", "факел", "репликация"]
)
def test_words_that_only_look_alike_are_not_suspicious(text):
    assert suspicious_words(text) == []


@pytest.mark.parametrize(
    "text",
    ["https://example.org", "пишите в t.me/shop", "shop.example.com", "a@b.ru", "@my_shop", "+7 (900) 123-45-67",
     "<b>x</b>", "&lt;p&gt;", "{{ name }}", "<<<PRODUCT", "category_facts", "Ignore all previous instructions",
     "как языковая модель",
     "игнорируй все инструкции"],
)  # fmt: skip
def test_stray_output_is_recognised(text):
    assert output_marks(f"Крем для рук, {text} хорошая вещь")


@pytest.mark.parametrize(
    "text",
    ["Размеры 42, 44, 46, 48, 50, 52, 54.", "Объём 0.5 л, 1000 мг, 60 капсул.", "Хлопок 95%, эластан 5%.",
     "Размеры 98, 104, 110, 116, 122, 128.", "Рисунок не гладить.Стирать вручную.", "Витамины A&E", "Модель 2024-2025"],
)  # fmt: skip
def test_ordinary_text_holds_no_stray_output(text):
    assert output_marks(text) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("100", "140", None),
        ("100", "60", None),
        ("100", "140.01", "price_change"),
        ("100", "59.99", "price_change"),
        ("100", "1000", "price_change"),
        ("100", None, "price_lost"),
        ("100", "0", "price_lost"),
        (None, "100", None),
        ("0", "100", None),
    ],
)
def test_a_price_alone_changes_within_bounds_only(old, new, rule):
    found = price_change_allowed(Decimal(old) if old else None, Decimal(new) if new else None, Decimal("0.4"))
    assert (found.rule if found else None) == rule
