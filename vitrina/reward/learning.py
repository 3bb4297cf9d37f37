"""The learning curve: what more pairs would bring.

What belongs here: fitting on shares of the training pairs, accuracy at each, and what follows from the slope. What
stays out: the report, drawing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from math import ceil
from types import MappingProxyType
from typing import Any

import numpy as np

from vitrina.preferences.formats import PreferenceRow
from vitrina.reward.baselines import BASELINES, Fitted, fit_linear
from vitrina.reward.calibration import log_loss
from vitrina.reward.pairs import Floats, margins
from vitrina.reward.splits import Split, joined_groups

SHARES = (0.125, 0.25, 0.5, 1.0)
#: Draws of the smaller shares. Above so many pairs one is enough: their variation is small, and each costs.
SEEDS, MANY = 3, 10_000
#: Pairs of the training fold and of the others that a share needs to be fitted at all.
LEAST_TRAIN, LEAST_OTHER = 30, 3
#: Points from which the slope is taken: the newest doublings say more of the next one than the first ones do.
SLOPE_POINTS = 3
#: A gain of less than this for twice the pairs is called hardly any.
HARDLY = 0.01
_DRAWS = 1_000

_ENDS = MappingProxyType(
    {
        "helps": "more pairs would help.",
        "hardly": "more pairs of this kind would hardly help.",
        "open": "whether more pairs would help is not shown; more test pairs would tell.",
    }
)
Fit = Callable[[Split], Fitted]


def fit_characters(split: Split) -> Fitted:
    """The linear model on characters, its strength chosen by the validation pairs of the same share."""
    return fit_linear(*BASELINES["tfidf_char"], split)


def learning_curve(split: Split, test: Sequence[PreferenceRow], fit: Fit = fit_characters) -> dict[str, Any]:
    """Accuracy on the same test pairs after learning from an eighth, a quarter, half and all of the training pairs.

    Shares are of whole clusters of prompts, each within the next larger one. Intervals and slope are bootstrapped over
    prompts of the test set and over draws together.

    Args:
        split: All training pairs, in their folds.
        test: Decided rows that none of them was trained on.
        fit: How a model is fitted; the linear kind by default.

    Returns:
        ``points`` (share, pairs, accuracy with interval, least and highest of the draws, log_loss), ``gain`` for twice
        the pairs with interval, ``verdict`` (helps, hardly, open, too_few) and ``said``, a sentence.
    """
    pairs = sum(len(rows) for rows in split.folds.values())
    seeds = 1 if pairs > MANY else SEEDS
    order = _clusters(split)
    counts: list[tuple[float, int]] = []
    found: list[list[Floats]] = []
    for share in SHARES:
        cuts = [_cut(split, order, share, seed) for seed in range(seeds if share < 1 else 1)]
        if not all(_large_enough(cut) for cut in cuts):
            continue
        own = []
        for cut in cuts:
            fitted = fit(cut)
            own.append(margins(fitted.model, test) / fitted.temperature)
        counts.append((share, round(sum(len(rows) for cut in cuts for rows in cut.folds.values()) / len(cuts))))
        found.append(own * seeds if share == 1 else own)
    if len(found) < SLOPE_POINTS:
        said = f"{pairs} training pairs are too few for a learning curve."
        return {"points": [], "gain": None, "gain_low": None, "gain_high": None, "verdict": "too_few", "said": said}
    return _described(counts, np.asarray(found), [row.group for row in test])


def _clusters(split: Split) -> dict[str, str]:
    return joined_groups([row for rows in split.folds.values() for row in rows])


def _cut(split: Split, cluster: dict[str, str], share: float, seed: int) -> Split:
    """The split with this share of each fold's clusters; a smaller share of the same seed lies within a larger one."""

    def place(name: str) -> bytes:
        return hashlib.sha256(f"curve:{seed}:{name}".encode()).digest()

    names: dict[str, set[str]] = defaultdict(set)
    for group, fold in split.groups.items():
        names[fold].add(cluster[group])
    chosen = {name for own in names.values() for name in sorted(own, key=place)[: ceil(share * len(own))]}
    kept = {group for group, name in cluster.items() if name in chosen}
    return Split(
        {fold: tuple(row for row in rows if row.group in kept) for fold, rows in split.folds.items()},
        {group: fold for group, fold in split.groups.items() if group in kept},
    )


def _large_enough(cut: Split) -> bool:
    sizes = {fold: len(rows) for fold, rows in cut.folds.items()}
    return sizes["train"] >= LEAST_TRAIN and min(sizes.values()) >= LEAST_OTHER


def _described(counts: Sequence[tuple[float, int]], found: Floats, groups: Sequence[Hashable]) -> dict[str, Any]:
    """Figures from calibrated margins of shape (shares, draws, pairs)."""
    right = (found > 0).astype(float)
    drawn = _drawn(right, groups)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    points = [
        {
            "share": share,
            "pairs": pairs,
            "accuracy": float(right[place].mean()),
            "accuracy_low": float(low[place]),
            "accuracy_high": float(high[place]),
            "draws": [float(each) for each in sorted(right[place].mean(axis=1))],
            "log_loss": float(np.mean([log_loss(each) for each in found[place]])),
        }
        for place, (share, pairs) in enumerate(counts)
    ]
    weights = _slope_weights([pairs for _, pairs in counts])
    gain = float(weights @ right.mean(axis=(1, 2)))
    gain_low, gain_high = (float(each) for each in np.quantile(drawn @ weights, [0.025, 0.975]))
    # not 0: the sum of equal figures by weights that cancel out leaves 1e-17
    verdict = "helps" if gain_low > 1e-9 else "hardly" if gain_high < HARDLY else "open"
    return {
        "points": points,
        "gain": gain,
        "gain_low": gain_low,
        "gain_high": gain_high,
        "verdict": verdict,
        "said": _said(verdict, gain, gain_low, gain_high, counts[-1][1]),
    }


def _drawn(right: Floats, groups: Sequence[Hashable]) -> Floats:
    """Accuracy at each share in each of the bootstrap's draws, shape (draws, shares)."""
    number = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    codes = np.asarray([number[group] for group in groups])
    shares, seeds, _ = right.shape
    # Sums by prompt: drawing prompts costs as little as their number, whatever the number of pairs
    sums = np.stack(
        [np.bincount(codes, weights=row, minlength=len(number)) for row in right.reshape(shares * seeds, -1)]
    )
    sizes = np.bincount(codes, minlength=len(number)).astype(float)
    rng = np.random.default_rng(0)
    result = np.empty((_DRAWS, shares))
    for draw in range(_DRAWS):
        weights = np.bincount(rng.integers(0, len(number), len(number)), minlength=len(number))
        accuracy = (sums @ weights / (sizes @ weights)).reshape(shares, seeds)
        result[draw] = accuracy[:, rng.integers(0, seeds, seeds)].mean(axis=1)
    return result


def _slope_weights(pairs: Sequence[int]) -> Floats:
    """Weights of the points that give the least-squares slope of accuracy over the logarithm of pairs to base 2."""
    x = np.log2(np.asarray(pairs[-SLOPE_POINTS:], dtype=float))
    centred = x - x.mean()
    return np.concatenate([np.zeros(len(pairs) - SLOPE_POINTS), centred / (centred**2).sum()])


def _said(verdict: str, gain: float, low: float, high: float, pairs: int) -> str:
    measured = f"{100 * gain:+.1f} points of accuracy [{100 * low:+.1f}, {100 * high:+.1f}]"
    begin = f"Up to {pairs:,} pairs, twice as many brought {measured}: "
    return begin + _ENDS[verdict]
