"""How sure an answer is: calibrated confidence and the automatic threshold.

Belongs here: figures fitted on out-of-fold scores of the training part. Stays out: the classifier whose scores they
are, and the decision what to do below a threshold (``cascade``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vitrina.statistics import intervals

Floats = npt.NDArray[np.float64]

#: What share of automatic answers must be right, and by how much the fit must exceed it so that unseen titles keep it.
AUTOMATIC_PRECISION = 0.95
SAFETY_MARGIN = 0.01

#: Below so many labels there is no automatic threshold: everything is asked.
MIN_LABELS_AUTOMATIC = 200
#: The threshold must rest on so many out-of-fold answers.
MIN_ANSWERS_AUTOMATIC = 100

#: Below so many labels scores say too little about being right: confidence is never above the cap.
MIN_LABELS_CALIBRATION = 50
UNCALIBRATED_CAP = 0.5


def wilson(successes: float, n: int) -> tuple[float, float]:
    """Bounds of the 95 % Wilson interval of a share; ``(0, 1)`` for nothing."""
    found = intervals.wilson(round(successes), n)
    return (0.0, 1.0) if isinstance(found, intervals.Undefined) else (found.low, found.high)


def softmax(scores: Floats, temperature: float) -> Floats:
    """Row-wise, stable."""
    scaled = scores / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    np.exp(scaled, out=scaled)
    return scaled / scaled.sum(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True)
class Calibrator:
    """Temperature for the shares among categories, a logistic regression for "the first one is right".

    Attributes:
        temperature: Of the softmax over scores, by least negative log likelihood (Guo et al. 2017).
        mean, scale, weights: Of the regression's inputs (``_inputs``); ``None`` when labels were too few.
        bias: Of the regression.
    """

    temperature: float
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    weights: tuple[float, ...] | None = None
    bias: float = 0.0

    @classmethod
    def fit(cls, scores: Floats, known: Floats, labels: npt.NDArray[np.int64]) -> Calibrator:
        """Args: out-of-fold ``scores`` (n, classes), ``known`` share of words (n,), true ``labels`` (n,)."""
        from scipy.optimize import minimize_scalar
        from sklearn.linear_model import LogisticRegression

        rows = np.arange(labels.size)

        def loss(log_temperature: float) -> float:
            return -float(np.log(softmax(scores, float(np.exp(log_temperature)))[rows, labels] + 1e-12).mean())

        temperature = float(np.exp(minimize_scalar(loss, bounds=(-4, 3), method="bounded").x))
        right = scores.argmax(axis=1) == labels
        if labels.size < MIN_LABELS_CALIBRATION or right.all() or not right.any():
            return cls(temperature)
        inputs = _inputs(scores, known, temperature)
        mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
        model = LogisticRegression(C=1.0).fit((inputs - mean) / scale, right)
        return cls(
            temperature,
            tuple(mean.tolist()),
            tuple(scale.tolist()),
            tuple(model.coef_[0].tolist()),
            float(model.intercept_[0]),
        )

    def shares(self, scores: Floats) -> Floats:
        """Softmax over categories, ``(n, classes)``."""
        return softmax(scores, self.temperature)

    def confidence(self, scores: Floats, known: Floats) -> Floats:
        """Probability that the best category is right, ``(n,)``; 0 for titles of which training knew nothing."""
        if self.weights is None or self.mean is None or self.scale is None:
            top = np.minimum(softmax(scores, self.temperature).max(axis=1), UNCALIBRATED_CAP)
        else:
            inputs = (_inputs(scores, known, self.temperature) - np.asarray(self.mean)) / np.asarray(self.scale)
            top = 1.0 / (1.0 + np.exp(-(inputs @ np.asarray(self.weights) + self.bias)))
        return np.where(np.ptp(scores, axis=1) > 0, top, 0.0)


def _inputs(scores: Floats, known: Floats, temperature: float) -> Floats:
    two = -np.partition(-scores, 1, axis=1)[:, :2]
    top = np.clip(softmax(scores, temperature).max(axis=1), 1e-6, 1 - 1e-6)
    return np.column_stack([two[:, 0], two[:, 0] - two[:, 1], np.log(top / (1 - top)), known])


def automatic_threshold(confidence: Floats, right: npt.NDArray[np.bool_]) -> float | None:
    """The lowest confidence above which enough out-of-fold answers are right; ``None`` when there is no such.

    "Enough" is the wanted precision plus the safety margin, over all answers at or above the threshold, with a Wilson
    lower bound that still reaches the precision less the margin.
    """
    if right.size < MIN_LABELS_AUTOMATIC:
        return None
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    hits = np.cumsum(right[order])
    counts = np.arange(1, right.size + 1)
    # A threshold cannot cut between equal confidences.
    last_of_value = np.append(sorted_confidence[1:] < sorted_confidence[:-1], True)
    good = last_of_value & (counts >= MIN_ANSWERS_AUTOMATIC) & (hits / counts >= AUTOMATIC_PRECISION + SAFETY_MARGIN)
    for place in np.flatnonzero(good)[::-1]:
        if wilson(float(hits[place]), int(counts[place]))[0] >= AUTOMATIC_PRECISION - SAFETY_MARGIN:
            return float(sorted_confidence[place])
    return None
