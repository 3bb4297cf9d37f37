"""The rubric: each rule moves the points as it says."""

from __future__ import annotations

import pytest

from simulation.rubric import judge, score

FACTS = {
    "Название": "Платье женское", "Состав": "хлопок 95%, эластан 5%", "Цвет": "синий", "Сезон": "лето",
    "Рисунок": "полоска", "Застёжка": "молния", "Размеры": "S, M, L",
}  # fmt: skip
GOOD = (
    "Платье женское из хлопка с эластаном. Модель синего цвета с рисунком в полоску. Сезон, для которого предназначена "
    "модель, — лето. Застёжка модели — молния. Модель выпускается в размерах S, M, L."
)


def test_six_true_attributes_are_the_most_that_counts() -> None:
    found = judge(FACTS, GOOD)
    assert (found.true, found.false, found.praise, found.labels) == (7, 0, 0, 0)
    assert found.score == 6.0


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        (GOOD.replace("синего", "красного"), 1.5),
        (GOOD + " Отличный выбор.", 1.0),
        (GOOD + " Отличный, идеальный, лучший, стильный, удобный выбор.", 3.0),
        (GOOD + " Цвет: синий.", 0.0),
        (GOOD + " Цвет: синий. Сезон: лето. Размеры: S, M, L.", 0.8),
        (GOOD[:-1], 1.0),
        ("Модель синего цвета. " * 9, 1.0 + 5.0),
    ],
)
def test_what_a_rule_takes_away(text: str, loss: float) -> None:
    assert score(FACTS, text) == pytest.approx(6.0 - loss)


def test_too_short_too_long_and_foreign_texts_lose() -> None:
    assert judge(FACTS, "Платье.").wrong_length
    assert judge(FACTS, GOOD * 3).wrong_length
    assert judge(FACTS, "A blue striped cotton dress with a zip for the summer, in sizes S, M and L." * 3).foreign


def test_facts_in_turkish_are_known() -> None:
    facts = {"Materyal": "%100 Pamuk", "Renk": "Mavi", "Beden": "S, M"}
    found = judge(facts, "Модель синего цвета из хлопка, размеры S, M.")
    assert (found.true, found.false) == (3, 0)


def test_an_empty_text_has_the_points_of_nothing() -> None:
    assert score(FACTS, "") < 0
