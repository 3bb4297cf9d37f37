"""The classifier: training, prediction, files."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from vitrina.categories.calibration import MIN_LABELS_AUTOMATIC, UNCALIBRATED_CAP, automatic_threshold, wilson
from vitrina.categories.model import CategoryModel
from vitrina.categories.training import LabelledTitle, grouped_folds, train
from vitrina.errors import PermanentError
from vitrina.vectors.arrays import ModelFileError


@pytest.fixture(scope="module")
def model(labelled: list[LabelledTitle]) -> CategoryModel:
    return train(labelled)


def test_titles_like_the_labelled_ones_find_their_category(model: CategoryModel) -> None:
    titles = ["Платье вечернее чёрное", "ERKEK GÖMLEK pamuk", "Шампунь детский 400мл", "витамины C 60 таблеток"]
    assert [answer.slug for answer in model.predict(titles)] == ["platya", "rubashki", "shampuni", "vitaminy"]


def test_confidence_and_alternatives_are_probabilities_best_first(model: CategoryModel) -> None:
    for answer in model.predict(["крем для платья", "носки", "что-то другое", "Omega 3 şampuan"]):
        assert 0 <= answer.confidence <= 1
        shares = [share for _, share in answer.alternatives]
        assert len(shares) <= 3
        assert shares == sorted(shares, reverse=True)
        assert answer.confidence + sum(shares) <= 1.001
        assert answer.slug not in dict(answer.alternatives)


@pytest.mark.parametrize("title", ["", "   ", "漢字漢字", "!!!"])
def test_a_title_of_which_nothing_is_known_has_no_confidence(model: CategoryModel, title: str) -> None:
    assert model.predict([title])[0].confidence == 0.0


def test_no_titles_give_no_answers(model: CategoryModel) -> None:
    assert model.predict([]) == []


def test_an_answer_does_not_depend_on_the_batch(model: CategoryModel, labelled: list[LabelledTitle]) -> None:
    titles = [example.title for example in labelled[:40]]
    assert model.predict(titles) == [model.predict([title])[0] for title in titles]


def test_the_same_labels_give_the_same_model(model: CategoryModel, labelled: list[LabelledTitle]) -> None:
    assert train(labelled).fit_hash == model.fit_hash


def test_a_model_comes_back_from_its_file_unchanged(
    model: CategoryModel, labelled: list[LabelledTitle], tmp_path: Path
) -> None:
    path = tmp_path / "models" / "category.npz"
    model.save(path)
    first = path.read_bytes()
    loaded = CategoryModel.load(path)
    titles = [example.title for example in labelled]
    assert loaded.predict(titles) == model.predict(titles)
    assert loaded.automatic_threshold == model.automatic_threshold
    assert (loaded.n_labels, loaded.fit_hash) == (model.n_labels, model.fit_hash)
    loaded.save(path)
    assert path.read_bytes() == first
    assert [item.name for item in path.parent.iterdir()] == ["category.npz"]


def test_a_changed_or_foreign_model_file_is_refused(model: CategoryModel, tmp_path: Path) -> None:
    from vitrina.vectors.arrays import load_arrays, save_arrays

    path = tmp_path / "category.npz"
    model.save(path)
    meta, arrays = load_arrays(path, CategoryModel.KIND, CategoryModel.VERSION)
    arrays["bias"] = arrays["bias"] + 1
    save_arrays(path, CategoryModel.KIND, CategoryModel.VERSION, meta, arrays)
    with pytest.raises(ModelFileError, match="damaged"):
        CategoryModel.load(path)
    save_arrays(path, "lsa", 1, {}, {})
    with pytest.raises(ModelFileError, match="lsa"):
        CategoryModel.load(path)


def test_with_few_labels_there_is_no_automatic_threshold(labelled: list[LabelledTitle]) -> None:
    few = random.Random(1).sample(labelled, 120)
    assert train(few).automatic_threshold is None


def test_with_very_few_labels_nobody_claims_to_be_sure(labelled: list[LabelledTitle]) -> None:
    model = train(random.Random(1).sample(labelled, 30))
    assert all(answer.confidence <= UNCALIBRATED_CAP for answer in model.predict([one.title for one in labelled]))


def test_random_labels_are_never_automatic(labelled: list[LabelledTitle]) -> None:
    slugs = [example.slug for example in labelled]
    random.Random(3).shuffle(slugs)
    noise = [LabelledTitle(example.title, slug) for example, slug in zip(labelled, slugs, strict=True)]
    model = train(noise)
    assert model.automatic_threshold is None
    sure = [answer.confidence for answer in model.predict([f"платье номер {n}" for n in range(20)])]
    assert max(sure) < 0.75


def test_names_of_categories_teach_words_but_no_figure_rests_on_them(labelled: list[LabelledTitle]) -> None:
    names = [LabelledTitle("Терка для овощей", "platya", weight=2.0, is_title=False)] * 3
    model = train([*labelled, *names])
    assert model.n_labels == len(labelled)
    assert model.predict(["терка"])[0].slug == "platya"
    with pytest.raises(PermanentError, match="no labelled titles"):
        train([LabelledTitle("Платья", "a", is_title=False), LabelledTitle("Носки", "b", is_title=False)])


def test_two_categories_are_enough_and_one_is_not() -> None:
    two = [LabelledTitle(f"платье {n}", "a") for n in range(20)] + [LabelledTitle(f"носки {n}", "b") for n in range(20)]
    assert [answer.slug for answer in train(two).predict(["платье", "носки"])] == ["a", "b"]
    for rows in ([], two[:20]):
        with pytest.raises(PermanentError, match="at least two categories"):
            train(rows)


def test_a_category_with_one_title_and_a_title_with_two_labels_do_not_break_training(
    labelled: list[LabelledTitle],
) -> None:
    odd = [
        LabelledTitle("галоши", "galoshi"),
        LabelledTitle("крем для лица", "platya"),
        LabelledTitle("крем для лица", "krema"),
    ]
    model = train([*labelled, *odd])
    assert "galoshi" in model.classes


def test_titles_with_the_same_letters_and_digits_are_in_one_fold() -> None:
    titles = [f"Крем №{n}, 50 мл" for n in range(200)] + [f"крем {n} 50мл!" for n in range(200)]
    folds = grouped_folds(titles, 5)
    assert (folds[:200] == folds[200:]).all()
    assert set(folds.tolist()) == {0, 1, 2, 3, 4}
    assert (grouped_folds(titles, 5, seed=1) != folds).any()


def test_the_automatic_threshold_is_the_lowest_that_is_right_often_enough() -> None:
    confidence = np.linspace(1, 0, 1000)
    right = np.ones(1000, dtype=bool)
    right[500:] = False
    threshold = automatic_threshold(confidence, right)
    assert threshold is not None
    chosen = confidence >= threshold
    assert right[chosen].mean() >= 0.96
    assert right[confidence >= threshold - 0.002].mean() < 0.96


def test_no_threshold_without_enough_labels_or_precision() -> None:
    n = MIN_LABELS_AUTOMATIC
    assert automatic_threshold(np.linspace(1, 0, n - 1), np.ones(n - 1, dtype=bool)) is None
    assert automatic_threshold(np.linspace(1, 0, n), np.ones(n, dtype=bool)) is not None
    assert automatic_threshold(np.linspace(1, 0, 1000), np.arange(1000) % 5 > 0) is None


def test_equal_confidences_are_not_cut_apart() -> None:
    confidence = np.full(400, 0.9)
    right = np.arange(400) < 200
    assert automatic_threshold(confidence, right) is None


def test_wilson_interval_holds_its_known_values() -> None:
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert wilson(0, 0) == (0.0, 1.0)
