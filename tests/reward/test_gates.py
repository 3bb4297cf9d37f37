"""The gate: good models pass, planted bad ones do not, each for its own reason."""

import numpy as np
import pytest

from tests.reward.made import made, pairs, write
from vitrina.preferences.formats import load
from vitrina.reward import evaluation
from vitrina.reward.fitting import Plan, train
from vitrina.reward.gates import judged, passes
from vitrina.reward.models import ModelKind, RewardModel


class Planted:
    """A scorer made of a plain function."""

    def __init__(self, function):
        self.function = function

    def scores(self, prompts, answers):
        return np.asarray(self.function(prompts, answers), dtype=float)


def evaluate(*what, **more):
    """Without the learning curve, which no rule reads."""
    return evaluation.evaluate(*what, curve=False, **more)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Preferences that follow the rubric, and length a little: longer wins more often than not."""
    folder = tmp_path_factory.mktemp("gates")

    def mixed(count, seed):
        rubric, longer = pairs(count, seed), pairs(count, seed + 50, judge="longer")
        return [one if place % 3 else other for place, (one, other) in enumerate(zip(rubric, longer, strict=True))]

    learned, test = write(folder / "train.jsonl", mixed(900, 0)), write(folder / "test.jsonl", mixed(500, 100))
    model = train(load([learned]), Plan(folder / "model", ModelKind.LINEAR))
    return load([learned]), load([test]), model


def broken(report):
    return {rule.name for rule in judged(report) if not rule.passed}


def with_scorer(model, function):
    return RewardModel(Planted(function), 1.0, model.manifest, model.folder)


def test_a_model_that_learned_the_rubric_passes(world):
    learned, test, model = world
    assert broken(evaluate(model, test, learned)) == set()
    assert passes(judged(evaluate(model, test, learned)))


def test_a_constant_model_is_rejected(world):
    learned, test, model = world
    report = evaluate(with_scorer(model, lambda prompts, answers: [0.0] * len(answers)), test, learned)
    assert {"accuracy", "balanced_accuracy"} <= broken(report)


def test_a_model_that_only_counts_characters_is_rejected_though_it_is_above_chance(world):
    learned, test, model = world
    report = evaluate(with_scorer(model, lambda prompts, answers: [len(each) / 40 for each in answers]), test, learned)
    assert report["accuracy_low"] > 0.5
    assert "balanced_accuracy" in broken(report)


def test_a_sign_flipped_model_is_rejected(world):
    learned, test, model = world
    report = evaluate(with_scorer(model, lambda *texts: -model.raw.scores(*texts)), test, learned)
    assert {"accuracy", "balanced_accuracy", "not_worse_than_baselines", "better_than_a_coin"} <= broken(report)


def test_a_model_that_was_trained_on_the_test_split_is_rejected(world, tmp_path):
    _, test, _ = world
    cheat = train(test, Plan(tmp_path / "cheat", ModelKind.LINEAR))
    report = evaluate(cheat, test, test)
    assert report["accuracy_low"] > 0.8
    assert "nothing_leaked" in broken(report)


def test_a_model_that_is_far_too_sure_is_rejected(world):
    learned, test, model = world
    report = evaluate(with_scorer(model, lambda *texts: 30 * model.raw.scores(*texts)), test, learned)
    assert "calibrated" in broken(report)


def test_a_model_without_baselines_is_not_promoted(world):
    _, test, model = world
    assert broken(evaluate(model, test)) == {"not_worse_than_baselines"}


def test_a_champion_is_not_replaced_by_a_worse_one(world, tmp_path):
    learned, test, model = world
    few = load([made(tmp_path, 110, seed=31)])
    worse = train(few, Plan(tmp_path / "worse", ModelKind.LINEAR))
    report = evaluate(worse, test, few, champion=model)
    assert report["champion"]["n"] == len(test.decided)
    assert "not_worse_than_champion" in broken(report)
    again = evaluate(model, test, learned, champion=model)
    assert (again["champion"]["difference"], broken(again)) == (0.0, set())


def test_pairs_that_the_champion_was_trained_on_do_not_count(world, tmp_path):
    learned, test, model = world
    champion = train(test, Plan(tmp_path / "champion", ModelKind.LINEAR))
    report = evaluate(model, test, learned, champion=champion)
    assert report["champion"]["n"] == 0
    assert broken(report) == {"not_worse_than_champion"}
