"""The registry: one champion for a role, signed overrides, a way back, and nothing used that was not registered."""

import json
import shutil

import pytest

from tests.reward.made import made
from vitrina.errors import PermanentError
from vitrina.objects import FolderStore
from vitrina.preferences.formats import load
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, open_model
from vitrina.reward.storage import file_hash, write_card

GOOD = [{"name": "accuracy", "passed": True, "measured": 0.8, "needed": "more"}]
BAD = [{"name": "accuracy", "passed": False, "measured": 0.4, "needed": "more"}]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry")
    found = []
    for seed in range(3):
        loaded = load([made(folder, 120, seed=seed)])
        found.append(train(loaded, Plan(folder / f"model{seed}", ModelKind.LINEAR)).folder)
    return found


@pytest.fixture
def registry(database, tmp_path):
    from vitrina.models_registry import services
    from vitrina.models_registry.models import Promotion, RegisteredModel

    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()
    store = FolderStore(tmp_path / "objects")
    role = RegisteredModel.Role.REWARD

    def register(folder, rules=GOOD):
        return services.register(store, folder, role, report={"accuracy": 0.8}, rules=rules, dataset_version="v1")

    yield services, store, role, register
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()


def test_a_model_that_passed_is_promoted_and_the_former_one_retired(registry, folders):
    services, _, role, register = registry
    first, second = register(folders[0]), register(folders[1])
    assert services.champion(role) is None
    services.promote(first, by=services.GATE)
    assert services.promote(first, by=services.GATE) is None
    services.promote(second, by=services.GATE)
    first.refresh_from_db()
    assert services.champion(role) == second
    assert first.status == "retired"


def test_registering_twice_is_one_row_that_keeps_its_status(registry, folders):
    from vitrina.models_registry.models import RegisteredModel

    services, store, role, register = registry
    services.promote(register(folders[0]), by=services.GATE)
    before = [info.key for info in store.list("")]
    register(folders[0])
    assert RegisteredModel.objects.count() == 1
    assert services.champion(role).status == "champion"
    assert [info.key for info in store.list("")] == before


def test_the_card_and_the_evaluation_go_along_and_change_no_model(registry, folders, tmp_path):
    services, store, _, register = registry
    folder = shutil.copytree(folders[0], tmp_path / "judged")
    before = register(folder)
    assert store.get(f"{before.prefix}/README.md") == (folder / "README.md").read_bytes()
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / "report.json").write_text("{}")
    (folder / "evaluation" / "elsewhere").symlink_to("/etc/hostname")
    write_card(folder, "# Judged\n")
    after = register(folder)
    assert (after.pk, after.model_id, after.prefix) == (before.pk, before.model_id, before.prefix)
    assert store.get(f"{after.prefix}/README.md") == b"# Judged\n"
    assert store.get(f"{after.prefix}/evaluation/report.json") == b"{}"
    assert not [info.key for info in store.list("") if info.key.endswith("elsewhere")]
    assert open_model(services.fetch(store, after, tmp_path / "cache")).model_id == before.model_id


def test_a_folder_that_lists_its_card_keeps_it_and_stays_whole(folders, tmp_path):
    folder = shutil.copytree(folders[0], tmp_path / "former")
    manifest = json.loads((folder / "manifest.json").read_text())
    card = folder / "README.md"
    manifest["files"]["README.md"] = {"sha256": file_hash(card), "bytes": card.stat().st_size}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    write_card(folder, "# Another\n")
    assert open_model(folder).model_id == manifest["model_id"]


@pytest.mark.parametrize(
    ("by", "reason"),
    [("gate", "please"), (" Gate", "please"), ("anna", ""), ("", "because"), (" ", "because"), ("anna", "  ")],
)  # fmt: skip
def test_what_the_gate_refused_needs_a_signed_reason(registry, folders, by, reason):
    services, _, role, register = registry
    with pytest.raises(services.NotPromoted, match="accuracy"):
        services.promote(register(folders[0], BAD), by=by, reason=reason)
    assert services.champion(role) is None


