from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.examples import DRESS_RU, description
from vitrina.content import contract
from vitrina.content.contract import ContractError
from vitrina.content.emoji import count_emoji
from vitrina.content.forbidden import forbidden_words


def rules(**changes: object) -> set[str]:
    return {item.rule for item in contract.violations(description(**changes), DRESS_RU)}


def words(count: int) -> str:
    return f"<p>{' '.join(['слово'] * count)}</p>"


def test_the_example_breaks_no_rule():
    assert rules() == set()


def test_a_good_answer_comes_back_whole_even_inside_a_fence():
    answer = contract.dump(description())
    assert contract.parse(f"```json\n{answer}\n```", product_id=1, language="ru") == description()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "а" * 101},
        {"title": ""},
        {"seo_title": "а" * 71},
        {"seo_description": "а" * 161},
        {"benefits": ["а"] * 6},
        {"keywords": ["а"] * 8},
        {"benefits": ["  "]},
        {"language": "de"},
        {"product_id": "1"},
        {"body": "<script>alert(1)</script>"},
        {"extra": 1},
    ],
)
def test_hard_limits_are_errors_with_the_field_named(change):
    answer = json.dumps({**description().model_dump(), **change})
    with pytest.raises(ContractError) as caught:
        contract.parse(answer)
    assert next(iter(change)) in " ".join(caught.value.errors)


def test_a_missing_field_is_an_error():
    value = description().model_dump()
    del value["keywords"]
    with pytest.raises(ContractError, match="keywords"):
        contract.parse(json.dumps(value))


def test_an_answer_for_another_product_or_language_is_an_error():
    answer = contract.dump(description())
    with pytest.raises(ContractError, match="product_id"):
        contract.parse(answer, product_id=2)
    with pytest.raises(ContractError, match="language"):
        contract.parse(answer, language="en")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"body": words(149)}, "too_few_words"),
        ({"body": words(251)}, "too_many_words"),
        ({"body": words(160) + "<b>x</b>"}, "markup"),
        ({"body": " ".join(["слово"] * 160)}, "markup"),
        ({"benefits": ["одно", "два"]}, "too_few_benefits"),
        ({"keywords": ["а", "б", "в", "г"]}, "too_few_keywords"),
        ({"keywords": ["а", "б", "в", "г", "А"]}, "repeated_keywords"),
        ({"body": words(160) + "<p>🌸🌸🌸🌸</p>"}, "too_many_emoji"),
        ({"body": words(160) + "<p>Лучшего не найти</p>"}, "forbidden_word"),
        ({"seo_title": "Коротко"}, "seo_title_length"),
        ({"seo_description": "Коротко"}, "seo_description_length"),
        ({"body": f"<p>{' '.join(['word'] * 160)}</p>"}, "language_mismatch"),
        ({"product_id": 9}, "wrong_product"),
        ({"language": "en"}, "wrong_language"),
    ],
)
def test_each_rule_speaks_for_its_own_fault(change, rule):
    assert rule in rules(**change)


@pytest.mark.parametrize("count", [150, 250])
def test_the_word_limits_are_inclusive(count):
    assert not rules(body=words(count)) & {"too_few_words", "too_many_words"}


def test_wanted_lengths_are_advice_and_not_errors():
    found = contract.violations(description(seo_title="Коротко"))
    assert [item.severity for item in found] == ["warning"]


@pytest.mark.parametrize(
    "text",
    ["лучший", "Лучшая", "лучшими", "НАИЛУЧШИМ", "уникален", "уникальность", "невероятно", "невероятные", "лyчшего"],
)
def test_forbidden_words_are_found_in_all_forms(text):
    assert forbidden_words(f"Это {text} товар") == [text]


@pytest.mark.parametrize(
    "text", ["Лучше стирать в прохладной воде", "улучшенный состав", "вероятно", "неверный размер"]
)
def test_neighbours_of_forbidden_words_are_allowed(text):
    assert forbidden_words(text) == []


def test_english_words_are_forbidden_in_english_texts_only():
    assert forbidden_words("The best and unique", "en") == ["best", "unique"]
    assert forbidden_words("Крем Best Skin") == []


@pytest.mark.parametrize(
    ("text", "count"),
    [("👨‍👩‍👧‍👦", 1), ("🇹🇷", 1), ("1️⃣", 1), ("👍🏽", 1), ("❤️", 1), ("🌸🌸", 2), ("№ 5 © ™ 100 % °C", 0)],
)
def test_emoji_are_counted_as_readers_see_them(text, count):
    assert count_emoji(text) == count


def test_the_wire_schema_asks_for_everything_and_names_no_lengths():
    schema = contract.json_schema()
    assert set(schema["required"]) == set(schema["properties"]) == set(description().model_dump())
    assert "maxLength" not in json.dumps(schema)
    assert contract.response_format()["json_schema"]["name"] == "product_description"


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_the_reader_raise_anything_but_its_own_error(text):
    with pytest.raises(ContractError):
        contract.parse(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"product_id": 1' + "0" * 10_000 + "}", "\ud800", "null", ""])
def test_hostile_json_is_a_contract_error(text):
    with pytest.raises(ContractError):
        contract.parse(text)
