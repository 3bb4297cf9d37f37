"""A reward model chooses among texts of the kind that it was trained on, and among no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models_registry.test_services import GOOD
from tests.reward.made import made
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.models_registry.rewards import TrainingFiles, command, learned_contracts
from vitrina.objects import FolderStore
from vitrina.preferences.champion import champion_or_why, find_champion, find_scorer, trained_contracts
from vitrina.preferences.formats import load
from vitrina.preferences.policy import find_policy
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One model that says on what it was trained, and one that does not."""
    folder = tmp_path_factory.mktemp("contracts")
    loaded = load([made(folder, 120)])
    found = {}
    for name, notes in (("card", {"contracts": ["card"], "run": "r1"}), ("silent", {})):
        model = train(loaded, Plan(folder / name, ModelKind.LINEAR, seed=len(found), notes=notes))
        assert model.folder is not None
        found[name] = model.folder
    return found


def promote(store: FolderStore, folder: Path) -> RegisteredModel:
    row = services.register(store, folder, RegisteredModel.Role.REWARD, report={}, rules=GOOD)
    services.promote(row, by=services.GATE)
    return row


def test_the_manifest_says_on_what_kind_of_text_a_model_was_trained(
    settings: Settings, tmp_path: Path, trained: dict[str, Path]
) -> None:
    store = FolderStore(tmp_path / "objects")
    assert find_champion(store, settings, "card").note == "no reward model was promoted yet"
    row = promote(store, trained["card"])
    assert row.manifest["contracts"] == ["card"]
    assert row.manifest["notes"] == {"run": "r1"}
    assert "kinds of text: card" in (trained["card"] / "README.md").read_text(encoding="utf-8")
    assert find_scorer(store, settings, "card") is not None
    assert find_scorer(store, settings) is not None
    refused = find_champion(store, settings, "description")
    assert refused.champion is None
    assert "trained on card, not on description" in refused.note


def test_a_model_that_does_not_say_is_taken_for_any_and_it_is_told(
    settings: Settings, tmp_path: Path, trained: dict[str, Path]
) -> None:
    store = FolderStore(tmp_path / "objects")
    promote(store, trained["silent"])
    for contract in ("card", "description"):
        found = find_champion(store, settings, contract)
        assert found.champion is not None
        assert "does not say" in found.note


def test_a_damaged_champion_stops_nothing_that_is_published(
    settings: Settings, tmp_path: Path, trained: dict[str, Path]
) -> None:
    store = FolderStore(tmp_path / "objects")
    row = promote(store, trained["card"])
    store.put(f"{row.prefix}/manifest.json", b"{}")
    with pytest.raises(PermanentError):
        find_champion(store, settings, "card")
    found = champion_or_why(store, settings, "card")
    assert found.champion is None
    assert "cannot be used" in found.note


def test_what_needs_torch_is_left_alone_where_it_is_not_installed(
    settings: Settings, tmp_path: Path, trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "objects")
    row = promote(store, trained["card"])
    RegisteredModel.objects.filter(pk=row.pk).update(kind="ensemble")
    monkeypatch.setattr("vitrina.preferences.champion.find_spec", lambda _: None)
    found = find_champion(store, settings, "card")
    assert found.champion is None
    assert "make train-env" in found.note


def test_a_policy_never_writes_a_full_description(settings: Settings, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "objects")
    assert "never a description" in find_policy(store, settings, "description").note
    assert find_policy(store, settings, "card").note == "no policy was promoted yet"


def test_contracts_come_from_the_rows_of_the_dataset() -> None:
    files = TrainingFiles((Path("a"),), (Path("b"),), "v1", ("card",))
    words = command(files, Path("out"), kind=None, seed=0, settings={}, champion=None, notes={"run": "r"})
    assert words[words.index("--notes") + 1] == '{"run": "r", "contracts": ["card"]}'
    assert trained_contracts({"notes": {"contracts": ["card"]}}) == {"card"}
    assert trained_contracts({}) == frozenset()


def test_a_few_rows_make_no_judge_of_their_kind() -> None:
    assert learned_contracts(["card"] * 900 + ["description"] * 7) == ("card",)
    assert learned_contracts(["card"] * 900 + ["description"] * 150 + [""] * 9) == ("card", "description")
    assert learned_contracts(["card"] * 40 + ["description"] * 7) == ("card",)
    assert learned_contracts(["", ""]) == ()
