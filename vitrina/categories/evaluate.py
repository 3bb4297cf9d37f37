"""How good the classifier is on titles it has not seen.

Belongs here: figures with their intervals, for one split and for folds. Stays out: the plot (``plots``), training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.categories.calibration import wilson
from vitrina.categories.labels import read_labelled
from vitrina.categories.training import LabelledTitle, Progress, grouped_folds, train
from vitrina.errors import PermanentError
from vitrina.vectors.ngrams import title_key

BINS = 15
_RESAMPLES = 200
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """Titles with confidence in ``[low, high)``: how many, their mean confidence, the share that is right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Answers:
    """Held-out answers, one a title: what was true, what was said, how surely, and whether without asking."""

    truth: npt.NDArray[np.str_]
    said: npt.NDArray[np.str_]
    confidence: npt.NDArray[np.float64]
    automatic: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of held-out answers. Intervals are 95 %: Wilson for shares, bootstrap for macro-F1 and ECE.

    Attributes:
        ece: Expected calibration error of the best answer, 15 bins of equal width.
        automatic_threshold: As fitted inside training (over folds: their mean); ``None`` when there is none.
        automatic_share, automatic_precision: Of answers at or above it; precision is ``None`` when there are none.
        seen_titles: Test titles whose letters and digits are in the training part too: figures flatter then.
        worst: (category, share right, titles), worst first. ``confused``: (true, said, times), most first.
        folds: Evaluations of single folds, empty for one split.
    """

    n_train: int
    n_test: int
    n_categories: int
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    ece: float
    ece_interval: Interval
    automatic_threshold: float | None
    automatic_share: float
    automatic_precision: float | None
    automatic_precision_interval: Interval
    seen_titles: int
    bins: tuple[Bin, ...]
    worst: tuple[tuple[str, float, int], ...]
    confused: tuple[tuple[str, str, int], ...]
    folds: tuple[Evaluation, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def expected_calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """Mean gap between confidence and accuracy over bins, weighted by their titles (Naeini et al. 2015)."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / max(right.size, 1))


def evaluate(
    train_rows: Sequence[LabelledTitle],
    test_rows: Sequence[LabelledTitle],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Train on one part, measure on the other. Calibration and threshold see the training part alone.

    Raises:
        PermanentError: No test rows, or training rows that do not make a classifier.
    """
    answers, threshold = _answers(train_rows, test_rows, seed, progress)
    return _measure(answers, threshold, len(train_rows), _seen(train_rows, test_rows), seed)


def cross_validate(
    rows: Sequence[LabelledTitle], folds: int = 5, *, seed: int = 0, progress: Progress | None = None
) -> Evaluation:
    """Every title answered by a model that saw none with the same letters and digits.

    Returns:
        Figures over all answers together, with those of each fold; ``n_train`` is the mean training size.
    """
    place = grouped_folds([row.title for row in rows], folds, seed=seed)
    single: list[Evaluation] = []
    parts: list[Answers] = []
    for fold in range(folds):
        inside = [row for row, number in zip(rows, place, strict=True) if number != fold]
        outside = [row for row, number in zip(rows, place, strict=True) if number == fold]
        answers, threshold = _answers(inside, outside, seed, progress)
        parts.append(answers)
        single.append(_measure(answers, threshold, len(inside), 0, seed))
    together = Answers(
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.said for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.automatic for part in parts]),
    )
    thresholds = [one.automatic_threshold for one in single if one.automatic_threshold is not None]
    mean = float(np.mean(thresholds)) if thresholds else None
    n_train = round(float(np.mean([one.n_train for one in single])))
    return _measure(together, mean, n_train, 0, seed, tuple(single))


def run_evaluation(
    train_path: Path, test_path: Path, title: str = "title", label: str = "category_slug"
) -> dict[str, Any]:
    """What ``vitrina categories evaluate --train … --test …`` reports, as one JSON object."""
    return evaluate(read_labelled(train_path, title, label), read_labelled(test_path, title, label)).as_dict()


def _answers(
    train_rows: Sequence[LabelledTitle], test_rows: Sequence[LabelledTitle], seed: int, progress: Progress | None
) -> tuple[Answers, float | None]:
    if not test_rows:
        raise PermanentError("There are no test titles to measure on.", hint="Give more labelled titles.")
    model = train(train_rows, seed=seed, progress=progress)
    said = model.predict([row.title for row in test_rows])
    confidence = np.asarray([answer.confidence for answer in said])
    limit = model.automatic_threshold
    return Answers(
        np.asarray([row.slug for row in test_rows]),
        np.asarray([answer.slug for answer in said]),
        confidence,
        confidence >= limit if limit is not None else np.zeros(confidence.size, dtype=bool),
    ), limit


def _seen(train_rows: Sequence[LabelledTitle], test_rows: Sequence[LabelledTitle]) -> int:
    known = {title_key(row.title) for row in train_rows}
    return sum(title_key(row.title) in known for row in test_rows)


def _macro_f1(truth: npt.NDArray[np.int64], said: npt.NDArray[np.int64], classes: int) -> float:
    hits = np.bincount(truth[truth == said], minlength=classes)
    total = np.bincount(truth, minlength=classes) + np.bincount(said, minlength=classes)
    return float((2 * hits[total > 0] / total[total > 0]).mean())


def _measure(
    answers: Answers,
    threshold: float | None,
    n_train: int,
    seen: int,
    seed: int,
    folds: tuple[Evaluation, ...] = (),
) -> Evaluation:
    names, codes = np.unique(np.concatenate([answers.truth, answers.said]), return_inverse=True)
    truth, said = codes[: answers.truth.size], codes[answers.truth.size :]
    right, confidence, automatic = truth == said, answers.confidence, answers.automatic
    n = int(right.size)
    random = np.random.default_rng(seed)
    samples = [random.integers(0, n, n) for _ in range(_RESAMPLES)]
    f1 = [_macro_f1(truth[rows], said[rows], names.size) for rows in samples]
    ece = [expected_calibration_error(confidence[rows], right[rows]) for rows in samples]
    asked_nobody = int(automatic.sum())
    sizes = Counter(answers.truth.tolist())
    hits = Counter(answers.truth[right].tolist())
    worst = sorted(((slug, hits[slug] / size, size) for slug, size in sizes.items()), key=lambda item: item[1:])
    confused = Counter(zip(answers.truth[~right].tolist(), answers.said[~right].tolist(), strict=True))
    return Evaluation(
        n_train=n_train,
        n_test=n,
        n_categories=len(sizes),
        accuracy=float(right.mean()),
        accuracy_interval=wilson(float(right.sum()), n),
        macro_f1=_macro_f1(truth, said, names.size),
        macro_f1_interval=_percentiles(f1),
        ece=expected_calibration_error(confidence, right),
        ece_interval=_percentiles(ece),
        automatic_threshold=threshold,
        automatic_share=asked_nobody / n,
        automatic_precision=float(right[automatic].mean()) if asked_nobody else None,
        automatic_precision_interval=wilson(float(right[automatic].sum()), asked_nobody),
        seen_titles=seen,
        bins=_bins(confidence, right),
        worst=tuple(worst[:10]),
        confused=tuple((true, other, times) for (true, other), times in confused.most_common(15)),
        folds=folds,
    )


def _percentiles(values: list[float]) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _bins(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = []
    for number in np.unique(place):
        inside = place == number
        low, high = float(number) / BINS, float(number + 1) / BINS
        mean, share = float(confidence[inside].mean()), float(right[inside].mean())
        bins.append(Bin(low, high, int(inside.sum()), mean, share))
    return tuple(bins)
