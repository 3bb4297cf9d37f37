"""Whether a reward model may become the champion.

What belongs here: the rules, from the figures of a report. What stays out: the figures' making, and the registry that
asks. A rule whose figure is missing is not met: nothing is promoted on what was not measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: How much worse than another model a new one may be, as the lower bound of the paired difference of accuracies.
TOLERANCE = 0.03
#: Beyond what a perfectly calibrated model shows on as many pairs, at the 95th percentile.
CALIBRATION_TOLERANCE = 0.03
#: Log-loss of a coin, in nats.
COIN = 0.6931471805599453


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and how it came out.

    Attributes:
        measured: What the report says; None where it has no such figure.
        needed: In words.
    """

    name: str
    passed: bool
    measured: float | None
    needed: str


def judged(report: Mapping[str, Any]) -> list[Rule]:
    """All rules for a report of `evaluate` that was made with the training files, and the champion if there is one."""
    return list(_rules(report))


def passes(rules: list[Rule]) -> bool:
    """Whether every rule is met."""
    return bool(rules) and all(rule.passed for rule in rules)


def _rules(report: Mapping[str, Any]) -> Iterator[Rule]:
    leaked = float(report["leaked"]["pairs"])
    yield Rule("nothing_leaked", leaked == 0, leaked, "no test pair with a prompt that was trained on")
    yield _above("accuracy", report["accuracy_low"], 0.5, "lower bound above 0.5")
    yield _above(
        "balanced_accuracy",
        report["length"]["balanced_accuracy_low"],
        0.5,
        "lower bound above 0.5, longer and shorter answers weighing the same",
    )
    yield from _not_worse_than_baselines(report["baselines"])
    loss = report["log_loss_calibrated"]
    yield Rule("better_than_a_coin", loss < COIN, loss, f"log-loss below {COIN:.3f}")
    error, most = report["ece_calibrated"], report["ece_expected"] + CALIBRATION_TOLERANCE
    yield Rule("calibrated", error <= most, error, f"calibration error at most {most:.3f} on so many pairs")
    wrong = report["antisymmetry_error"]
    yield Rule("antisymmetric", wrong < 1e-3, wrong, "swapping the sides negates the margin")
    if champion := report.get("champion"):
        needed = f"lower bound of the difference above {-TOLERANCE} on {champion['n']} pairs new to both"
        yield _above("not_worse_than_champion", champion["difference_low"], -TOLERANCE, needed)


def _above(name: str, measured: float | None, bound: float, needed: str) -> Rule:
    return Rule(name, measured is not None and measured > bound, measured, needed)


def _not_worse_than_baselines(baselines: Mapping[str, Mapping[str, Any]]) -> Iterator[Rule]:
    others = {name: each for name, each in baselines.items() if not each["same_kind"]}
    best = max(others, key=lambda name: others[name]["accuracy"], default=None)
    if best is None:
        yield Rule("not_worse_than_baselines", False, None, "baselines on the same folds")
        return
    needed = f"lower bound of the difference to {best} ({others[best]['accuracy']:.3f}) above {-TOLERANCE}"
    yield _above("not_worse_than_baselines", others[best]["difference_low"], -TOLERANCE, needed)
