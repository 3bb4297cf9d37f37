"""Figures of a policy beside the SFT model and the best of n of its texts."""

import json

import numpy as np
import pytest

from tests.policy.planted import Counting, Different, babbling, better, same, samples, written
from vitrina.errors import PermanentError
from vitrina.policy.evaluation import Samples, judge, summary
from vitrina.policy.plots import draw
from vitrina.policy.texts import in_language_of, outside, repetition

REWARD, JUDGE = Counting("стали"), Different()


def report(policy, **more):
    return judge(samples(policy, **more), REWARD, JUDGE, leaked=0)


def test_a_better_policy_wins_and_the_same_one_does_not():
    won, equal = (report(policy)["writers"]["policy"]["judge_win"] for policy in (better, same))
    assert won["low"] > 0.8
    assert equal["low"] < 0.5 < equal["high"]
    assert won["n"] + won["equal"] == 120


def test_the_best_of_n_stands_beside_it_and_is_chosen_by_the_reward_model():
    found = report(same)
    assert found["best_of"] == 4
    assert found["writers"]["best_of_n"]["reward"]["mean"] > found["writers"]["sft"]["reward"]["mean"]
    assert 0 <= found["over_best_of_n"]["share"] <= 1


def test_the_score_that_is_optimised_praises_what_is_worthless():
    found = report(babbling)
    assert found["length_ratio"] > 3
    assert found["writers"]["policy"]["clipped"]["share"] == 1
    assert found["writers"]["policy"]["repetition"]["mean"] > 0.5
    assert found["writers"]["policy"]["judge_win"]["low"] > 0.9


def test_distance_is_of_all_tokens_and_may_be_missing():
    assert report(better, divergence=0.25)["kl_per_token"]["mean"] == pytest.approx(0.25)
    made = samples(better)
    without = Samples(made.prompts, made.sft, made.policy)
    assert judge(without, REWARD, JUDGE, leaked=0)["kl_per_token"] is None


def test_the_report_is_json_and_the_same_twice(tmp_path):
    once, twice = (json.dumps(report(better), ensure_ascii=False, allow_nan=False) for _ in range(2))
    assert once == twice
    assert summary(json.loads(once))["n_prompts"] == 120


def test_plots_are_drawn_with_and_without_a_curve(tmp_path):
    found = report(better)
    assert {path.name for path in draw(found, tmp_path)} == {"wins.png", "rewards.png", "texts.png"}
    found["curve"] = [{"step": 1, "reward": 0.1, "kl": 0.0}, {"step": 2, "reward": 0.4}]
    assert "curve.png" in {path.name for path in draw(found, tmp_path)}
    assert all(path.stat().st_size < 50_000 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "empty",
    [Samples([], [], []), Samples(["a"], [[written("б")]], [written("в")]), Samples(["a"], [[]], [written("в")])],
)
def test_nothing_to_compare_with_is_said(empty):
    with pytest.raises(PermanentError):
        judge(empty, REWARD, JUDGE, leaked=0)


@pytest.mark.parametrize(
    ("said", "share"),
    [("", 0), ("два слова", 0), ("раз два три четыре", 0), ("раз два три. Раз, два — три!", 0.25), ("да " * 10, 0.875)],
)
def test_repetition_counts_runs_of_three_words(said, share):
    assert repetition(said) == pytest.approx(share)


def test_language_is_that_of_the_prompt_whatever_the_goods_are_called():
    asked = "Напиши короткую карточку товара.\nНазвание: Bepanthen Derma Moisturising Body Lotion 400 ml"
    assert in_language_of(asked, "Лосьон для тела Bepanthen, 400 мл.")
    assert not in_language_of(asked, "A lotion for the body.")
    assert in_language_of("Write a short product card.\nTitle: Kettle", "A kettle of steel.")
    assert not in_language_of(asked, "12 34")


def test_texts_of_one_score_are_equal_and_decide_nothing():
    flat = Counting("нигде")
    won = judge(samples(better), REWARD, flat, leaked=0)["writers"]["policy"]["judge_win"]
    assert (won["n"], won["equal"], won["share"]) == (0, 120, None)
    assert np.isfinite(judge(samples(better), flat, JUDGE, leaked=0)["writers"]["sft"]["reward"]["mean"])


@pytest.mark.parametrize(
    ("length", "cut", "loss"),
    [
        (160, False, 0),
        (380, False, 0),
        (200, True, 1),
        (80, False, 0.5),
        (0, False, 1),
        (760, False, 2),
        (760, True, 2),
    ],
)
def test_a_text_that_could_not_be_used_costs_more_the_further_it_is(length, cut, loss):
    assert outside("а" * length, cut=cut, shortest=160, longest=380) == pytest.approx(loss)


def test_without_bounds_only_cut_texts_cost():
    assert outside("а" * 9_000, cut=False, shortest=0, longest=0) == 0
    assert outside("", cut=True, shortest=0, longest=0) == 1
