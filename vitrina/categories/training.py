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

#: Few labels need more of them inside each fold, and a looser margin. Measured on 532 titles of 41 categories: 0.84
#: right out of fold instead of 0.77. On 21,609 titles of 119 categories C between 0.2 and 1 differs by less than the
#: folds do, and a complement naive Bayes, nearest titles, lemmas or pairs of distant words add nothing.
_FEW, _FEW_CLASSES = 2_000, 100
_FOLDS_FEW, _FOLDS_MANY = 10, 4
_SVM_C_FEW, _SVM_C_MANY = 1.5, 0.4

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LabelledTitle:
    """A title and the category that it belongs to.

    Attributes:
        weight: Below 1 for labels one trusts less.
        is_title: ``False`` for names and synonyms of the category: they teach words, and no figure rests on them.
    """

    title: str
    slug: str
    weight: float = 1.0
    is_title: bool = True


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
    cost = _SVM_C_FEW if labels.size < _FEW else _SVM_C_MANY
    svm = LinearSVC(C=cost, tol=0.1, random_state=seed).fit(matrix, labels, sample_weight=sample_weight)
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
    real = np.asarray([example.is_title for example in examples])
    scores, known, truth = scores[real], known[real], labels[real]
    if not truth.size:
        raise PermanentError("There are category names and no labelled titles.", hint="Label some titles first.")
    calibrator = Calibrator.fit(scores, known, truth)
    confidence = calibrator.confidence(scores, known)
    right = scores.argmax(axis=1) == truth
    threshold = automatic_threshold(confidence, right)

    matrix, _ = features.transform(titles)
    weights, bias = fit_linear(matrix, labels, trust, len(classes), seed)
    say("fit", 1, 1)
    automatic = confidence >= threshold if threshold is not None else np.zeros(right.size, dtype=bool)
    metrics = {
        "oof_accuracy": float(right.mean()),
        "oof_automatic_share": float(automatic.mean()),
        "oof_automatic_precision": float(right[automatic].mean()) if automatic.any() else 0.0,
    }
    return CategoryModel(
        classes, features, weights.astype(np.float16), bias, calibrator, threshold, int(right.size), metrics
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
    # Each category is one machine: with hundreds of them ten folds take minutes.
    count = _FOLDS_FEW if len(titles) < _FEW and classes <= _FEW_CLASSES else _FOLDS_MANY
    folds = grouped_folds(titles, count, seed=seed)
    scores = np.zeros((len(titles), classes))
    known = np.zeros(len(titles))
    for fold in range(count):
        say("calibrate", fold, count)
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
