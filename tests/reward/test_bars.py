"""The acceptance tests as bars: what is held, missed and not measured, from folds of a file of our own."""

from benchmarks.training.bars import Bar, interval, table
from benchmarks.training.folds import FOLDS, fold, pooled
from benchmarks.training.reward import dialogues, synthetic
from benchmarks.training.rubric import points
from tests.reward.made import made


def test_folds_are_pooled_and_each_bar_says_whether_it_was_held(tmp_path):
    path = made(tmp_path, 240)
    found = pooled([fold(str(path), number, False) for number in range(2)])
    assert found["linear"].n == 2 * 240 // FOLDS
    assert found["linear"].accuracy[1] > 0.6
    assert found["length"].balanced[0] == 0.5
    assert found["linear"].against["length"]["difference"] > 0
    bars = [*dialogues(found), *synthetic(found)]
    words = {(bar.test, bar.word) for bar in bars}
    assert (5, "held") in words
    # without torch the other kinds are told as missing and not left out
    assert sum(bar.word == "not measured" for bar in bars) == 4


def test_a_table_has_a_line_for_each_bar():
    bars = [
        Bar(1, "a", interval((0.5, 0.4, 0.6)), "> 0.3", True),
        Bar(2, "b", "none", "all", False),
        Bar(7, "c", "x", "", None),
    ]
    lines = table(bars).splitlines()
    assert lines[2] == "| 1 | a | 0.500 [0.400, 0.600] | > 0.3 | held |"
    assert [line.rsplit("| ", 1)[1] for line in lines[3:]] == ["MISSED |", "shown |"]


def test_the_rubric_likes_facts_and_dislikes_claims_and_other_languages():
    prompt = "Напиши описание. Характеристики: вес — 540 г; цвет — белый; объём — 1,7 л."
    filler = " Чайник стоит на кухне, его легко мыть, ручка не греется, крышка снимается, вода закипает быстро, а шнур"
    good = "Чайник: вес 540 г, цвет белый, объём 1,7 л." + filler + " убирается в подставку."
    assert points(prompt, good) == 3
    assert points(prompt, good + " Лучший в мире!") == 2
    assert points(prompt, good + " It is made of durable material.") == 2
    assert points(prompt, "Вес 540 г.") == 1 - 2
