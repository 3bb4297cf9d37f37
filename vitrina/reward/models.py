"""Opening a trained reward model, whatever its kind.

What belongs here: from a folder to something that scores. What stays out: fitting; torch, unless the model needs it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import PermanentError
from vitrina.reward.linear import LinearModel
from vitrina.reward.pairs import Floats, Scorer
from vitrina.reward.storage import read_manifest

GROUPS = "groups.json"


class ModelKind(StrEnum):
    """Kinds of reward models; an ensemble sums the calibrated scores of the two others."""

    LINEAR = "linear"
    TRANSFORMER = "transformer"
    ENSEMBLE = "ensemble"


@dataclass(frozen=True, slots=True)
class Sum:
    """Several scorers, each divided by its temperature, added up."""

    parts: tuple[tuple[Scorer, float], ...]

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        """One number for each answer."""
        total = np.zeros(len(answers))
        for scorer, temperature in self.parts:
            total += scorer.scores(prompts, answers) / temperature
        return total


@dataclass(frozen=True, slots=True)
class RewardModel:
    """A trained model.

    Attributes:
        raw: The scorer before calibration.
        temperature: By which raw scores are divided, so that a difference of two is the log odds of being preferred.
        manifest: What the model was made from.
    """

    raw: Scorer
    temperature: float
    manifest: Mapping[str, Any]
    folder: Path | None = None

    @property
    def model_id(self) -> str:
        """Hash of the weights."""
        return str(self.manifest.get("model_id", ""))

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        """Calibrated scores: the same for one text wherever it is scored.

        Raises:
            ValueError: prompts and answers are not of one length.
        """
        if len(prompts) != len(answers):
            raise ValueError(f"{len(prompts)} prompts and {len(answers)} answers")
        return np.asarray(self.raw.scores(prompts, answers) / self.temperature)

    def trained_groups(self) -> Mapping[str, str]:
        """Prompt groups that the training has seen, with their fold."""
        return {} if self.folder is None else trained_groups(self.folder)


def trained_groups(folder: Path) -> Mapping[str, str]:
    """Prompt groups that the model of a folder was trained on, with their fold; empty where it does not say."""
    if not (folder / GROUPS).is_file():
        return {}
    found: dict[str, str] = json.loads((folder / GROUPS).read_text(encoding="utf-8"))
    return found


def open_model(folder: Path, *, threads: int | None = None) -> RewardModel:
    """A verified model from its folder.

    Args:
        threads: Of a transformer; None leaves it to the library.

    Raises:
        PermanentError: no model, a damaged one, or one that needs what is not installed.
    """
    manifest = read_manifest(folder)
    if manifest.get("kind") not in list(ModelKind):
        raise PermanentError(f"{folder} holds a model of kind {manifest.get('kind')}, which scores nothing.")
    try:
        parts: Mapping[str, Mapping[str, Any]] = manifest["parts"]
        opened = {name: _part(folder / name, name, threads) for name in parts}
        raw: Scorer
        if len(opened) == 1:
            (raw,) = opened.values()
        else:
            raw = Sum(tuple((scorer, float(parts[name]["temperature"])) for name, scorer in opened.items()))
        return RewardModel(raw, float(manifest["temperature"]), manifest, folder)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise PermanentError(f"{folder} cannot be opened: {error}.", hint="Train the model again.") from error


def _part(folder: Path, name: str, threads: int | None) -> Scorer:
    if name == ModelKind.LINEAR:
        return LinearModel.load(folder)
    if name == ModelKind.TRANSFORMER:
        require_torch()
        from vitrina.reward.transformer.scoring import TransformerScorer

        return TransformerScorer.load(folder, threads=threads)
    raise ValueError(f"it has a part {name!r} that this program does not know")


def require_torch(
    what: str = "A transformer reward model", instead: str = "; --kind linear needs nothing more"
) -> None:
    """Refuse, with what to do, where the training group is not installed.

    Args:
        what: It is for.
        instead: What can be had without, if anything; the end of the hint.

    Raises:
        PermanentError: a library of it is missing.
    """
    from importlib.util import find_spec

    missing = [name for name in ("torch", "transformers", "trl", "datasets", "peft") if find_spec(name) is None]
    if missing:
        raise PermanentError(
            f"{what} needs libraries that are not installed: {', '.join(missing)}.",
            hint=f"`make train-env` installs them (about 1.5 GB){instead}.",
        )
