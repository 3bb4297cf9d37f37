"""Pushing models to the Hub: those in use alone, once, private, with card and plots, and in words when it fails."""

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from tests.fakes.hub_here import hub, must_be_installed
from tests.reward.made import made
from vitrina.cli.main import app
from vitrina.errors import PermanentError
from vitrina.hub import HubRefused, HubSilent
from vitrina.objects import open_store
from vitrina.preferences.formats import load
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, open_model

__all__ = ["hub"]

must_be_installed()
REPO = "shop/model-reward"
RULES = [{"name": "accuracy", "passed": True, "measured": 0.8, "needed": "more"}]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two models; the first has one plot, the second another."""
    out = tmp_path_factory.mktemp("pushed")
    found = []
    for seed, plot in enumerate(("accuracy", "length")):
        plan = Plan(out / f"model{seed}", ModelKind.LINEAR, notes={"licence": "cc-by-4.0"})
        folder = train(load([made(out, 120, seed=seed)]), plan).folder
        (folder / "evaluation").mkdir()
        (folder / "evaluation" / f"{plot}.png").write_bytes(plot.encode())
        (folder / "evaluation" / "report.json").write_text("{}")
        found.append(folder)
    return found


@pytest.fixture
def registered(database, settings, hub, folders):
    """Number of a folder, and a role → the model in use from now on."""
    from vitrina.models_registry import services
    from vitrina.models_registry.models import Promotion, RegisteredModel

    settings.hf_model_repo, settings.hf_endpoint = "shop/model", hub.url
    settings.hf_token = SecretStr(hub.token)
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()

    def promoted(number, role="reward"):
        store = open_store(settings)
        row = services.register(store, folders[number], RegisteredModel.Role(role), report={}, rules=RULES)
        services.promote(row, by=services.GATE)
        row.refresh_from_db()
        return row

    yield promoted
    Promotion.objects.all().delete()
    RegisteredModel.objects.all().delete()


@pytest.fixture
def model(registered):
    return registered(0)


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


def said(*words):
    """Exit code of a command, and what it says of the Hub."""
    done = CliRunner().invoke(app, [*words, "--json"])
    return done.exit_code, json.loads(done.stdout)["pushed"]


def main_branch(hub, repo=REPO):
    """Id of the model on the main branch, and whether its card says that it is in use."""
    files = hub.files[repo]
    card = files["README.md"].decode()
    assert ("**Status: in use.**" in card) is not ("**Status: retired.**" in card)
    return json.loads(files["manifest.json"])["model_id"], "**Status: in use.**" in card


def test_after_a_roll_back_the_main_branch_is_the_champion_s_again_by_one_commit(registered, hub):
    first, second = registered(0), registered(1)
    assert said("reward", "push")[0] == 0
    assert main_branch(hub) == (second.model_id, True)
    assert said("reward", "roll-back", "--by", "anna")[1] == f"{REPO}@{hub.head(REPO)}"
    assert main_branch(hub) == (first.model_id, True)
    assert {"evaluation/accuracy.png"} == {name for name in hub.files[REPO] if name.endswith(".png")}
    assert "anna" not in str(hub.files[REPO]["README.md"])
    commits = len(hub.commits[REPO])
    assert said("reward", "push") == (0, f"{REPO}@{hub.head(REPO)} (stood there already)")
    assert said("reward", "promote", second.model_id)[0] == 0
    assert main_branch(hub) == (second.model_id, True)
    assert (len(hub.commits[REPO]), len(hub.tags[REPO])) == (commits + 1, 2)
    tags = {name[:16]: revision for name, revision in hub.tags[REPO].items()}
    assert tags[second.model_id[:16]] == hub.commits[REPO][1]["oid"], "a tag stays where it was put"


def test_a_roll_back_that_the_hub_did_not_hear_of_is_made_good_by_the_next_push(registered, hub):
    from vitrina.models_registry import services

    first, second = registered(0), registered(1)
    said("reward", "push")
    hub.fails = {"/commit/": 50}
    code, words = said("reward", "roll-back", "--by", "anna")
    assert (code, words[:8]) == (1, "failed: ")
    assert services.champion(first.role) == first
    assert main_branch(hub) == (second.model_id, True), "until the Hub is heard again"
    hub.fails = {}
    assert said("reward", "push") == (0, f"{REPO}@{hub.head(REPO)}")
    assert main_branch(hub) == (first.model_id, True)


def test_a_roll_back_of_what_never_reached_the_hub_makes_no_commit(registered, hub):
    first = registered(0)
    said("reward", "push")
    registered(1)
    commits = len(hub.commits[REPO])
    assert said("reward", "roll-back", "--by", "anna")[1].endswith("(stood there already)")
    assert (main_branch(hub), len(hub.commits[REPO])) == ((first.model_id, True), commits)


def test_without_a_model_in_use_the_last_one_is_called_retired(registered, hub):
    repo = "shop/model-policy"
    policy = registered(0, "policy")
    said("policy", "push")
    assert main_branch(hub, repo) == (policy.model_id, True)
    assert "called retired" in said("policy", "roll-back", "--by", "anna")[1]
    assert main_branch(hub, repo) == (policy.model_id, False)
    commits = len(hub.commits[repo])
    assert said("policy", "push")[1].endswith("(stood there already)")
    assert said("policy", "push", "--role", "sft") == (0, "no model is in use")
    assert (len(hub.commits[repo]), list(hub.private)) == (commits, [repo]), "nothing is made for what never was"
    assert said("policy", "promote", policy.model_id)[0] == 0
    assert main_branch(hub, repo) == (policy.model_id, True)


def test_a_slow_push_does_not_leave_a_model_that_was_retired_meanwhile(registered, settings, hub):
    from vitrina.models_registry import services
    from vitrina.models_registry.hub import push_champion

    first, second = registered(0), registered(1)
    assert services.champion(first.role) == second

    def slow():
        if services.champion(first.role) == second:
            services.roll_back(first.role, by="anna")
        return open_store(settings)

    assert push_champion("reward", slow, settings).said == f"{REPO}@{hub.head(REPO)}"
    assert main_branch(hub) == (first.model_id, True)


def test_a_push_with_nowhere_to_go_says_what_to_set(model, settings):
    settings.hf_model_repo = None
    done = CliRunner().invoke(app, ["reward", "push"])
    assert isinstance(done.exception, PermanentError)
    assert "HF_MODEL_REPO" in str(done.exception)


def test_what_is_not_in_use_stays_at_home(model, settings, hub, tmp_path):
    model.status = "candidate"
    with pytest.raises(PermanentError, match="not in use"):
        pushed(model, settings, tmp_path)
    assert hub.log == []


def test_what_a_person_promotes_or_brings_back_is_pushed_and_a_hub_that_fails_undoes_nothing(model, settings, hub):
    model.status = "candidate"
    model.save()
    hub.fails = {"/commit/": 50}
    code, words = said("reward", "promote", model.model_id[:12])
    assert code == 1
    assert words.startswith("failed: ")
    model.refresh_from_db()
    assert model.status == "champion"
    hub.fails = {}
    assert said("reward", "promote", model.model_id[:12]) == (0, f"{REPO}@{hub.commits[REPO][-1]['oid']}")
    assert said("reward", "promote", model.model_id[:12])[1].endswith("(stood there already)")
    settings.hf_model_repo = None
    assert said("reward", "promote", model.model_id[:12]) == (0, "no repository is set")


def test_a_hub_that_fails_or_is_public_gets_nothing(model, settings, hub, tmp_path):
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
