"""Made-up people: noise, sides, ties, and the one who does not read."""

from __future__ import annotations

import random

from simulation.annotators import PEOPLE, Annotator
from simulation.gold import CLEAR, gold_pairs
from simulation.rubric import score
from tests.simulation.test_rubric import FACTS, GOOD

POOR = "Отличное платье, которое порадует. Идеальный выбор на каждый день, рекомендуем." + " Успейте купить." * 6


def answers(person: Annotator, count: int, *, flip: bool = False) -> list[str]:
    texts = (POOR, GOOD) if flip else (GOOD, POOR)
    return [person.answer(FACTS, *texts, seed=number) for number in range(count)]


def test_a_person_says_the_same_again() -> None:
    person = Annotator("anna")
    assert answers(person, 20) == answers(person, 20)


def test_careful_people_choose_the_better_text_on_either_side() -> None:
    person = Annotator("anna", noise=0.4)
    assert set(answers(person, 100)) == {"left"}
    assert set(answers(person, 100, flip=True)) == {"right"}


def test_more_noise_is_more_mistakes() -> None:
    def right(noise: float) -> int:
        person = Annotator("anna", noise=noise, indifference=0)
        near = GOOD + " Удобный выбор."
        return sum(person.answer(FACTS, GOOD, near, seed=n) == "left" for n in range(400))

    assert right(0.3) > right(0.8) > right(3.0) > 200


def test_a_bias_of_sides_shows_between_equal_texts() -> None:
    leaning, straight = Annotator("anna", left=0.8, indifference=0), Annotator("anna", indifference=0)
    count = [
        sum(one.answer(FACTS, GOOD, GOOD + " ", seed=n) == "left" for n in range(400)) for one in (leaning, straight)
    ]
    assert count[0] > 270
    assert 160 < count[1] < 240


def test_equal_texts_are_a_tie_for_the_indifferent() -> None:
    assert set(answers(Annotator("anna", noise=0.0), 1)) == {"left"}
    assert Annotator("anna", noise=0.0).answer(FACTS, GOOD, GOOD, seed=0) == "tie"


def test_the_careless_one_does_not_read() -> None:
    person = next(one for one in PEOPLE if one.careless)
    said = answers(person, 400)
    assert 0.3 < said.count("left") / 400 < 0.5
    assert 0.3 < said.count("right") / 400 < 0.5


def test_there_are_ten_people_and_one_of_them_is_careless() -> None:
    assert len({one.email for one in PEOPLE}) == 10
    assert sum(one.careless for one in PEOPLE) == 1


def test_gold_tells_the_careless_from_the_others() -> None:
    pairs = gold_pairs(0, 40)
    assert len(pairs) == 40
    for pair in pairs:
        gap = score(pair["facts"], pair["first"]) - score(pair["facts"], pair["second"])
        assert abs(gap) >= CLEAR
        assert pair["expected"] == ("first" if gap > 0 else "second")
    for person in PEOPLE:
        draw = random.Random(0)
        right = 0
        for number, pair in enumerate(pairs):
            flip = draw.random() < 0.5
            sides = ("second", "first") if flip else ("first", "second")
            said = person.answer(pair["facts"], pair[sides[0]], pair[sides[1]], seed=number)
            right += {"left": sides[0], "right": sides[1]}.get(said) == pair["expected"]
        assert (right / len(pairs) < 0.7) is person.careless, (person.name, right)
