"""The trained category model: prediction, saving, loading.

Belongs here: everything that runs after training. Stays out: fitting (``training``), measuring (``evaluate``).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vitrina.categories.calibration import Calibrator
from vitrina.categories.features import Block, Features
from vitrina.vectors.arrays import ModelFileError, load_arrays, save_arrays
from vitrina.vectors.ngrams import NGRAM_VERSION

_BATCH = 2_048
_ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Prediction:
    """The classifier's answer for one title.

    Attributes:
        slug: The best category.
        confidence: Calibrated probability that it is right, 0…1.
        alternatives: The next best (slug, probability), at most three, best first. Together with ``confidence`` they
            never exceed 1.
    """

    slug: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryModel:
    """A linear classifier over words and letter groups with calibrated confidence.

    Attributes:
        classes: Slugs, sorted; the order of columns.
        weights: ``(features, classes)`` float16, ``bias`` ``(classes,)`` float32.
        automatic_threshold: Confidence from which no one needs to be asked; ``None``: everything is asked.
        n_labels: Titles it was trained on.
        metrics: Out-of-fold figures of the training, for people.
    """

    KIND: ClassVar[str] = "category-model"
    VERSION: ClassVar[int] = 1

    classes: tuple[str, ...]
    features: Features
    weights: npt.NDArray[np.float16]
    bias: npt.NDArray[np.float32]
    calibrator: Calibrator
    automatic_threshold: float | None
    n_labels: int
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def fit_hash(self) -> str:
        """Twelve hex digits of everything that answers depend on; part of fingerprints of categories."""
        digest = hashlib.sha256(repr((self.classes, self.calibrator, self.automatic_threshold)).encode())
        for array in self._arrays().values():
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:12]

    def predict(self, titles: Sequence[str]) -> list[Prediction]:
        """One answer a title, in order. A title of which training knew nothing has confidence 0."""
        weights = self.weights.astype(np.float32)
        answers: list[Prediction] = []
        for start in range(0, len(titles), _BATCH):
            matrix, known = self.features.transform(titles[start : start + _BATCH])
            answers += self._answers((matrix @ weights + self.bias).astype(np.float64), known.astype(np.float64))
        return answers

    def _answers(self, scores: npt.NDArray[np.float64], known: npt.NDArray[np.float64]) -> list[Prediction]:
        scores = np.where((known > 0)[:, None] | (scores != self.bias).any(axis=1)[:, None], scores, 0.0)
        confidence = self.calibrator.confidence(scores, known)
        shares = self.calibrator.shares(scores)
        places = np.argsort(-scores, axis=1, kind="stable")[:, : _ALTERNATIVES + 1]
        best = np.take_along_axis(shares, places, axis=1)
        # Alternatives share what the first place leaves, as the softmax shares it among them.
        rest = (1.0 - confidence) / np.maximum(1.0 - best[:, 0], 1e-9)
        return [
            Prediction(
                self.classes[row[0]],
                round(float(sure), 4),
                tuple(
                    (self.classes[place], round(float(part * left), 4))
                    for place, part in zip(row[1:], parts[1:], strict=True)
                ),
            )
            for row, sure, parts, left in zip(places, confidence, best, rest, strict=True)
        ]

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "weights": self.weights,
            "bias": self.bias,
            "char_columns": self.features.chars.columns,
            "char_idf": self.features.chars.idf,
            "word_columns": self.features.words.columns,
            "word_idf": self.features.words.idf,
        }

    def save(self, path: Path) -> None:
        """One ``.npz`` with a JSON object inside, no pickles. The same model gives the same bytes."""
        meta = {
            "ngrams": NGRAM_VERSION,
            "classes": list(self.classes),
            "calibration": dataclasses.asdict(self.calibrator),
            "automatic_threshold": self.automatic_threshold,
            "n_labels": self.n_labels,
            "metrics": dict(self.metrics),
            "fit_hash": self.fit_hash,
        }
        save_arrays(path, self.KIND, self.VERSION, meta, self._arrays())

    @classmethod
    def load(cls, path: Path) -> CategoryModel:
        """Raises ``ModelFileError`` when the file is not a whole model of this version."""
        meta, arrays = load_arrays(path, cls.KIND, cls.VERSION)
        if meta.get("ngrams") != NGRAM_VERSION:
            raise ModelFileError(f"{path} was trained on another kind of features.", hint="Train the model again.")
        try:
            calibration: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in meta["calibration"].items()
            }
            model = cls(
                tuple(meta["classes"]),
                Features(
                    Block("chars", arrays["char_columns"], arrays["char_idf"]),
                    Block("words", arrays["word_columns"], arrays["word_idf"]),
                ),
                arrays["weights"],
                arrays["bias"],
                Calibrator(**calibration),
                meta["automatic_threshold"],
                meta["n_labels"],
                meta["metrics"],
            )
            whole = model.fit_hash == meta["fit_hash"]
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelFileError(f"{path} lacks a part ({error}).", hint="Train the model again.") from error
        if not whole:
            raise ModelFileError(f"{path} is damaged.", hint="Train the model again.")
        return model
