"""Folds: a prompt and its near-duplicates are on one side, always the same way."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vitrina.errors import PermanentError
from vitrina.preferences.formats import Choice, PreferenceRow
from vitrina.reward.splits import FOLDS, cross_folds, cut, joined_groups, split

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
        folds = cut(rows, seed).groups
        assert folds[rows[0].group] == folds[rows[1].group]


def test_groups_that_a_file_names_are_joined_by_any_prompt_of_theirs():
    one, other, far = long_prompt(1), long_prompt(2), long_prompt(3)
    for shared in (other, other + " ещё одно слово"):
        rows = [replace(row(text), group=name) for text, name in ((one, "x"), (other, "x"), (shared, "y"), (far, "z"))]
        cluster = joined_groups(rows)
        assert cluster["x"] == cluster["y"] != cluster["z"]
        # who asks by the prompt alone finds it too
        assert [cluster[row(text).group] for text in (one, shared, far)] == ["x", "x", "z"]


def test_prompts_that_are_all_alike_are_refused_with_what_is_missing():
    template = " ".join(f"слово{number}" for number in range(40))
    with pytest.raises(PermanentError, match=r"300 prompts make 1 cluster .* 300 of 300 rows") as refused:
        split([row(f"{template} чайник {number}", number) for number in range(300)])
    assert "validation and calibration" in str(refused.value)
    assert "template" in str(refused.value.hint)


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=20, max_size=200), st.integers(0, 5))
def test_no_group_is_in_two_folds_and_no_row_is_lost(prompts, seed):
    rows = [row(f"Prompt {WORDS[number % len(WORDS)]} {number}", place) for place, number in enumerate(prompts)]
    found = cut(rows, seed)
    assert sorted(each.a for fold in found.folds.values() for each in fold) == sorted(each.a for each in rows)
    seen: dict[str, str] = {}
    for name, members in found.folds.items():
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
