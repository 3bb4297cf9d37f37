"""Trained models that write, as writers: the policy in use, and any registered one.

Belongs here: from the registry to a writer, verified before use. Stays out: training, the process that holds torch
(``vitrina.serving``). A policy writes short cards and nothing else: full descriptions are for pretrained models.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.llm.gateway import Gateway
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.preferences.writers import Writer, trained_name

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
    try:
        return FoundPolicy(trained_writer(store, settings, row), str(row))
    except NotUsable as error:
        return FoundPolicy(None, str(error))
    except (VitrinaError, OSError) as error:
        return FoundPolicy(None, f"{row} cannot be used: {error}")


class NotUsable(PermanentError):
    """A model that writes other texts, or libraries that are missing here."""


def trained_writer(store: ObjectStore, settings: Settings, row: RegisteredModel) -> Writer:
    """A registered policy or SFT model as a writer of cards, which the ``serve-models`` process answers.

    Raises:
        NotUsable: it was trained on other texts, or torch is not installed.
        PermanentError: what lies in the store is not what was registered.
    """
    trained = row.manifest.get("contract", CONTRACT)
    if trained != CONTRACT:
        raise NotUsable(f"{row} was trained on {trained}, not on {CONTRACT}")
    if find_spec("torch") is None:
        raise NotUsable(f"{row} needs torch, which is not installed: `make train-env` adds it")
    folder = services.fetch(store, row, settings.vitrina_home / "training" / "models")
    name = trained_name(row.role, row.model_id)
    return Writer(name, model=f"policy/{folder.name}", temperature=TEMPERATURE, seed=1, trained=row.model_id)


@contextmanager
def policy_gateway(settings: Settings, writer: Writer | None, *, run_id: str = "") -> Iterator[Gateway | None]:
    """Where a policy is asked; ``None`` without one. The process behind it starts at the first question."""
    if writer is None:
        yield None
        return
    from vitrina.serving.gateway import served_gateway

    with served_gateway(settings, str(writer.model), run_id=run_id) as gateway:
        yield gateway
