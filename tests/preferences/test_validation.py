"""What a dataset takes and what it leaves out: every row comes out once, with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.preferences.dataset.rows import Label, Pair
from vitrina.preferences.dataset.validation import REASONS, Limits, personal_data, validate

LONG = "Платье сшито из плотного хлопка, на подкладке, с двумя карманами и длинными рукавами"


def pair(key: str = "p", **changed: Any) -> Pair:
    made = Pair(
        key=key, source="votes", origin="desk", prompt="Напиши карточку", prompt_group="g",
        text_a=LONG, text_b="Красивое платье", outcome="a", language="ru",
    )  # fmt: skip
    return replace(made, **changed)


def reasons(*pairs: Pair) -> dict[str, int]:
    return validate(pairs, (), Limits(500)).reasons


@pytest.mark.parametrize(
    ("reason", "changed"),
    [
        ("wrong_type", {"text_a": True}),
        ("wrong_type", {"text_b": None}),
        ("empty_prompt", {"prompt": " \n"}),
        ("empty_side", {"text_b": ""}),
        ("identical_sides", {"text_b": LONG.upper() + "!"}),
        ("near_identical_sides", {"text_a": " ".join(map(str, range(300))), "text_b": " ".join(map(str, range(301))),
                                  "language": ""}),
        ("too_long", {"text_a": "слово " * 100}),
        ("wrong_language", {"text_a": "A dress of thick cotton, lined, with two pockets and long sleeves"}),
        ("two_languages", {"text_b": "A dress of thick cotton, lined, with two pockets and sleeves", "language": ""}),
        ("personal_data", {"text_b": "Пишите на ivan.petrov@example.com, ответим"}),
        ("personal_data", {"prompt": "Звоните +7 (912) 345-67-89"}),
        ("personal_data", {"prompt": "Bizi arayın: 0532 123 45 67"}),
        ("no_majority", {"outcome": "split"}),
    ],
)  # fmt: skip
def test_what_is_set_aside(reason: str, changed: dict[str, Any]) -> None:
    found = validate(
        [pair(**changed), pair("good", prompt_group="other")], (), Limits(2000 if "near" in reason else 500)
    )
    assert found.reasons == {reason: 1}
    assert [one.key for one in found.pairs] == ["good"]
    assert reason in REASONS


def test_duplicates_are_kept_once_with_the_most_votes() -> None:
    found = validate([pair("a"), pair("b", votes_a=2), pair("c")], (), Limits())
    assert [one.key for one in found.pairs] == ["b"]
    assert [(one.key, one.reason, one.detail) for one in found.aside] == [
        ("a", "duplicate", "b"),
        ("c", "duplicate", "b"),
    ]


def test_a_swapped_pair_with_the_same_winner_is_a_duplicate_and_with_another_a_contradiction() -> None:
    first = pair("a")
    same = pair("b", text_a=first.text_b, text_b=first.text_a, outcome="b")
    other = pair("c", text_a=first.text_b, text_b=first.text_a, outcome="a")
    assert reasons(first, same) == {"duplicate": 1}
    assert reasons(first, other) == {"contradiction": 2}, "neither is believed"
    assert reasons(first, pair("d", outcome="tie")) == {"contradiction": 2}
    assert reasons(first, replace(other, criterion="style")) == {}, "another question is another matter"


def test_ties_stand_apart() -> None:
    found = validate(
        [pair("a"), pair("b", outcome="tie", prompt="Вторая"), pair("c", outcome="both_bad", prompt="Третья")],
        (),
        Limits(),
    )
    assert ([one.key for one in found.pairs], [one.key for one in found.ties]) == (["a"], ["b", "c"])


def test_labels_are_looked_at_in_the_same_way() -> None:
    label = Label("l1", "Напиши", "g", LONG, True, decision=1, language="ru")
    found = validate((), [label, replace(label, key="l2"), replace(label, key="l3", text="")], Limits())
    assert [one.key for one in found.labels] == ["l1"]
    assert found.reasons == {"duplicate": 1, "empty_side": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Артикул 4601234567890",
        "Состав: 1-2-3",
        "Размер 100 200 300",
        "Код 1234 5678 9012 3456",
        "ГОСТ 8 509-93",
        "@koton",
    ],
)
def test_numbers_of_goods_are_no_personal_data(text: str) -> None:
    assert personal_data(text) == ""


def test_a_card_number_is_known_by_its_check_digit() -> None:
    assert personal_data("4111 1111 1111 1111") == "a card number"


WORDS = st.sampled_from(["хлопок", "платье", "Платье", "синее", "", " ", "a@b.ru", "dress"])
TEXT = st.lists(WORDS, max_size=4).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT, st.sampled_from(["a", "b", "tie", "both_bad", "split"])), max_size=15))
def test_every_row_comes_out_once(rows: list[tuple[str, str, str, str]]) -> None:
    pairs = [
        pair(f"k{n}", prompt=prompt, prompt_group=prompt, text_a=a, text_b=b, outcome=outcome, language="")
        for n, (prompt, a, b, outcome) in enumerate(rows)
    ]
    found = validate(pairs, (), Limits())
    out = [one.key for one in (*found.pairs, *found.ties, *found.aside)]
    assert sorted(out) == sorted(one.key for one in pairs)
    assert set(found.reasons) <= set(REASONS)
    kept = {
        (one.prompt_group, frozenset((one.text_a.strip(), one.text_b.strip()))) for one in (*found.pairs, *found.ties)
    }
    assert len(kept) == len(found.pairs) + len(found.ties)


def test_answers_to_different_prompts_of_one_group_contradict_nothing() -> None:
    found = validate([pair("a"), pair("b", prompt="Напиши описание", outcome="b")], (), Limits())
    assert [one.key for one in found.pairs] == ["a", "b"]


def test_a_language_of_which_nothing_is_known_sets_nothing_aside() -> None:
    latin = {"text_a": "Ein Kleid aus dichter Baumwolle, gefüttert, mit zwei Taschen und langen Ärmeln",
             "text_b": "Ein schönes Kleid für größere Anlässe, übrigens günstig und täglich tragbar"}  # fmt: skip
    assert reasons(pair("a", language="de", **latin), pair("b", language="kk")) == {}
