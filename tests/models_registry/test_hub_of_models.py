"""Pushing models to the Hub: those in use alone, once, private, with card and plots, and in words when it fails."""

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from tests.fakes.hub_here import hub, must_be_installed
from tests.reward.made import made
from vitrina.cli.main import app
from vitrina.errors import PermanentError
from vitrina.objects import open_store
from vitrina.preferences.formats import load
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, open_model

__all__ = ["hub"]

must_be_installed()
REPO = "shop/model-reward"
RULES = [{"name": "accuracy", "passed": True, "measured": 0.8, "needed": "more"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("pushed")
    model = train(load([made(out, 120)]), Plan(out / "model", ModelKind.LINEAR, notes={"licence": "cc-by-4.0"}))
    (model.folder / "evaluation").mkdir()
    (model.folder / "evaluation" / "accuracy.png").write_bytes(b"png")
    (model.folder / "evaluation" / "report.json").write_text("{}")
    return model.folder


@pytest.fixture
def model(database, settings, hub, folder):
    from vitrina.models_registry import services
    from vitrina.models_registry.models import Promotion, RegisteredModel

    settings.hf_model_repo, settings.hf_endpoint = "shop/model", hub.url
    settings.hf_token = SecretStr(hub.token)
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()
    store = open_store(settings)
    row = services.register(store, folder, RegisteredModel.Role.REWARD, report={}, rules=RULES)
    services.promote(row, by=services.GATE)
    row.refresh_from_db()
    yield row
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()


def pushed(model, settings, tmp_path):
    from vitrina.models_registry.hub import push

    return push(model, open_store(settings), settings, tmp_path / "cache")


def test_the_model_in_use_is_one_commit_in_a_private_repository_and_is_found_again(model, settings, hub, tmp_path):
    done = pushed(model, settings, tmp_path)
    assert (done.repo, done.pushed, hub.private[REPO]) == (REPO, True, True)
    files = hub.files[REPO]
    assert {"README.md", "manifest.json", "groups.json", "evaluation/accuracy.png"} <= set(files)
    assert "evaluation/report.json" not in files
    card = files["README.md"].decode()
    assert card.startswith("---\nlicense: cc-by-4.0\n")
    assert "# Reward model (linear)" in card
    for name, content in files.items():
        (path := tmp_path / "again" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert open_model(tmp_path / "again").model_id == model.model_id
    again = pushed(model, settings, tmp_path)
    assert (again.pushed, again.revision) == (False, done.revision)
    assert len(hub.commits[REPO]) == 2


def test_what_is_not_in_use_stays_at_home(model, settings, hub, tmp_path):
    model.status = "candidate"
    with pytest.raises(PermanentError, match="not in use"):
        pushed(model, settings, tmp_path)
    assert hub.log == []


def test_what_a_person_promotes_or_brings_back_is_pushed_and_a_hub_that_fails_undoes_nothing(model, settings, hub):
    def said(*words):
        done = CliRunner().invoke(app, ["reward", *words, "--json"])
        return done.exit_code, json.loads(done.stdout)["pushed"]

    model.status = "candidate"
    model.save()
    hub.fails = {"/commit/": 50}
    code, words = said("promote", model.model_id[:12])
    assert code == 1
    assert words.startswith("failed: ")
    model.refresh_from_db()
    assert model.status == "champion"
    hub.fails = {}
    assert said("promote", model.model_id[:12]) == (0, f"{REPO}@{hub.commits[REPO][-1]['oid']}")
    assert said("promote", model.model_id[:12])[1].endswith("(stood there already)")
    settings.hf_model_repo = None
    assert said("promote", model.model_id[:12]) == (0, "no repository is set")


def test_a_hub_that_fails_or_is_public_gets_nothing(model, settings, hub, tmp_path):
    from vitrina.preferences.dataset.hub import HubRefused, HubSilent

    hub.fails = {"/commit/": 50}
    with pytest.raises(HubSilent, match="failed"):
        pushed(model, settings, tmp_path)
    hub.fails, hub.private[REPO] = {}, False
    with pytest.raises(HubRefused, match="public") as refused:
        pushed(model, settings, tmp_path)
    assert "HF_MODEL_PUBLIC" in str(refused.value.hint)
    settings.hf_model_public = True
    assert pushed(model, settings, tmp_path).pushed


def test_a_base_that_is_a_folder_of_this_machine_is_not_named(model):
    from vitrina.models_registry.hub import header

    model.manifest["parts"]["linear"]["settings"] = {"base": "/home/anna/base"}
    assert "base_model" not in header(model)
    model.manifest["parts"]["linear"]["settings"] = {"base": "Qwen/Qwen3-0.6B"}
    assert "base_model: Qwen/Qwen3-0.6B" in header(model)
