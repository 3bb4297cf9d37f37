"""Dawid-Skene: right where people are right, robust where some are not, and the same as another implementation."""

from __future__ import annotations

import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.statistics.dawid_skene import dawid_skene

LABELS = ("A", "B", "E")


def crowd(items: int, *, seed: int = 7, careless: int = 2, people: int = 8) -> tuple[dict[int, str], list]:
    """The truth, and three labels an item: the first ``careless`` people answer at random, the next always "A"."""
    rng = random.Random(seed)
    truth = {item: rng.choices(LABELS, [45, 45, 10])[0] for item in range(items)}
    ratings = []
    for item in truth:
        for person in rng.sample(range(people), 3):
            if person < careless:
                label = rng.choice(LABELS)
            elif person == careless:
                label = "A"
            else:
                label = truth[item] if rng.random() < 0.9 else rng.choice(LABELS)
            ratings.append((item, person, label))
    return truth, ratings


def test_bad_annotators_stop_counting_and_the_truth_is_found_more_often_than_by_majority() -> None:
    truth, ratings = crowd(800)
    found = dawid_skene(ratings, LABELS)
    right = sum(found.best(item)[0] == label for item, label in truth.items())
    majority = 0
    for item, label in truth.items():
        given_labels = [got for of, _, got in ratings if of == item]
        majority += max(LABELS, key=given_labels.count) == label
    assert right > majority
    assert found.converged
    assert max(found.accuracy(person) for person in (0, 1, 2)) < 0.6 < min(found.accuracy(p) for p in range(3, 8))


def test_it_agrees_with_another_implementation() -> None:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from crowdkit.aggregation import DawidSkene

        _, ratings = crowd(400)
        theirs = DawidSkene(n_iter=500, tol=1e-9).fit(pd.DataFrame(ratings, columns=["task", "worker", "label"]))
    ours = dawid_skene(ratings, LABELS, smoothing=1e-9)
    labels = theirs.labels_
    assert [item for item in range(400) if ours.best(item)[0] != labels[item]] == []
    probabilities = theirs.probas_[list(LABELS)]
    worst = max(
        abs(ours.posterior[item][place] - probabilities.loc[item, label])
        for item in range(400)
        for place, label in enumerate(LABELS)
    )
    assert worst < 0.03


def test_nothing_labelled_and_unknown_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="Nobody"):
        dawid_skene([], LABELS)
    with pytest.raises(ValueError, match="Unknown labels"):
        dawid_skene([(1, "anna", "C")], LABELS)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.sampled_from(LABELS)), min_size=1, max_size=40))
def test_probabilities_are_probabilities_whatever_people_said(ratings: list[tuple[int, int, str]]) -> None:
    once = {(item, person): label for item, person, label in ratings}
    found = dawid_skene(((item, person, label) for (item, person), label in once.items()), LABELS)
    for row in (*found.posterior.values(), *(line for matrix in found.confusion.values() for line in matrix)):
        assert sum(row) == pytest.approx(1)
        assert all(0 <= value <= 1 for value in row)
