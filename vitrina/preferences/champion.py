"""The reward model that helps to choose pairs.

Belongs here: the one place where choosing pairs meets trained models. Stays out: training, and the registry of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.config import Settings
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.preferences.selection import Scorer
from vitrina.reward.models import ModelKind, RewardModel, open_model


@dataclass(frozen=True, slots=True)
class Champion:
    """A reward model as choosing pairs needs it."""

    model: RewardModel

    def margins(self, pairs: Sequence[tuple[str, str, str]]) -> Sequence[float]:
        """Calibrated score of the first text minus that of the second, of (prompt, first, second)."""
        prompts = [prompt for prompt, _, _ in pairs]
        first, second = (self.model.scores(prompts, [pair[side] for pair in pairs]) for side in (1, 2))
        return [float(margin) for margin in first - second]


def find_scorer(store: ObjectStore, settings: Settings) -> Scorer | None:
    """The champion among the reward models, verified; ``None`` while none was promoted.

    A champion that needs torch is not used here: no process of the orchestrator imports it.

    Raises:
        PermanentError: What lies in the store is not what was registered.
    """
    row = services.champion(RegisteredModel.Role.REWARD)
    if row is None or row.kind != ModelKind.LINEAR:
        return None
    return Champion(open_model(services.fetch(store, row, settings.vitrina_home / "training" / "models")))
