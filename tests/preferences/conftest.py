"""A trained policy and its SFT model, planted: what tests of both at the desk share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.policy.folders import policy_folder, sft_folder
from tests.policy.planted import better
from vitrina.config import Settings
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.models_registry import policies
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore, open_store
from vitrina.policy.texts import Written
from vitrina.preferences import policy
from vitrina.serving.app import ServedModels
from vitrina.serving.shelf import Shelf

TOKEN = "token"


@dataclass
class Speaker:
    """Says its prompt's facts: the policy in their order, the SFT model from the last to the first.

    ``breaks``: of which prompts it says too little for a card.
    """

    backwards: bool
    breaks: Callable[[str], bool] = lambda _: False

    def write(self, prompts: Sequence[str], **_: Any) -> list[list[Written]]:
        found = []
        for prompt in prompts:
            facts = [line.partition(": ")[2] for line in prompt.splitlines()[1:]]
            facts = facts[::-1] if self.backwards else facts
            opening = "Что говорят о товаре" if self.backwards else "Что известно о товаре"
            said = f"{opening}: {'. '.join(facts)}. Ещё раз о том же: {', '.join(facts)}."[:380]
            found.append([Written("Мало." if self.breaks(prompt) else said, True, ())])
        return found


def served_here(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch, open_writer: Callable[[Path], Any]
) -> None:
    """The service of trained models answers in this process, with what ``open_writer`` makes of a model's folder."""
    models = settings.vitrina_home / "training" / "models"
    app = ServedModels(Shelf(models, open_writer=open_writer), token=TOKEN).app

    async def with_token(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"].append((b"authorization", f"Bearer {TOKEN}".encode()))
        await app(scope, receive, send)

    def served(settings: Settings, model: str, *, run_id: str = "") -> Gateway:
        config = GatewayConfig(model=model, cache_scope="serve-models/1", run_id=run_id)
        return Gateway(config, PostgresLedger(database), service=with_token)

    monkeypatch.setattr("vitrina.serving.gateway.served_gateway", served)
    monkeypatch.setattr(policy, "find_spec", lambda _: object())


@pytest.fixture(scope="session")
def trained_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An SFT model, and a sound policy that came from it."""
    folder = tmp_path_factory.mktemp("trained")
    sft = sft_folder(folder / "sft")
    start = json.loads((sft / "manifest.json").read_text(encoding="utf-8"))["model_id"]
    return sft, policy_folder(folder / "policy", better, sft_model_id=start)


@pytest.fixture
def served_store(settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The platform's store, and trained models that answer in this process."""
    kinds = {"sft": Speaker(backwards=True), "policy": Speaker(backwards=False)}

    def opened(folder: Path) -> Speaker:
        return kinds[json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["kind"]]

    served_here(settings, database, monkeypatch, opened)
    return open_store(settings)


def registered(store: ObjectStore, folders: tuple[Path, Path]) -> RegisteredModel:
    """Both models; the policy is a candidate."""
    policies.take(store, folders[0], dataset_version="v1", run_id="", promote=True)
    row, _ = policies.take(store, folders[1], dataset_version="v1", run_id="", promote=False)
    return row


@pytest.fixture
def candidate(served_store: ObjectStore, trained_folders: tuple[Path, Path]) -> RegisteredModel:
    """A policy that all other rules of the gate let through."""
    return registered(served_store, trained_folders)