def test_a_person_may_override_the_gate_and_that_is_kept(registry, folders):
    services, _, _, register = registry
    done = services.promote(register(folders[0], BAD), by="anna", reason="the old one fails on shoes")
    assert (done.overridden, done.decided_by) == (True, "anna")


def test_rolling_back_leads_to_older_and_older_champions(registry, folders):
    services, _, role, register = registry
    models = [register(folder) for folder in folders]
    for model in models:
        services.promote(model, by=services.GATE)
    services.roll_back(role, by="anna", reason="complaints")
    assert services.champion(role) == models[1]
    services.roll_back(role, by="anna")
    assert services.champion(role) == models[0]
    with pytest.raises(PermanentError, match="no reward champion before"):
        services.roll_back(role, by="anna")


def test_a_fetched_model_scores_as_the_one_that_was_registered(registry, folders, tmp_path):
    services, store, _, register = registry
    row = register(folders[0])
    folder = services.fetch(store, row, tmp_path / "cache")
    texts = ["Вес 540 г.", "Лучший в мире."]
    assert (
        open_model(folder).scores(["", ""], texts).tolist() == open_model(folders[0]).scores(["", ""], texts).tolist()
    )
    assert services.fetch(store, row, tmp_path / "cache") == folder
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


@pytest.mark.parametrize("name", ["manifest.json", "linear/weights.npz"])
def test_a_model_that_was_changed_in_the_store_is_not_used(registry, folders, tmp_path, name):
    services, store, _, register = registry
    row = register(folders[0])
    store.put(f"{row.prefix}/{name}", store.get(f"{row.prefix}/{name}") + b" ")
    with pytest.raises(PermanentError):
        services.fetch(store, row, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_copy_that_was_changed_later_is_fetched_again(registry, folders, tmp_path):
    services, store, _, register = registry
    row = register(folders[0])
    folder = services.fetch(store, row, tmp_path / "cache")
    (folder / "linear" / "linear.json").write_text("{}")
    with pytest.raises(PermanentError):
        services.fetch(store, row, tmp_path / "cache")
    assert services.fetch(store, row, tmp_path / "cache") == folder


def test_a_beginning_of_an_id_is_enough_and_a_wrong_one_is_told(registry, folders):
    services, _, role, register = registry
    row = register(folders[0])
    assert services.found(role, row.model_id[:8]) == row
    with pytest.raises(PermanentError, match="No reward model"):
        services.found(role, "zzz")
    with pytest.raises(PermanentError, match="vitrina policy models"):
        services.found(type(role).POLICY, "zzz")


def test_there_are_never_two_champions(registry, folders):
    from django.db import IntegrityError, transaction

    from vitrina.models_registry.models import RegisteredModel

    services, _, _, register = registry
    services.promote(register(folders[0]), by=services.GATE)
    second = register(folders[1])
    with pytest.raises(IntegrityError), transaction.atomic():
        RegisteredModel.objects.filter(pk=second.pk).update(status="champion")


def test_the_commands_list_promote_and_roll_back(registry, folders):
    from typer.testing import CliRunner

    from vitrina.cli.main import app

    def run(*words):
        result = CliRunner().invoke(app, ["reward", *words, "--json"])
        return (json.loads(result.stdout) if result.exit_code == 0 else None), result.exception

    services, _, role, register = registry
    first, second = register(folders[0]), register(folders[1], BAD)
    assert run("promote", first.model_id[:10])[0]["changed"]
    assert "reason" in str(run("promote", second.model_id)[1])
    assert "--by" in str(run("promote", second.model_id, "--reason", "shoes")[1].hint)
    assert run("promote", second.model_id, "--by", "anna", "--reason", "shoes")[0]["overridden"]
    told = {each["model"]: each["status"] for each in run("models")[0]["models"]}
    assert told == {first.model_id: "retired", second.model_id: "champion"}
    assert run("roll-back", "--by", "anna")[0]["model"] == first.model_id
    assert services.champion(role) == first
