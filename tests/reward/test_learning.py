"""The learning curve: nested shares by prompt, honest intervals, and the right sentence for each slope."""

import itertools
import json
import random

import numpy as np
import pytest

from tests.reward.made import made
from vitrina.preferences.formats import Choice, PreferenceRow, load
from vitrina.reward.baselines import Fitted
from vitrina.reward.learning import SHARES, _clusters, _cut, learning_curve
from vitrina.reward.pairs import trainable
from vitrina.reward.plots import draw
from vitrina.reward.splits import split


class Guess:
    """Right with a given chance; models with the same `salt` are wrong about the same pairs."""

    def __init__(self, chance, salt):
        self.chance, self.salt = chance, salt

    def scores(self, prompts, answers):
        lucky = [self._luck(prompt) < self.chance for prompt in prompts]
        good = [each.startswith("good") for each in answers]
        return np.asarray([one == other for one, other in zip(good, lucky, strict=True)], dtype=float)

    def _luck(self, prompt):
        return random.Random(f"{prompt} {self.salt}").random()


def learner(begin, gain, fickle=False):
    numbers = itertools.count()

    def fit(cut):
        pairs = sum(map(len, cut.folds.values()))
        return Fitted(Guess(begin + gain * np.log2(pairs / 100), next(numbers) if fickle else 0), 1.0, {})

    return fit


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    return split(trainable(load([made(tmp_path_factory.mktemp("curve"), 600)])))


def pairs_of(count):
    return [PreferenceRow(prompt=f"p{n}", a=f"good {n}", b=f"bad {n}", choice=Choice.A) for n in range(count)]


def test_smaller_shares_lie_within_larger_ones_and_keep_their_folds(learned):
    cluster = _clusters(learned)
    for seed in (0, 1):
        cuts = [_cut(learned, cluster, share, seed) for share in SHARES]
        for smaller, larger in itertools.pairwise(cuts):
            assert smaller.groups.items() <= larger.groups.items()
        assert cuts[-1].groups == learned.groups
        assert cuts[-1].folds == dict(learned.folds)
    assert _cut(learned, cluster, 0.25, 0).groups != _cut(learned, cluster, 0.25, 1).groups


@pytest.mark.parametrize(
    ("gain", "count", "verdict", "words"),
    [
        (0.06, 1_500, "helps", "more pairs would help"),
        (0.0, 1_500, "hardly", "hardly help"),
        (0.012, 60, "open", "not shown"),
    ],
)
def test_the_sentence_follows_from_the_slope(learned, gain, count, verdict, words):
    found = learning_curve(learned, pairs_of(count), learner(0.6, gain, fickle=verdict == "open"))
    assert found["verdict"] == verdict
    assert words in found["said"]
    assert found["gain_low"] <= found["gain"] <= found["gain_high"]
    assert found["gain"] == pytest.approx(gain, abs=0.02 if count > 100 else 0.2)


def test_a_rubric_is_learned_better_from_more_pairs(learned, tmp_path):
    test = load([made(tmp_path, 200, seed=5)]).decided
    found = learning_curve(learned, test)
    assert [point["share"] for point in found["points"]] == list(SHARES)
    assert found["points"][-1]["pairs"] == 600
    assert found["points"][0]["accuracy"] < found["points"][-1]["accuracy"]
    for point in found["points"]:
        assert point["accuracy_low"] <= point["accuracy"] <= point["accuracy_high"]
    assert len(found["points"][0]["draws"]) == 3
    assert found == learning_curve(learned, test)
    json.dumps(found, allow_nan=False)


def test_few_pairs_get_no_curve_but_a_sentence(tmp_path):
    few = split(trainable(load([made(tmp_path, 110)])))
    found = learning_curve(few, pairs_of(50))
    assert (found["points"], found["verdict"]) == ([], "too_few")
    assert "110 training pairs are too few" in found["said"]


def test_the_curve_is_in_the_report_and_drawn(tmp_path):
    from vitrina.reward.evaluation import evaluate
    from vitrina.reward.fitting import Plan, train
    from vitrina.reward.models import ModelKind

    rows = load([made(tmp_path, 200)])
    test = load([made(tmp_path, 100, seed=1)])
    model = train(rows, Plan(tmp_path / "model", ModelKind.LINEAR))
    report = evaluate(model, test, rows)
    whole = report["learning_curve"]["points"][-1]
    assert whole["accuracy"] == pytest.approx(report["accuracy"])
    assert "learning_curve.svg" in {path.name for path in draw(report, tmp_path / "plots")}
    assert evaluate(model, test, rows, curve=False)["learning_curve"] is None
    assert evaluate(model, test)["learning_curve"] is None
