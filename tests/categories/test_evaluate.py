"""Figures of the classifier and the files they come from."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest

from vitrina.categories.evaluate import cross_validate, evaluate, expected_calibration_error, run_evaluation
from vitrina.categories.labels import LabelsUnreadable, read_labelled
from vitrina.categories.plots import plot
from vitrina.categories.training import LabelledTitle, grouped_folds
from vitrina.errors import PermanentError


def write(path: Path, rows: list[LabelledTitle], header: tuple[str, str] = ("title", "category_slug")) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows((row.title, row.slug) for row in rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_an_evaluation_holds_every_figure_and_is_json(labelled: list[LabelledTitle], tmp_path: Path) -> None:
    train_file = write(tmp_path / "train.csv.gz", labelled[::2])
    test_file = write(tmp_path / "test.csv", labelled[1::2])
    report = run_evaluation(train_file, test_file)
    assert {"n_train", "n_test", "accuracy", "ece", "automatic_share", "automatic_precision"} <= set(report)
    assert (report["n_train"], report["n_test"]) == (150, 150)
    assert report["accuracy"] > 0.9
    assert report["accuracy_interval"][0] < report["accuracy"] <= report["accuracy_interval"][1]
    assert report["automatic_threshold"] is None
    assert report["automatic_precision"] is None
    assert sum(part["n"] for part in report["bins"]) == 150
    json.dumps(report)


def test_folds_answer_every_title_once(labelled: list[LabelledTitle]) -> None:
    evaluation = cross_validate(labelled, folds=3)
    assert evaluation.n_test == len(labelled) == sum(one.n_test for one in evaluation.folds)
    assert len(evaluation.folds) == 3


def test_titles_that_training_knew_are_counted(labelled: list[LabelledTitle]) -> None:
    evaluation = evaluate(
        labelled, [LabelledTitle("ПЛАТЬЕ летнее, синее-42", "platya"), LabelledTitle("новое", "noski")]
    )
    assert evaluation.seen_titles == 1


def test_a_category_that_training_never_saw_counts_as_wrong(labelled: list[LabelledTitle]) -> None:
    evaluation = evaluate(labelled, [LabelledTitle("платье летнее", "other"), LabelledTitle("носки", "noski")])
    assert evaluation.accuracy == 0.5
    assert evaluation.worst[0] == ("other", 0.0, 1)
    assert evaluation.confused == (("other", "platya", 1),)


def test_calibration_error_is_the_gap_between_said_and_true() -> None:
    right = np.arange(100) < 60
    assert expected_calibration_error(np.full(100, 0.6), right) == pytest.approx(0.0)
    assert expected_calibration_error(np.full(100, 0.9), right) == pytest.approx(0.3)
    assert expected_calibration_error(np.full(100, 1.0), right) == pytest.approx(0.4)


def test_the_plot_is_a_small_png(labelled: list[LabelledTitle]) -> None:
    picture = plot(evaluate(labelled[::2], labelled[1::2]))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 50_000


def test_no_test_titles_are_refused(labelled: list[LabelledTitle]) -> None:
    with pytest.raises(PermanentError, match="no test titles"):
        evaluate(labelled, [])


def test_labels_are_read_with_other_names_delimiters_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text('\ufeffНазвание;Категория\n"Крем; ночной";krema\n;krema\nНоски;\nНоски;noski\n', encoding="utf-8")
    rows = read_labelled(path, "Название", "Категория")
    assert [(row.title, row.slug) for row in rows] == [("Крем; ночной", "krema"), ("Носки", "noski")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,label\na,b\n", "has no column 'title' and no 'category_slug'; it has 'name', 'label'"),
        (b"", "it has none"),
        (b"title,category_slug\n", "no row"),
        ("title,category_slug\nКрем,krema\n".encode("cp1251"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(LabelsUnreadable, match=message):
        read_labelled(path)


def test_missing_and_damaged_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(LabelsUnreadable, match="no file"):
        read_labelled(tmp_path / "none.csv")
    (tmp_path / "bad.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(LabelsUnreadable, match="cannot be read"):
        read_labelled(tmp_path / "bad.csv.gz")


@pytest.mark.slow
def test_one_fold_of_real_titles_keeps_the_bars(shared_data: Path) -> None:
    rows = read_labelled(shared_data / "labelled" / "ozon_titles_by_category.csv.gz")
    folds = grouped_folds([row.title for row in rows], 5)
    held = [row for row, fold in zip(rows, folds, strict=True) if fold == 0]
    rest = [row for row, fold in zip(rows, folds, strict=True) if fold != 0]
    evaluation = evaluate(rest, held)
    assert evaluation.accuracy >= 0.85
    assert evaluation.ece <= 0.03
    assert evaluation.automatic_share > 0.6
    assert evaluation.automatic_precision is not None
    assert evaluation.automatic_precision >= 0.94
