"""Pooled folds: each fifth of a set, cut by prompt, judged by models that were trained on the other four.

What belongs here: training and judging one fold in a process of its own, and pooling the folds. What stays out: the
bars. Pooled, because a perfectly calibrated model shows a calibration error of 0.058 on 318 pairs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.preferences.formats import Loaded, PreferenceRow, load
from vitrina.reward import measures
from vitrina.reward.baselines import BASELINES, fit_linear
from vitrina.reward.calibration import expected_error
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, Sum
from vitrina.reward.pairs import margins, trainable
from vitrina.reward.splits import cross_folds, split
from vitrina.reward.transformer.settings import TransformerSettings

FOLDS = 5
#: Two passes over the training pairs at most; validation chooses which of them is kept.
TRANSFORMER = TransformerSettings(epochs=2, threads=1)
BESIDE = ("length", "surface", "tfidf_word")


@dataclass(frozen=True, slots=True)
class Fold:
    """Calibrated margins of each model on the pairs of one fold, how much longer the preferred side is, and processor
    seconds of training by kind. `linear` is TF-IDF of characters; the parts of the ensemble are the single kinds.
    """

    margins: Mapping[str, npt.NDArray[np.float64]]
    gaps: tuple[int, ...]
    seconds: Mapping[str, float]


def fold(path: str, number: int, transformer: bool) -> Fold:
    """Train on all folds but one and score that one; may run in a worker process."""
    parts = cross_folds(trainable(load([Path(path)])), FOLDS)
    learned, test = [row for other, part in enumerate(parts) if other != number for row in part], parts[number]
    cut = split(learned)
    found, seconds = {}, {}
    for name in (*BESIDE, "tfidf_char"):
        began = time.process_time()
        fitted = fit_linear(*BASELINES[name], cut)
        kind = "linear" if name == "tfidf_char" else name
        found[kind] = margins(fitted.model, test) / fitted.temperature
        seconds[kind] = time.process_time() - began
    if transformer:
        began = time.process_time()
        found |= _ensemble(learned, test)
        seconds["ensemble"] = time.process_time() - began
    return Fold(found, tuple(len(row.chosen) - len(row.rejected) for row in test), seconds)


def _ensemble(learned: list[PreferenceRow], test: Sequence[PreferenceRow]) -> dict[str, npt.NDArray[np.float64]]:
    """As ``vitrina reward train --kind ensemble`` makes it."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder) / "model", ModelKind.ENSEMBLE, transformer=TRANSFORMER)
        model = train(Loaded(rows=learned), plan)
        if not isinstance(model.raw, Sum):
            raise TypeError("an ensemble is a sum")
        _, (scorer, temperature) = model.raw.parts
        return {
            "transformer": margins(scorer, test) / temperature,
            "ensemble": margins(model.raw, test) / model.temperature,
        }


@dataclass(frozen=True, slots=True)
class Pooled:
    """Figures of one model over the folds of a set; intervals are 95 %."""

    n: int
    accuracy: tuple[float, float, float]
    balanced: tuple[float, float, float]
    log_loss: float
    ece: float
    ece_if_perfect: float
    seconds: float | None
    against: Mapping[str, Mapping[str, Any]]


def pooled(folds: Sequence[Fold]) -> dict[str, Pooled]:
    """Figures by model, each compared with all others on the same pairs."""
    joined = {name: np.concatenate([each.margins[name] for each in folds]) for name in folds[0].margins}
    gaps = np.concatenate([each.gaps for each in folds])
    return {name: _figures(name, joined, gaps, folds) for name in joined}


def _figures(
    name: str, joined: Mapping[str, npt.NDArray[np.float64]], gaps: npt.NDArray[np.float64], folds: Sequence[Fold]
) -> Pooled:
    own = joined[name]
    fit, length = measures.fit_figures(own, 1.0), measures.length_balance(gaps, own)
    cost = [each.seconds[name] for each in folds if name in each.seconds]
    return Pooled(
        n=len(own),
        accuracy=(fit["accuracy"], fit["accuracy_low"], fit["accuracy_high"]),
        balanced=(
            length["balanced_accuracy"],
            length["balanced_accuracy_low"],
            length["balanced_accuracy_high"],
        ),
        log_loss=fit["log_loss"],
        ece=fit["ece"],
        ece_if_perfect=expected_error(own),
        seconds=float(np.mean(cost)) if cost else None,
        against={other: measures.compared(own, joined[other]) for other in joined if other != name},
    )
