"""Means, intervals and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulation import report
from simulation.measures import Mean, differences, mean_of
from simulation.plan import Record, Size
from simulation.reading import ROUND_1, ROUND_2, Texts


def test_a_mean_lies_in_its_interval_and_comes_again() -> None:
    values = np.random.default_rng(1).normal(2.0, 1.0, 300).tolist()
    one = mean_of(values)
    assert one == mean_of(values)
    assert one.low < one.mean < one.high
    assert one.high - one.low == pytest.approx(2 * 1.96 / 300**0.5, rel=0.15)


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="nothing"):
        mean_of([])


def test_differences_are_taken_product_by_product() -> None:
    apart = np.random.default_rng(0).normal(0, 5, 200)
    points = {"one": (apart + 0.5).tolist(), "other": apart.tolist()}
    found = differences(points, [("one", "other"), ("one", "missing")])
    assert list(found) == ["one − other"]
    assert found["one − other"].apart_from_zero
    assert found["one − other"].low == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("interval", "words"),
    [((0.3, 0.1, 0.5), "is better"), ((0.1, -0.1, 0.3), "NOT SHOWN"), ((-0.3, -0.5, -0.1), "WORSE")],
)
def test_the_end_says_plainly_what_was_shown(interval: tuple[float, float, float], words: str) -> None:
    one = Mean(*interval, 100)
    result = {"differences": {report.MAIN: one.as_dict() | {"excludes_zero": one.apart_from_zero}}}
    assert words in report.verdict(result)


def test_only_products_that_every_way_has_a_text_for_are_measured() -> None:
    texts = Texts({1: {"Цвет": "синий"}, 2: {}}, {ROUND_1: {1: "а.", 2: "б."}, ROUND_2: {1: "в."}, "none": {}})
    products, points = texts.points()
    assert products == [1]
    assert sorted(points) == sorted([ROUND_1, ROUND_2])


def test_a_record_that_was_cut_off_is_none(tmp_path: Path) -> None:
    record = Record(tmp_path / "loop.json", Size(products=60))
    record.finish("goods", {"seconds": 2.0})
    known = Record.load(tmp_path)
    assert known is not None
    assert known.size == Size(products=60)
    assert known.done == {"goods": {"seconds": 2.0}}
    record.path.write_text(record.path.read_text()[:40])
    assert Record.load(tmp_path) is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"failed": "There is no SFT model yet.", "passed": False, "refused": []}, "not trained: There is no SFT"),
        ({"passed": True, "refused": []}, "let the policy through"),
        ({"passed": False, "refused": ["does_not_repeat"]}, "refused the policy (does_not_repeat)"),
    ],
)
def test_the_end_says_what_became_of_the_policy(told: dict[str, object], words: str) -> None:
    assert words in report.policy_verdict(told)
