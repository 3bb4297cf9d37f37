"""The reward model that helps to choose pairs.

Belongs here: the one place where choosing pairs meets trained models. Stays out: training, and the registry of models.
"""

from __future__ import annotations

from vitrina.config import Settings
from vitrina.objects import ObjectStore
from vitrina.preferences.selection import Scorer


def find_scorer(store: ObjectStore, settings: Settings) -> Scorer | None:  # noqa: ARG001 - what a registry needs
    """The champion among the reward models; ``None`` while none was promoted."""
    return None
