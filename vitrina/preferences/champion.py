"""The reward model in use, as choosing pairs and choosing texts need it.

Belongs here: the one place where texts meet trained reward models, of whatever kind. Stays out: training, the registry
of models, the process that holds torch (``vitrina.serving``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from vitrina.config import Settings
from vitrina.errors import VitrinaError
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.reward.models import ModelKind, open_model


class Scores(Protocol):
    """Anything that gives a number to each text."""

    def scores(self, prompts: Sequence[str], answers: Sequence[str], /) -> Any:
        """One number for each answer, higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class Champion:
    """A reward model that is in use.

    Attributes:
        model: Opened in this process, or asked in the ``serve-models`` process.
        contracts: Kinds of text that it was trained on; empty: not known, so taken for any.
    """

    model: Scores
    model_id: str
    kind: str
    contracts: frozenset[str] = frozenset()

    def scores(self, prompts: Sequence[str], texts: Sequence[str]) -> Sequence[float]:
        """A calibrated number for each text; higher is better."""
        return [float(score) for score in self.model.scores(prompts, texts)]

    def margins(self, pairs: Sequence[tuple[str, str, str]]) -> Sequence[float]:
        """Calibrated score of the first text minus that of the second, of (prompt, first, second)."""
        prompts = [prompt for prompt, _, _ in pairs]
        both = self.scores([*prompts, *prompts], [pair[side] for side in (1, 2) for pair in pairs])
        return [first - second for first, second in zip(both, both[len(pairs) :], strict=False)]


@dataclass(frozen=True, slots=True)
class Found:
    """The champion, or why there is none for this use. ``note`` is for people in both cases."""

    champion: Champion | None
    note: str


#: Where one writer writes one text: no model is opened for nothing.
ONE_TEXT = Found(None, "not asked: there is one text for each product")


def trained_contracts(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Kinds of text that a model was trained on, by its manifest; empty where it does not say."""
    named = manifest.get("contracts") or (manifest.get("notes") or {}).get("contracts") or ()
    return frozenset(str(name) for name in named if name)


def find_champion(store: ObjectStore, settings: Settings, contract: str | None = None) -> Found:
    """The champion among the reward models for texts of this contract, verified before use.

    Args:
        contract: ``card`` or ``description``; ``None`` for any.

    Raises:
        PermanentError: What lies in the store is not what was registered.
    """
    row = services.champion(RegisteredModel.Role.REWARD)
    if row is None:
        return Found(None, "no reward model was promoted yet")
    contracts = trained_contracts(row.manifest)
    if contract is not None and contracts and contract not in contracts:
        return Found(None, f"{row} was trained on {' and '.join(sorted(contracts))}, not on {contract}")
    if row.kind != ModelKind.LINEAR and find_spec("torch") is None:
        return Found(None, f"{row} needs torch, which is not installed: `make train-env` adds it")
    folder = services.fetch(store, row, settings.vitrina_home / "training" / "models")
    model: Scores
    if row.kind == ModelKind.LINEAR:
        model = open_model(folder)
    else:
        from vitrina.serving.client import ServedReward

        model = ServedReward(folder.name, settings)
    told = f"{row}" if contracts else f"{row}; its manifest does not say on what kind of text it was trained"
    return Found(Champion(model, row.model_id, row.kind, contracts), told)


def find_scorer(store: ObjectStore, settings: Settings, contract: str | None = None) -> Champion | None:
    """As :func:`find_champion`, the model alone.

    Raises:
        PermanentError: What lies in the store is not what was registered.
    """
    return find_champion(store, settings, contract).champion


def champion_or_why(store: ObjectStore, settings: Settings, contract: str) -> Found:
    """As :func:`find_champion`; a model that cannot be used is none, and the note says why: publishing goes on."""
    try:
        return find_champion(store, settings, contract)
    except (VitrinaError, OSError) as error:
        return Found(None, f"the reward model cannot be used: {error}")
