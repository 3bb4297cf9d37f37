"""Files to examples and prompts; folds and held-out prompts that do not meet."""

import json

import pytest

from tests.reward.made import made, write
from vitrina.errors import PermanentError
from vitrina.policy.examples import MIN_EXAMPLES, folds_of, read_examples
from vitrina.policy.prompts import ordered, parted


def lines(path, rows):
    return write(path, rows)


def test_the_preferred_side_is_the_example(tmp_path):
    found = read_examples([made(tmp_path, 150)])
    assert len(found.rows) == len(found.pairs) == len(found.prompts) == 150
    assert [row.chosen for row in found.rows] == [row.chosen for row in found.pairs]


def test_undecided_pairs_give_prompts_and_no_examples(tmp_path):
    found = read_examples([made(tmp_path, 200, ties=0.5)])
    assert len(found.prompts) == 200
    assert 50 < len(found.rows) < 150


def test_prompt_and_text_are_examples_and_prompts_alone_are_prompts(tmp_path):
    texts = lines(tmp_path / "texts.jsonl", [{"prompt": f"Чайник {n}", "text": f"Текст {n}"} for n in range(5)])
    other = lines(tmp_path / "other.jsonl", [{"prompt": "Лампа", "completion": "Светит."}])
    alone = lines(tmp_path / "alone.jsonl", [{"prompt": f"Куртка {n}"} for n in range(3)])
    found = read_examples([texts, other, alone])
    assert (len(found.rows), len(found.prompts), len(found.pairs)) == (6, 9, 0)


def test_what_cannot_be_used_is_counted_and_what_repeats_counts_once(tmp_path):
    rows = [
        {"prompt": "Чайник", "text": "Греет воду."},
        {"prompt": "Чайник", "text": "Греет воду."},
        {"prompt": "Чайник", "text": " "},
        {"prompt": "", "text": "Греет."},
        {"prompt": "Лампа", "text": 7},
    ]
    found = read_examples([lines(tmp_path / "rows.jsonl", rows)])
    assert (len(found.rows), found.repeated) == (1, 1)
    assert found.set_aside == {"empty_answer": 1, "empty_prompt": 1, "not_text": 1}
    assert json.dumps(found.described())


def test_too_few_examples_say_how_many_are_missing(tmp_path):
    found = read_examples([made(tmp_path, 40)])
    with pytest.raises(PermanentError, match=f"{MIN_EXAMPLES - 40} more are needed"):
        folds_of(found, 0)
    one = lines(tmp_path / "one.jsonl", [{"prompt": "Чайник", "text": f"Текст {n}"} for n in range(120)])
    with pytest.raises(PermanentError, match="1 different prompts; 9 more"):
        folds_of(read_examples([one]), 0)


def test_a_file_of_no_known_kind_is_named(tmp_path):
    with pytest.raises(PermanentError, match=r"odd\.jsonl"):
        read_examples([lines(tmp_path / "odd.jsonl", [{"name": "Чайник"}])])


def test_prompts_that_are_judged_on_are_not_learned_on(tmp_path):
    examples = read_examples([made(tmp_path, 300)])
    folds = folds_of(examples, 0)
    found = parted(examples, None, folds.groups, 0, 200)
    assert not set(found.train) & set(found.held)
    assert found.leaked == 0
    learned = {row.prompt for row in folds.folds["train"]}
    assert not learned & set(found.held)
    assert len(found.train) + len(found.held) == 300


def test_held_out_files_are_taken_as_they_are_and_leaks_are_counted(tmp_path):
    examples, test = read_examples([made(tmp_path, 300)]), read_examples([made(tmp_path, 60, seed=1)])
    clean = parted(examples, test, folds_of(examples, 0).groups, 0, 50)
    assert (len(clean.held), clean.leaked, len(clean.train)) == (50, 0, 300)
    same = parted(read_examples([made(tmp_path, 300), made(tmp_path, 60, seed=1)]), test, {}, 0, 50)
    assert not set(same.train) & set(same.held)
    taught = dict.fromkeys(test.prompts.values(), "train")
    assert parted(examples, test, taught, 0, 50).leaked == 50


def long(number, end):
    """A prompt of many words of its own."""
    return " ".join([*(f"слово{number}и{place}" for place in range(30)), end])


def test_near_duplicates_of_what_is_judged_on_are_not_learned_on(tmp_path):
    learned = [{"prompt": long(number, "чайник"), "text": f"Текст {number}"} for number in range(12)]
    asked = [{"prompt": long(number, "чайника")} for number in range(8)]
    examples = read_examples([lines(tmp_path / "learned.jsonl", learned)])
    test = read_examples([lines(tmp_path / "asked.jsonl", asked)])
    found = parted(examples, test, dict.fromkeys(examples.prompts.values(), "train"), 0, 5)
    assert sorted(found.train) == sorted(long(number, "чайник") for number in range(8, 12))
    assert (len(found.held), found.leaked) == (5, 5)
    assert {examples.prompts[long(number, "чайник")] for number in range(8)} <= {
        group for group, fold in found.groups.items() if fold == "held_out"
    }
    new = parted(examples, None, {examples.prompts[long(0, "чайник")]: "train"}, 0, 50)
    assert long(0, "чайник") in new.train
    assert len(new.held) == 11
    both = read_examples([tmp_path / "learned.jsonl", tmp_path / "asked.jsonl"])
    assert len(parted(both, None, {both.prompts[long(0, "чайник")]: "train"}, 0, 50).held) == 18


def test_one_prompt_in_two_groups_ties_them_together(tmp_path):
    rows = [
        {"prompt": prompt, "text": f"Текст {number}", "group": group}
        for number, (prompt, group) in enumerate([("Чайник", "x"), ("Чайник", "y"), ("Лампа", "y"), ("Куртка", "z")])
    ]
    found = parted(read_examples([lines(tmp_path / "rows.jsonl", rows)]), None, {"x": "train"}, 0, 50)
    assert sorted(found.train) == ["Лампа", "Чайник"]
    assert found.held == ("Куртка",)


def test_nothing_left_is_said(tmp_path):
    examples = read_examples([made(tmp_path, 120)])
    with pytest.raises(PermanentError, match="--test"):
        parted(examples, None, dict.fromkeys(examples.prompts.values(), "train"), 0, 50)


def test_the_order_is_long_enough_repeats_itself_and_takes_each_once_a_turn():
    found = ordered(list(range(10)), 25, seed=3)
    assert found == ordered(list(range(10)), 25, seed=3)
    assert sorted(found[:10]) == sorted(found[10:20]) == list(range(10))
    assert found[:10] != found[10:20]
    assert found != ordered(list(range(10)), 25, seed=4)
