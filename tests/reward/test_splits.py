"""Folds: a prompt and its near-duplicates are on one side, always the same way."""

import random

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vitrina.preferences.formats import Choice, PreferenceRow
from vitrina.reward.splits import FOLDS, cross_folds, joined_groups, split

WORDS = ["белый", "чайник", "куртка", "лампа", "стол", "кружка", "вес", "длина", "цвет", "ткань", "сталь", "лето"]


def row(prompt: str, number: int = 0) -> PreferenceRow:
    return PreferenceRow(prompt=prompt, a=f"a{number}", b="b", choice=Choice.A)


def long_prompt(seed: int) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) + str(rng.randint(0, 99)) for _ in range(60))


def test_near_duplicate_prompts_are_one_cluster():
    rows = [row(long_prompt(1)), row(long_prompt(1) + " ещё одно слово"), row(long_prompt(2))]
    cluster = joined_groups(rows)
    assert cluster[rows[0].group] == cluster[rows[1].group] != cluster[rows[2].group]
    for seed in range(20):
        folds = split(rows, seed).groups
        assert folds[rows[0].group] == folds[rows[1].group]


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=20, max_size=200), st.integers(0, 5))
def test_no_group_is_in_two_folds_and_no_row_is_lost(prompts, seed):
    rows = [row(f"Prompt {WORDS[number % len(WORDS)]} {number}", place) for place, number in enumerate(prompts)]
    cut = split(rows, seed)
    assert sorted(each.a for fold in cut.folds.values() for each in fold) == sorted(each.a for each in rows)
    seen: dict[str, str] = {}
    for name, members in cut.folds.items():
        for member in members:
            assert seen.setdefault(member.group, name) == name


def test_the_cut_does_not_depend_on_the_order_of_rows_but_on_the_seed():
    rows = [row(f"Prompt {number}", number) for number in range(200)]
    shuffled = random.Random(1).sample(rows, len(rows))
    assert split(rows).version == split(shuffled).version
    assert split(rows, 1).version != split(rows, 2).version


def test_folds_have_about_the_wanted_sizes():
    rows = [row(f"Prompt {number // 3}", number) for number in range(900)]
    sizes = {name: len(members) / 900 for name, members in split(rows).folds.items()}
    assert all(abs(sizes[name] - share) < 0.02 for name, share in FOLDS.items())
    assert [len(part) for part in cross_folds(rows, 5)] == [180] * 5
