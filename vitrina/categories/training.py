"""Training the category classifier on labelled titles.

Belongs here: fitting. Everything that is fitted, calibration and automatic threshold too, sees the training part alone.
Stays out: reading labels, measuring on a held-out part (``evaluate``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vitrina.categories.calibration import Calibrator, automatic_threshold
from vitrina.categories.features import Features
from vitrina.categories.model import CategoryModel
from vitrina.errors import PermanentError
from vitrina.vectors.ngrams import title_key

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FOLDS = 4
#: Between 0.2 and 1 accuracy differs by less than the folds do; a complement naive Bayes or nearest titles beside it
#: add nothing (measured on 21,609 titles of 119 categories).
_SVM_C = 0.4

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LabelledTitle:
    """A title and the category that it belongs to. ``weight`` below 1 for labels one trusts less."""

    title: str
    slug: str
    weight: float = 1.0


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass


def grouped_folds(titles: Sequence[str], folds: int, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Fold number of each title; titles with the same letters and digits are always in one fold."""
    return np.asarray(
        [
            int.from_bytes(hashlib.blake2b(f"{seed}:{title_key(title)}".encode(), digest_size=8).digest()) % folds
            for title in titles
        ],
        dtype=np.int64,
    )


def fit_linear(
    matrix: csr_matrix, labels: npt.NDArray[np.int64], sample_weight: npt.NDArray[np.float64], classes: int, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """One linear support vector machine a category: weights ``(features, classes)``, bias ``(classes,)``.

    Categories without a label in this part score lowest.
    """
    from sklearn.svm import LinearSVC

    present = np.unique(labels)
    weights = np.zeros((matrix.shape[1], classes), dtype=np.float32)
    bias = np.full(classes, -10.0, dtype=np.float32)
    if present.size == 1:
        bias[present] = 0.0
        return weights, bias
    svm = LinearSVC(C=_SVM_C, tol=0.1, random_state=seed).fit(matrix, labels, sample_weight=sample_weight)
    coef, intercept = svm.coef_, svm.intercept_
    if present.size == 2:
        coef, intercept = np.vstack([-coef, coef]), np.concatenate([-intercept, intercept])
    weights[:, present] = coef.T
    bias[present] = intercept
    return weights, bias


def train(examples: Sequence[LabelledTitle], *, seed: int = 0, progress: Progress | None = None) -> CategoryModel:
    """Fit classifier, calibration and automatic threshold.

    Args:
        examples: At least two categories. The same title with several labels is allowed: it lowers confidence.
        progress: Called with (stage, done, total).

    Returns:
        The model; the same examples in the same order give the same model on one machine.

    Raises:
        PermanentError: Fewer than two categories, or a label without a title.
    """
    say = progress or _silent
    classes = tuple(sorted({example.slug for example in examples}))
    if len(classes) < 2:
        raise PermanentError(
            f"{len(examples)} labelled titles of {len(classes)} categories do not make a classifier.",
            hint="Label titles of at least two categories.",
        )
    place = {slug: number for number, slug in enumerate(classes)}
    titles = [example.title for example in examples]
    labels = np.asarray([place[example.slug] for example in examples], dtype=np.int64)
    trust = np.asarray([example.weight for example in examples], dtype=np.float64)

    features = Features.fit(titles)
    scores, known = out_of_fold(titles, labels, trust, len(classes), seed, say)
    calibrator = Calibrator.fit(scores, known, labels)
    confidence = calibrator.confidence(scores, known)
    right = scores.argmax(axis=1) == labels
    threshold = automatic_threshold(confidence, right)

    say("fit", _FOLDS, _FOLDS + 1)
    matrix, _ = features.transform(titles)
    weights, bias = fit_linear(matrix, labels, trust, len(classes), seed)
    say("fit", _FOLDS + 1, _FOLDS + 1)
    automatic = confidence >= threshold if threshold is not None else np.zeros(right.size, dtype=bool)
    metrics = {
        "oof_accuracy": float(right.mean()),
        "oof_automatic_share": float(automatic.mean()),
        "oof_automatic_precision": float(right[automatic].mean()) if automatic.any() else 0.0,
    }
    return CategoryModel(
        classes, features, weights.astype(np.float16), bias, calibrator, threshold, len(examples), metrics
    )


def out_of_fold(
    titles: Sequence[str],
    labels: npt.NDArray[np.int64],
    trust: npt.NDArray[np.float64],
    classes: int,
    seed: int,
    say: Progress,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Scores ``(n, classes)`` and known word share ``(n,)`` of each title by a model that saw nothing like it."""
    folds = grouped_folds(titles, _FOLDS, seed=seed)
    scores = np.zeros((len(titles), classes))
    known = np.zeros(len(titles))
    for fold in range(_FOLDS):
        say("fit", fold, _FOLDS + 1)
        inside, outside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        if not inside or not outside:
            continue
        part = [titles[row] for row in inside]
        features = Features.fit(part)
        weights, bias = fit_linear(features.transform(part)[0], labels[inside], trust[inside], classes, seed)
        matrix, share = features.transform([titles[row] for row in outside])
        scores[outside] = matrix @ weights + bias
        known[outside] = share
    return scores, known
