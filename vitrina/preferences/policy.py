"""The trained policy in use, as one of the writers.

Belongs here: from the registry to a writer, verified before use. Stays out: training, the process that holds torch
(``vitrina.serving``). A policy writes short cards and nothing else: full descriptions are for pretrained models.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from vitrina.config import Settings
from vitrina.errors import VitrinaError
from vitrina.llm.gateway import Gateway
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.preferences.writers import Writer

CONTRACT = "card"
#: As policies are sampled in training.
TEMPERATURE = 1.0


@dataclass(frozen=True, slots=True)
class FoundPolicy:
    """The policy as a writer, or why there is none. ``note`` is for people in both cases."""

    writer: Writer | None
    note: str


def find_policy(store: ObjectStore, settings: Settings, contract: str) -> FoundPolicy:
    """The promoted policy for texts of this contract; one that cannot be used is none, and the note says why."""
    if contract != CONTRACT:
        return FoundPolicy(None, f"a trained policy writes cards, never a {contract}")
    row = services.champion(RegisteredModel.Role.POLICY)
    if row is None:
        return FoundPolicy(None, "no policy was promoted yet")
    trained = row.manifest.get("contract", CONTRACT)
    if trained != contract:
        return FoundPolicy(None, f"{row} was trained on {trained}, not on {contract}")
    if find_spec("torch") is None:
        return FoundPolicy(None, f"{row} needs torch, which is not installed: `make train-env` adds it")
    try:
        folder = services.fetch(store, row, settings.vitrina_home / "training" / "models")
    except (VitrinaError, OSError) as error:
        return FoundPolicy(None, f"{row} cannot be used: {error}")
    writer = Writer(
        f"policy-{row.model_id[:8]}", model=f"policy/{folder.name}", temperature=TEMPERATURE, seed=1, served=True
    )
    return FoundPolicy(writer, str(row))


@contextmanager
def policy_gateway(settings: Settings, writer: Writer | None, *, run_id: str = "") -> Iterator[Gateway | None]:
    """Where a policy is asked; ``None`` without one. The process behind it starts at the first question."""
    if writer is None:
        yield None
        return
    from vitrina.serving.gateway import served_gateway

    with served_gateway(settings, str(writer.model), run_id=run_id) as gateway:
        yield gateway
