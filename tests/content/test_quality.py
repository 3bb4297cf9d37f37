from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.content.examples import CREAM_RU, DRESS_RU, description
from vitrina.content.offline_writer import write
from vitrina.content.quality import benchmark
from vitrina.content.readability import readability, sentences
from vitrina.content.repetition import distinct_share, most_shared, shared_shares


@dataclass
class FakeGrounding:
    score: float = 0.5
    findings: tuple[str, ...] = ("сталь",)


def test_an_empty_catalogue_has_an_empty_report():
    assert benchmark([]).count == 0
    assert benchmark([]).contract_pass_share is None


def test_the_report_sums_up_its_rows():
    report = benchmark([(write(facts), facts) for facts in (DRESS_RU, CREAM_RU)])
    assert report.count == len(report.rows) == 2
    assert report.contract_pass_share == 1.0
    assert report.grounding_mean == 1.0
    assert report.near_duplicate_share == 0.0
    assert {row.product_id for row in report.rows} == {1, 3}
    json.dumps(report.as_dict())
    assert "rows" not in report.as_dict(rows=False)


def test_broken_rules_unsupported_claims_and_twins_are_counted():
    pair = (description(benefits=[]), DRESS_RU)
    report = benchmark([pair, pair], grounding=lambda text, facts: FakeGrounding())
    assert report.contract_pass_share == 0.0
    assert report.violations == {"too_few_benefits": 2}
    assert report.grounding_mean == 0.5
    assert report.fully_grounded_share == 0.0
    assert report.near_duplicate_share == 1.0
    assert report.shared_5grams_mean == 1.0


def test_simple_sentences_read_easier_than_long_words():
    easy = readability("Мама мыла раму. Кот спит.")
    hard = readability("Высококвалифицированные исследователи продемонстрировали противоположные закономерности.")
    assert easy.flesch > hard.flesch
    assert easy.words_per_sentence == 2.5
    assert hard.longest_sentence == 5


def test_flesch_follows_the_published_formula():
    # 4 words, 1 sentence, 8 syllables: 206.835 - 1.3 * 4 - 60.1 * 2
    assert readability("Мама мыла раму сама.").flesch == pytest.approx(81.4, abs=0.05)


def test_an_empty_text_has_no_readability():
    assert readability("").flesch == 0.0


def test_lines_and_marks_end_sentences_but_decimal_points_do_not():
    assert sentences("Объём 0.5 л. Да!\nСтрока") == ["Объём 0.5 л", "Да", "Строка"]


def test_repetition_is_measured_within_and_between_texts():
    assert distinct_share("а б а б а б") < distinct_share("а б в г д е") == 1.0
    assert shared_shares(["один два три четыре пять", "один два три четыре пять", "шесть"]) == [1.0, 1.0, 0.0]
    assert most_shared(["один два три четыре пять"] * 2) == [("один два три четыре пять", 2)]
