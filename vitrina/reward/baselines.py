"""What any reward model is shown beside: length, surface, words, characters; each fitted on the same folds.

What belongs here: fitting one linear model with its settings chosen on the validation fold and its temperature on the
calibration fold. What stays out: the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.calibration import fit_temperature, log_loss
from vitrina.reward.linear import Kind, LinearModel, fit_all
from vitrina.reward.pairs import margins
from vitrina.reward.splits import Split

#: Name in reports → features, and the strengths of the penalty that validation chooses from.
BASELINES: Mapping[str, tuple[Kind, tuple[float, ...]]] = MappingProxyType(
    {
        "length": ("length", (1.0,)),
        "surface": ("surface", (1.0,)),
        "tfidf_word": ("word", (0.1, 0.3, 1.0)),
        "tfidf_char": ("char", (0.3, 1.0, 3.0)),
    }
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A linear model, its temperature, and the log-loss on the validation fold of each strength tried."""

    model: LinearModel
    temperature: float
    tried: Mapping[float, float]


def fit_linear(kind: Kind, cs: Sequence[float], split: Split) -> Fitted:
    """Choose the strength on the validation fold, fit on training and validation, calibrate on the calibration fold."""
    train, validation = split.folds["train"], split.folds["validation"]
    tried = {
        model.settings.c: log_loss(margins(model, validation))
        for model in (fit_all(kind, cs, train) if len(cs) > 1 else ())
    }
    best = min(tried, key=lambda c: tried[c]) if tried else cs[0]
    (model,) = fit_all(kind, [best], (*train, *validation))
    return Fitted(model, fit_temperature(margins(model, split.folds["calibration"])), MappingProxyType(tried))


def fit_baselines(split: Split) -> dict[str, Fitted]:
    """All of `BASELINES`."""
    return {name: fit_linear(kind, cs, split) for name, (kind, cs) in BASELINES.items()}


def learned_rows(split: Split) -> list[PreferenceRow]:
    """Rows that weights were fitted on: training and validation."""
    return [*split.folds["train"], *split.folds["validation"]]
