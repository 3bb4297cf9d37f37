"""The report: its figures by hand, its baselines, and what it says of models that only look good."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.reward.made import PROMISED, made, pairs, write
from vitrina.errors import PermanentError
from vitrina.preferences.formats import Choice, PreferenceRow, load
from vitrina.reward import items, measures
from vitrina.reward.evaluation import evaluate
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, RewardModel
from vitrina.reward.plots import draw

DATA = {"n_pairs": 1, "folds": {}, "data_version": ""}


class ByLength:
    """Counts characters."""

    def scores(self, prompts, answers):
        return np.asarray([len(answer) for answer in answers], dtype=float)


class Constant:
    """Says the same to everything."""

    def scores(self, prompts, answers):
        return np.zeros(len(answers))


def as_model(scorer):
    return RewardModel(scorer, 1.0, {"kind": "planted", "data": DATA})


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    learned = load([made(folder, 600)])
    model = train(learned, Plan(folder / "model", ModelKind.LINEAR))
    test = load([made(folder, 300, seed=1, ties=0.2)])
    return model, test, learned, evaluate(model, test, learned, curve=False)


def test_the_report_has_all_that_is_promised(judged):
    _, test, learned, report = judged
    assert set(report) >= PROMISED
    assert report["n_train"] == len(learned.decided)
    assert report["n_test"] == len(test.decided)
    assert set(report["baselines"]) == {"length", "surface", "tfidf_word", "tfidf_char"}
    for baseline in report["baselines"].values():
        assert baseline["accuracy_low"] <= baseline["accuracy"] <= baseline["accuracy_high"]
        assert 0 <= baseline["mcnemar_p"] <= 1
    json.dumps(report, allow_nan=False)


def test_a_learned_model_beats_length_and_ties_with_its_own_kind(judged):
    report = judged[3]
    assert report["accuracy_low"] > 0.85
    assert report["baselines"]["length"]["mcnemar_p"] < 0.01
    same = report["baselines"]["tfidf_char"]
    assert (same["mcnemar_p"], same["difference"], same["same_kind"]) == (1.0, 0.0, True)
    assert report["antisymmetry_error"] == 0
    assert report["ece_calibrated"] < 0.1


def test_ties_and_both_bad_are_measured_apart(judged):
    _, test, _, report = judged
    ties = report["ties"]
    assert ties["n"] == len(test.rows) - len(test.decided) == ties["tie"] + ties["both_bad"]
    assert ties["tie"] > 0 < ties["both_bad"]


def test_groups_are_told_apart(judged):
    by = judged[3]["by"]
    assert set(by["category"]) == {"дом", "одежда"}
    assert list(by["language"]) == ["ru"]
    assert sum(each["n"] for each in by["category"].values()) == judged[3]["n_test"]


def test_pairs_that_were_trained_on_are_found(judged):
    model, _, learned, _ = judged
    report = evaluate(model, learned)
    assert report["leaked"]["pairs"] == report["n_test"] == 600
    assert any("trained on" in note for note in report["notes"])


def test_a_prompt_is_known_whatever_its_group_is_called_and_by_its_near_duplicate(tmp_path):
    records = pairs(300, 5)
    for number, record in enumerate(records):
        record["prompt"] = " ".join(f"слово{number * 20 + place}" for place in range(20))
        record["group"] = f"g{number}"
    learned = load([write(tmp_path / "train.jsonl", records)])
    model = train(learned, Plan(tmp_path / "model", ModelKind.LINEAR))
    same = [{name: value for name, value in record.items() if name != "group"} for record in records[:60]]
    near = [record | {"prompt": f"{record['prompt']} ещё", "group": "another"} for record in records[60:90]]
    asked_anew = [record | {"prompt": f"Иначе {place}", "group": ""} for place, record in enumerate(records[90:110])]
    test = load([write(tmp_path / "test.jsonl", [*same, *near, *pairs(30, 6), *asked_anew])])
    assert evaluate(model, test)["leaked"]["pairs"] == 60
    report = evaluate(model, test, learned, curve=False)
    assert report["leaked"] == {"pairs": 90, "groups": 61, "near": 30, "answers": 20}
    assert any("90 of 140" in note and "30 of them a near-duplicate" in note for note in report["notes"])
    assert any("20 test pairs have the two answers of a training pair" in note for note in report["notes"])


def test_files_of_one_name_are_not_mixed_up(tmp_path):
    def items(seed):
        answers = [f"Ответ {seed} {place}" for place in range(4)]
        return [
            {"id": f"ref:{n}", "prompt": f"Вопрос {seed} {n}", "chosen": [answers[0]], "rejected": answers[1:]}
            for n in range(40)
        ]

    files = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        files.append(write(tmp_path / str(seed) / "test.jsonl", items(seed)))
    report = evaluate(as_model(ByLength()), load(files))
    assert report["best_of"]["4"]["n"] == 80


def test_baselines_of_other_data_are_called_so(judged, tmp_path):
    model, test, _, _ = judged
    report = evaluate(model, test, load([made(tmp_path, 300, seed=9)]), curve=False)
    assert any("other data" in note for note in report["notes"])


def test_a_model_that_counts_characters_is_unmasked_by_balance(tmp_path):
    test = load([made(tmp_path, 400, seed=3, judge="longer")])
    report = evaluate(as_model(ByLength()), test)
    assert report["accuracy"] == 1.0
    records = pairs(400, 3, judge="longer")
    for place, record in enumerate(records):
        if place % 3 == 0:
            record["preferred"] = "b" if record["preferred"] == "a" else "a"
    report = evaluate(as_model(ByLength()), load([write(tmp_path / "mixed.jsonl", records)]))
    assert report["accuracy_low"] > 0.5
    assert report["length"]["balanced_accuracy"] == 0.5
    assert any("only measure length" in note for note in report["notes"])
    assert report["length"]["spearman_margin_length"] == pytest.approx(1.0)


def test_a_constant_model_is_never_right(tmp_path):
    report = evaluate(as_model(Constant()), load([made(tmp_path, 100, seed=3)]))
    assert (report["accuracy"], report["equal_scores"]) == (0.0, 100)
    assert report["length"]["spearman_margin_length"] is None
    assert any("not shown to be above chance" in note for note in report["notes"])


def test_where_length_beats_words_the_report_says_so(tmp_path):
    learned = load([made(tmp_path, 150, judge="longer")])
    model = train(learned, Plan(tmp_path / "model", ModelKind.LINEAR))
    report = evaluate(model, load([made(tmp_path, 300, seed=1, judge="longer")]), learned, curve=False)
    assert any("Counting characters" in note for note in report["notes"])
    assert any("The baseline length is better" in note for note in report["notes"])


def test_no_decided_pair_is_an_error_that_counts(tmp_path):
    with pytest.raises(PermanentError, match="no decided pair"):
        evaluate(as_model(Constant()), load([made(tmp_path, 20, ties=1.0)]))


def row(a: str, b: str, choice: Choice = Choice.A, item: str = "x") -> PreferenceRow:
    return PreferenceRow(prompt="p", a=a, b=b, choice=choice, item=item)


def test_the_best_of_four_is_right_when_it_beats_all_three():
    rows = [row("best", other) for other in ("one", "two", "three")]
    scores = {("p", "best"): 3.0, ("p", "one"): 2.0, ("p", "two"): 1.0, ("p", "three"): 0.0}
    assert best(rows, scores)["4"]["accuracy"] == 1.0
    assert best(rows, scores | {("p", "three"): 4.0})["4"]["accuracy"] == 0.0
    assert best(rows, scores | {("p", "three"): 3.0})["4"]["accuracy"] == 0.0
    assert best(rows, scores)["4"]["chance"] == 0.25


def best(rows, scores):
    return items.best_of(items.found_items(rows, scores))


@pytest.mark.parametrize(
    "rows",
    [
        [row("a", "b"), row("b", "c"), row("c", "a")],
        [row("a", "b", Choice.TIE), row("a", "c", Choice.TIE), row("b", "c", Choice.BOTH_BAD)],
        [row("a", "b"), row("b", "c")],
        [row("a", "b")],
    ],
    ids=["a circle", "all tied", "not compared", "a pair"],
)
def test_items_without_an_answer_that_beats_the_others_are_not_counted(rows):
    assert items.found_items(rows, {("p", name): 0.0 for name in "abc"}) == []


def test_several_right_answers_are_counted_apart():
    tied = [row("a", "b", Choice.TIE), row("a", "c"), row("b", "c")]
    for scores, first, above, even in (((3, 2.5, 0), 1, 1, 1), ((3, 1, 0), 1, 1, 0), ((3, 0, 1), 1, 0, 0)):
        found = items.found_items(tied, {("p", name): score for name, score in zip("abc", scores, strict=True)})
        assert items.best_of(found) == {}
        several = items.several_right(found)
        assert [several[name]["accuracy"] for name in ("first", "all_above", "even")] == [first, above, even]
        assert several["first"]["chance"] == pytest.approx(2 / 3)
    assert items.several_right([]) is None


def test_rows_of_rewardbench_2_give_its_ties_score(tmp_path):
    """By hand: two questions; gaps 1 and 2 (ref), 2 and -1 (tied); spreads 1 and 1."""
    answers = {"Красный": 3.0, "Синий": 2.0, "Стол": 0.0, "Стул": -1.0}
    records = [
        {"id": "ref:0", "subset": "Ties", "prompt": "Цвет неба?", "chosen": ["Синий"], "rejected": ["Стол", "Стул"]},
        {"id": "tied:0", "subset": "Ties", "prompt": "Назови цвет", "chosen": ["Красный", "Синий"],
         "rejected": ["Стол", "Стул"]},
        {"id": "ref:1", "subset": "Ties", "prompt": "Цвет огня?", "chosen": ["Красный"], "rejected": ["Стол", "Стул"]},
        {"id": "tied:1", "subset": "Ties", "prompt": "Назови", "chosen": ["Стол", "Стул"], "rejected": ["Синий"]},
        {"id": "7", "subset": "Math", "prompt": "2+2", "chosen": ["Красный"],
         "rejected": ["Синий", "Стол", "Стул"]},
    ]  # fmt: skip

    class Known:
        def scores(self, prompts, given):
            return np.asarray([answers[each] for each in given])

    report = evaluate(as_model(Known()), load([write(tmp_path / "rb2.jsonl", records)]))
    ties = report["rewardbench_ties"]
    assert (ties["n"], ties["ref"]["accuracy"], ties["tied"]["accuracy"]) == (2, 1.0, 0.5)
    assert (ties["correctness_preferred"], ties["correctness_preferred_hard"]) == (0.5, 0.5)
    expected = 0.3 * 0.5 + 0.3 + 0.2 * 0.5 + 0.2 * 0.5 + 0.01 * (np.tanh(2 - 1) + np.tanh(-3 - 1)) / 2
    assert ties["score"] == pytest.approx(expected)
    assert report["best_of"]["4"]["n"] == report["best_of_by_subset"]["Math"]["n"] == 1
    assert report["best_of_by_subset"]["Ties"]["n"] == 2
    assert report["several_right"]["n"] == 2
    json.dumps(report, allow_nan=False)


def test_right_answers_with_one_score_are_as_even_as_can_be():
    same = [items.Item(3, 2, True, 1.0, 0.0, "Ties", "tied:a"), items.Item(3, 1, True, 1.0, 0.0, "Ties", "ref:a")]
    assert items.rewardbench_ties(same)["score"] == pytest.approx(1.01)


def test_two_models_are_compared_on_the_pairs_in_which_they_differ():
    ours, theirs = np.asarray([1.0] * 10 + [-1.0] * 2), np.asarray([-1.0] * 8 + [1.0] * 4)
    found = measures.compared(ours, theirs)
    assert (found["only_model"], found["only_baseline"]) == (8, 2)
    assert found["mcnemar_p"] == pytest.approx(2 * sum([1, 10, 45]) / 1024)
    assert found["difference"] == 0.5
    assert measures.compared(ours, ours)["mcnemar_p"] == 1.0


@pytest.mark.parametrize("form", ["svg", "png"])
def test_plots_are_drawn_and_names_are_not_read_as_formulas(judged, tmp_path, form):
    report = judged[3] | {
        "by": {
            "category": {
                "$\\frac{": measures.share(np.ones(3, dtype=bool)),
                "<b>": measures.share(np.ones(3, dtype=bool)),
            }
        }
    }
    files = draw(report, tmp_path, form)
    assert {path.stem for path in files} == {"accuracy", "reliability", "length", "groups", "margins"}
    assert all(path.stat().st_size > 3_000 for path in files)
    if form == "svg":
        assert "<b>" not in (tmp_path / "groups.svg").read_text()
        first = (tmp_path / "groups.svg").read_bytes()
        draw(report, tmp_path, form)
        assert (tmp_path / "groups.svg").read_bytes() == first


@pytest.mark.parametrize("name", ["llmbar_instruction_following", "qa_feedback_4way"])
def test_the_shared_files_of_other_kinds_are_judged(shared_data: Path, tmp_path, name):
    loaded = load([shared_data / "preferences" / f"{name}.jsonl"])
    report = evaluate(as_model(ByLength()), loaded)
    assert report["n_test"] == len(loaded.decided)
    assert ("4" in report["best_of"]) == (name == "qa_feedback_4way")
