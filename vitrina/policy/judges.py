"""The reward model that a policy is taught by, and the judge that it never sees.

What belongs here: opening both, or training them on folds of their own. What stays out: what they are used for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vitrina.errors import PermanentError
from vitrina.policy.examples import group_names
from vitrina.preferences.formats import Loaded, PreferenceRow
from vitrina.reward.fitting import Plan, Progress, train
from vitrina.reward.models import ModelKind, RewardModel, open_model
from vitrina.reward.pairs import MIN_PAIRS, data_version
from vitrina.reward.splits import joined_groups, split
from vitrina.reward.storage import MANIFEST
from vitrina.training.joining import by_itself

HALVES = {"reward": 0.5, "judge": 0.5}


@dataclass(frozen=True, slots=True)
class Judges:
    """Both models.

    Attributes:
        origin: Where the judge comes from: given, unseen pairs, or halves.
    """

    reward: RewardModel
    judge: RewardModel
    origin: str

    @property
    def named(self) -> dict[str, str]:
        """The judge, as a report names it."""
        return {"judge_model_id": self.judge.model_id, "judge_origin": self.origin}


def open_judges(
    pairs: Sequence[PreferenceRow],
    reward: Path | None,
    judge: Path | None,
    work: Path,
    seed: int,
    progress: Progress,
) -> Judges:
    """Both models: as given; or the judge learns from pairs that the reward model has not seen; or without a reward
    model both learn, linear, from one half of the pairs each. No prompt is in both halves.

    Args:
        pairs: Decided pairs.
        work: Where models are kept that are trained here; those of an earlier try are used again.

    Raises:
        PermanentError: the judge is the reward model or learned from its prompts, or too few pairs are left.
    """
    if reward is None:
        if judge is not None:
            raise PermanentError("A judge was named and no reward model.", hint="Name one with --reward too.")
        return _of_halves(pairs, work, seed, progress)
    taught = open_model(reward)
    if judge is not None:
        other = open_model(judge)
        if other.model_id == taught.model_id:
            raise PermanentError(
                "The judge is the reward model itself, so it would praise whatever was learned from it.",
                hint="Name a model of another fold, or leave --judge out: one is trained on pairs that are left.",
            )
        if shared := set(taught.trained_groups()) & set(other.trained_groups()):
            raise PermanentError(
                f"The judge was trained on {len(shared)} prompts that the reward model was trained on too.",
                hint="Name a model of another fold, or leave --judge out.",
            )
        return Judges(taught, other, "given")
    left = unseen(pairs, taught.trained_groups())
    if len(left) < MIN_PAIRS:
        raise PermanentError(
            f"The reward model has not seen {len(left)} of {len(pairs)} pairs; a judge needs {MIN_PAIRS}.",
            hint="Name a judge of other pairs with --judge, add files, or leave --reward out: pairs are halved then.",
        )
    place = work / taught.model_id[:16] / data_version(left)[:16] / "judge"
    return Judges(taught, _linear(left, place, seed, progress), "unseen pairs")


def unseen(pairs: Sequence[PreferenceRow], groups: Iterable[str]) -> list[PreferenceRow]:
    """Pairs whose prompt is in none of those groups, and is no near-duplicate of one of these pairs that is."""
    cluster = joined_groups(pairs)
    seen = {cluster[group] for group in groups if group in cluster}
    return [row for row in pairs if cluster[row.group] not in seen]


def _of_halves(pairs: Sequence[PreferenceRow], work: Path, seed: int, progress: Progress) -> Judges:
    if len(pairs) < 2 * MIN_PAIRS:
        raise PermanentError(
            f"{len(pairs)} decided pairs cannot be halved into a reward model and a judge: "
            f"{2 * MIN_PAIRS - len(pairs)} more are needed.",
            hint="Name trained models with --reward and --judge, or add files of preferences.",
        )
    halves = split(pairs, seed, HALVES).folds
    taught, other = (_linear(halves[name], work / name, seed, progress) for name in HALVES)
    return Judges(taught, other, "halves")


def _linear(rows: Sequence[PreferenceRow], out: Path, seed: int, progress: Progress) -> RewardModel:
    if (out / MANIFEST).is_file():
        return open_model(out)

    def telling(stage: str, figures: object) -> None:
        if stage == "linear" and isinstance(figures, dict):
            progress(f"{out.name} trained", {"pairs": len(rows), "groups": len(group_names(rows)), **figures})

    # The first of several processes makes it while the others wait, and finds it here once more after a restart
    with by_itself():
        return train(Loaded(rows=[replace(row) for row in rows]), Plan(out, ModelKind.LINEAR, seed), telling)
