"""``vitrina policy`` from the shell."""

import json

import pytest
from typer.testing import CliRunner

from tests.policy.folders import policy_folder, sft_folder
from tests.policy.planted import babbling, better
from tests.reward.made import made
from vitrina.cli.main import app
from vitrina.errors import PermanentError
from vitrina.objects import FolderStore


def run(*words, text=""):
    result = CliRunner().invoke(app, ["policy", *map(str, words)], input=text)
    return result.exit_code, result.stdout, result.exception


@pytest.fixture
def registered(database, settings, tmp_path):
    """A sound policy in use, an over-optimised candidate, and an SFT model."""
    from vitrina.models_registry import policies
    from vitrina.models_registry.models import Promotion, RegisteredModel

    def clean():
        Promotion.objects.all().delete()
        RegisteredModel.objects.all().delete()

    clean()
    store = FolderStore(tmp_path / "objects")
    folders = [
        policy_folder(tmp_path / "good", better, weights=b"good"),
        policy_folder(tmp_path / "bad", babbling, weights=b"bad"),
        sft_folder(tmp_path / "sft"),
    ]
    yield [
        policies.take(store, folder, dataset_version="v1", run_id="", promote=True)[0].model_id for folder in folders
    ]
    clean()


def test_models_are_listed_with_what_the_gate_said(registered):
    code, out, _ = run("models", "--json")
    assert code == 0
    by = {each["model"]: each for each in json.loads(out)["models"]}
    good, bad, sft = (by[name] for name in registered)
    assert (good["status"], good["gate"], good["prompts"]) == ("champion", "met", 120)
    assert (bad["status"], bad["role"]) == ("candidate", "policy")
    assert "does_not_repeat" in bad["gate"]
    assert (sft["role"], sft["algorithm"], sft["status"]) == ("sft", "sft", "champion")
    assert "RLOO" in run("models")[1].upper()


def test_what_the_gate_refused_needs_a_signature_and_can_be_rolled_back(registered):
    good, bad, _ = registered
    assert "does_not_repeat" in str(run("promote", bad[:12])[2])
    code, out, _ = run("promote", bad[:12], "--by", "anna", "--reason", "a try", "--json")
    assert (code, json.loads(out)["overridden"]) == (0, True)
    code, out, _ = run("roll-back", "--by", "anna", "--json")
    assert (code, json.loads(out)["model"]) == (0, good)
    assert "There was no sft champion" in str(run("roll-back", "--role", "sft")[2])


@pytest.mark.parametrize("wrong", ["{", "[1]"])
def test_settings_that_are_no_json_object_are_refused(tmp_path, wrong):
    words = ["sft", "--train", made(tmp_path, 20), "--out", tmp_path / "model", "--settings", wrong]
    error = run(*words)[2]
    assert isinstance(error, PermanentError)
    assert "epochs" in str(error)


def test_it_writes_from_the_shell(writer_folder):
    words = ["write", writer_folder, "Чайник", "-", "--samples", 2, "--seed", 3, "--json"]
    code, out, _ = run(*words, text="Лампа")
    texts = json.loads(out)["texts"]
    assert code == 0
    assert [each["prompt"] for each in texts] == ["Чайник", "Чайник", "Лампа", "Лампа"]
    assert run(*words, text="Лампа")[1] == out


def test_a_folder_that_holds_no_writer_is_named(tmp_path, torch_is_here):
    assert "holds no model that writes" in str(run("write", tmp_path, "Чайник")[2])


def test_a_model_that_writes_is_not_taken_for_one_that_scores(tmp_path):
    from vitrina.reward.models import open_model

    with pytest.raises(PermanentError, match="kind sft, which scores nothing"):
        open_model(sft_folder(tmp_path / "sft"))
