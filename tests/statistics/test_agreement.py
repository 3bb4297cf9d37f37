"""Agreement against the packages that compute it, and against published figures of real annotators."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.statistics.agreement import Agreement, Rating, alpha_of_patterns, fleiss_kappa, krippendorff_alpha
from vitrina.statistics.intervals import Undefined, Why
from vitrina.statistics.kappas import cohen_kappa, cohen_kappas, kappa_of_cells

LABELS = ("A", "B", "E")
tables = st.lists(st.lists(st.sampled_from([*LABELS, None]), min_size=4, max_size=4), min_size=2, max_size=40)


def ratings_of(table: list[list[str | None]]) -> list[Rating]:
    return [
        Rating(item, person, label) for item, labels in enumerate(table) for person, label in enumerate(labels) if label
    ]


@settings(deadline=None)
@given(tables)
def test_alpha_is_what_the_package_krippendorff_gives(table: list[list[str | None]]) -> None:
    import krippendorff

    found = krippendorff_alpha(ratings_of(table), resamples=20)
    data = [
        [np.nan if label is None else LABELS.index(label) for label in person] for person in zip(*table, strict=True)
    ]
    paired = [labels for labels in table if sum(label is not None for label in labels) > 1]
    used = {label for labels in paired for label in labels if label}
    if isinstance(found, Undefined):
        assert len(paired) < 2 or len(used) == 1
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = krippendorff.alpha(
            reliability_data=data, level_of_measurement="nominal", value_domain=range(len(LABELS))
        )
    assert found.estimate == pytest.approx(expected, abs=1e-9)
    assert found.n == len(paired)
    assert found.labels == sum(label is not None for labels in paired for label in labels)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=2, max_size=60))
def test_cohens_kappa_is_what_scikit_learn_gives(pairs: list[tuple[str, str]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    found = cohen_kappa(pairs, minimum=2, resamples=20)
    if isinstance(found, Undefined):
        assert found.why is Why.ONE_LABEL
        assert len({label for pair in pairs for label in pair}) == 1
        return
    expected = cohen_kappa_score([first for first, _ in pairs], [second for _, second in pairs])
    assert found.estimate == pytest.approx(expected, abs=1e-9)
    assert (found.n, found.annotators) == (len(pairs), 2)


def test_fleiss_kappa_gives_the_figure_of_his_paper() -> None:
    # The worked example that textbooks carry: 10 items, 14 raters, 5 labels; kappa 0.210.
    counts = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    ratings = [
        (item, person, label)
        for item, row in enumerate(counts)
        for person, label in enumerate([label for label, times in enumerate(row) for _ in range(times)])
    ]
    found = fleiss_kappa(ratings)
    assert isinstance(found, Agreement)
    assert found.estimate == pytest.approx(0.2099, abs=5e-5)
    assert (found.n, found.labels, found.annotators) == (10, 140, 14)
    assert found.low < found.estimate < found.high


def pandalm(folder: Path) -> list[Rating]:
    rows = [json.loads(line) for line in (folder / "preferences/pandalm_3annotators.jsonl").read_text().splitlines()]
    return [Rating(row["idx"], person, row[f"annotator{person}"]) for row in rows for person in (1, 2, 3)]


def test_real_annotators_agree_as_published(shared_data: Path) -> None:
    # 70 % of the published rows are here: the figures differ by what leaving out 30 % may change.
    ratings = pandalm(shared_data)
    kappas = cohen_kappas(ratings)
    for two, published in {(1, 2): 0.852, (1, 3): 0.879, (2, 3): 0.862}.items():
        found = kappas[two]
        assert isinstance(found, Agreement)
        assert found.estimate == pytest.approx(published, abs=0.015)
        assert found.holds(published)
        assert found.n == 704
    alpha, fleiss = krippendorff_alpha(ratings), fleiss_kappa(ratings)
    assert isinstance(alpha, Agreement)
    assert isinstance(fleiss, Agreement)
    assert alpha.estimate == pytest.approx(0.8642, abs=0.015)
    assert fleiss.estimate == pytest.approx(alpha.estimate, abs=0.001)
    assert alpha.holds(0.8642)
    assert (alpha.n, alpha.labels, alpha.annotators) == (704, 2112, 3)


def test_alpha_stands_when_three_labels_of_ten_are_missing(shared_data: Path) -> None:
    ratings = pandalm(shared_data)
    kept = [
        rating
        for rating, keep in zip(ratings, np.random.default_rng(0).random(len(ratings)) < 0.7, strict=True)
        if keep
    ]
    whole, partial = krippendorff_alpha(ratings), krippendorff_alpha(kept)
    assert isinstance(whole, Agreement)
    assert isinstance(partial, Agreement)
    assert partial.estimate == pytest.approx(whole.estimate, abs=0.02)
    assert partial.n < whole.n


@pytest.mark.parametrize(
    ("ratings", "why"),
    [
        ([], Why.NOTHING_COUNTED),
        ([(1, "ann", "A"), (2, "bob", "A")], Why.NO_OVERLAP),
        ([(1, "ann", "A"), (1, "bob", None)], Why.NO_OVERLAP),
        ([(1, "ann", "A"), (1, "bob", "B")], Why.TOO_FEW),
        ([(item, person, "A") for item in range(40) for person in ("ann", "bob")], Why.ONE_LABEL),
    ],
)
def test_an_undefined_alpha_says_why(ratings: list[tuple[int, str, str | None]], why: Why) -> None:
    found = krippendorff_alpha(ratings)
    assert isinstance(found, Undefined)
    assert found.why is why
    assert found.reason.startswith("undefined because ")


def test_counts_of_a_database_give_the_same_as_single_labels(shared_data: Path) -> None:
    from collections import Counter, defaultdict

    ratings = pandalm(shared_data)
    items: dict[object, dict[object, object]] = defaultdict(dict)
    for rating in ratings:
        items[rating.item][rating.annotator] = rating.label
    patterns = Counter(tuple(list(labels.values()).count(label) for label in (0, 1, 2)) for labels in items.values())
    cells = Counter((labels[1], labels[3]) for labels in items.values())
    by_counts, by_labels = alpha_of_patterns(patterns, annotators=3), krippendorff_alpha(ratings)
    assert isinstance(by_counts, Agreement)
    assert isinstance(by_labels, Agreement)
    assert by_counts.estimate == pytest.approx(by_labels.estimate)
    assert (by_counts.n, by_counts.labels) == (by_labels.n, by_labels.labels)
    kappa = kappa_of_cells(cells)
    assert isinstance(kappa, Agreement)
    assert kappa.estimate == pytest.approx(cohen_kappas(ratings)[1, 3].estimate)  # type: ignore[union-attr]
    assert alpha_of_patterns({(1, 0): 4}, annotators=4) == Undefined(Why.NO_OVERLAP, 4)
    assert alpha_of_patterns({}, annotators=0) == Undefined(Why.NOTHING_COUNTED, 0)


def test_people_with_few_items_in_common_get_no_kappa() -> None:
    ratings = [(item, person, "AB"[item % 2]) for item in range(29) for person in ("ann", "bob")]
    assert cohen_kappas(ratings) == {("ann", "bob"): Undefined(Why.TOO_FEW, 29, 30)}
    assert fleiss_kappa([*ratings, (0, "eve", "A")]) == Undefined(Why.UNEQUAL_LABELS, 29)


def test_two_labels_of_one_person_for_an_item_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        krippendorff_alpha([(1, "ann", "A"), (1, "ann", "B")])


@settings(deadline=None)
@given(tables)
def test_counting_with_arrays_comes_to_what_counting_one_by_one_does(table: list[list[str | None]]) -> None:
    from collections import Counter
    from itertools import combinations

    ratings = ratings_of(table)
    patterns = Counter(tuple(labels.count(label) for label in LABELS) for labels in table)
    del patterns[0, 0, 0]
    people = {rating.annotator for rating in ratings if sum(label is not None for label in table[rating.item]) > 1}
    slow = alpha_of_patterns(patterns, annotators=len(people), resamples=50)
    assert krippendorff_alpha(ratings, resamples=50) == _nearly(slow)
    kappas = cohen_kappas(ratings, minimum=1, resamples=50)
    assert len(kappas) == len(list(combinations({rating.annotator for rating in ratings}, 2)))
    for (one, other), found in kappas.items():
        common = [(row[one], row[other]) for row in table if row[one] and row[other]]
        assert found == cohen_kappa(common, minimum=1, resamples=50)


def _nearly(found: Agreement | Undefined) -> object:
    """Sums in another order of labels differ in the last digit."""
    if isinstance(found, Undefined):
        return found
    bounds = [pytest.approx(value, abs=1e-9) for value in (found.estimate, found.low, found.high)]
    return Agreement(*bounds, found.n, labels=found.labels, annotators=found.annotators)
