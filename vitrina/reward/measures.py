"""Figures of a reward model on decided pairs, each with its interval.

What belongs here: accuracy, balance by length, calibration, ties, comparison of two models. What stays out: which
models and which rows; items with several answers (`items`); drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import asdict
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.preferences.formats import Choice, PreferenceRow
from vitrina.reward.calibration import calibration_error, log_loss, reliability
from vitrina.reward.pairs import Floats
from vitrina.statistics.intervals import Interval, Undefined, bootstrap_mean, mcnemar, paired_difference, wilson

Bools = npt.NDArray[np.bool_]


def share(right: Bools) -> dict[str, Any]:
    """A proportion with Wilson's interval as `accuracy, accuracy_low, accuracy_high, n`; None for no pairs."""
    found = wilson(int(right.sum()), len(right))
    if isinstance(found, Undefined):
        return {"accuracy": None, "accuracy_low": None, "accuracy_high": None, "n": 0}
    return {"accuracy": found.estimate, "accuracy_low": found.low, "accuracy_high": found.high, "n": found.n}


def fit_figures(margins: Floats, temperature: float) -> dict[str, Any]:
    """Accuracy (an equal score is not right), log-loss and calibration error before and after the temperature."""
    scaled = margins / temperature
    return {
        **share(margins > 0),
        "equal_scores": int((margins == 0).sum()),
        "log_loss": log_loss(margins),
        "log_loss_calibrated": log_loss(scaled),
        "ece": calibration_error(reliability(margins)),
        "ece_calibrated": calibration_error(reliability(scaled)),
        "temperature": temperature,
    }


def curve(margins: Floats, temperature: float) -> list[dict[str, Any]]:
    """The reliability curve after the temperature."""
    return [asdict(each) for each in reliability(margins / temperature)]


def by_prompt(margins: Floats, groups: Sequence[Hashable], seed: int = 0) -> dict[str, Any]:
    """Bootstrap interval of the accuracy over whole prompts: pairs of one prompt are no independent evidence."""
    found = bootstrap_mean((margins > 0).astype(float).tolist(), seed=seed, groups=groups)
    if isinstance(found, Undefined):
        return {"low": None, "high": None, "groups": len(set(groups))}
    return {"low": found.low, "high": found.high, "groups": len(set(groups))}


def length_figures(rows: Sequence[PreferenceRow], margins: Floats) -> dict[str, Any]:
    """How far a model follows length: accuracy when the longer and when the shorter answer was chosen, their mean.

    Spearman's rho is that of margin and difference of length, both chosen minus rejected, and their signs turned so
    that half of the pairs face each way.
    """
    from scipy.stats import spearmanr

    gaps = np.asarray([len(row.chosen) - len(row.rejected) for row in rows], dtype=float)
    turned = np.where(np.arange(len(rows)) % 2 == 0, 1.0, -1.0)
    varied = len(rows) > 2 and np.ptp(margins * turned) > 0 and np.ptp(gaps * turned) > 0
    rho = float(spearmanr(margins * turned, gaps * turned).statistic) if varied else None
    return {**length_balance(gaps, margins), "spearman_margin_length": rho}


def length_balance(gaps: Floats, margins: Floats) -> dict[str, Any]:
    """Accuracy where the chosen answer is longer (`gaps` > 0) and where it is shorter, and their mean.

    A model that only counts characters has a balanced accuracy of 0.5. Its interval is by the method of variance
    estimates recovery (Zou and Donner, 2008) from the two Wilson intervals.
    """
    right = margins > 0
    longer, shorter = (
        wilson(int(right[gaps > 0].sum()), int((gaps > 0).sum())),
        wilson(int(right[gaps < 0].sum()), int((gaps < 0).sum())),
    )
    balanced = _mean_of_two(longer, shorter)
    return {
        "longer_chosen": share(right[gaps > 0]),
        "shorter_chosen": share(right[gaps < 0]),
        "equal_length": int((gaps == 0).sum()),
        "balanced_accuracy": balanced[0],
        "balanced_accuracy_low": balanced[1],
        "balanced_accuracy_high": balanced[2],
    }


def _mean_of_two(
    one: Interval | Undefined, other: Interval | Undefined
) -> tuple[float | None, float | None, float | None]:
    if isinstance(one, Undefined) or isinstance(other, Undefined):
        return None, None, None
    middle = (one.estimate + other.estimate) / 2
    below = sqrt((one.estimate - one.low) ** 2 + (other.estimate - other.low) ** 2) / 2
    above = sqrt((one.high - one.estimate) ** 2 + (other.high - other.estimate) ** 2) / 2
    return middle, middle - below, middle + above


def compared(margins: Floats, other: Floats) -> dict[str, Any]:
    """This model against another on the same pairs: exact McNemar p-value, difference of accuracies with interval."""
    right, other_right = margins > 0, other > 0
    only, only_other = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    tested, difference = mcnemar(only, only_other), paired_difference(only, only_other, len(margins))
    found = {
        "mcnemar_p": 1.0 if isinstance(tested, Undefined) else tested.p_exact,
        "only_model": only,
        "only_baseline": only_other,
    }
    if isinstance(difference, Undefined):
        return found | {"difference": None, "difference_low": None, "difference_high": None}
    return found | {
        "difference": difference.estimate,
        "difference_low": difference.low,
        "difference_high": difference.high,
    }


def grouped(names: Sequence[str | None], margins: Floats, most: int = 40) -> dict[str, dict[str, Any]]:
    """Accuracy for each name, the names with most pairs first."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if name is not None:
            places[name].append(place)
    ordered = sorted(places, key=lambda name: (-len(places[name]), name))[:most]
    return {name: share(margins[places[name]] > 0) for name in ordered}


def tie_figures(rows: Sequence[PreferenceRow], tied: Floats, decided: Floats) -> dict[str, Any]:
    """Pairs that people did not decide: are their margins smaller than those of decided pairs?

    `auc` is the chance that a decided pair has a larger margin, sign aside, than an undecided one (0.5: no difference).
    """
    from scipy.stats import mannwhitneyu

    counted = {str(choice): sum(row.choice is choice for row in rows) for choice in (Choice.TIE, Choice.BOTH_BAD)}
    both = tied.size > 0 and decided.size > 0
    return {
        "n": int(tied.size),
        **counted,
        "split": sum(row.choice is Choice.SPLIT for row in rows),
        "median_margin": float(np.median(np.abs(tied))) if tied.size else None,
        "median_margin_of_decided": float(np.median(np.abs(decided))) if decided.size else None,
        "auc": float(mannwhitneyu(np.abs(decided), np.abs(tied)).statistic / (tied.size * decided.size))
        if both
        else None,
    }
