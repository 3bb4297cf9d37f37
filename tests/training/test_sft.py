"""Teaching a model to write by examples, really, at a small size."""

import json

import pytest

from tests.reward.made import made
from tests.training.writers import SFT, Interrupted, examples, sft_plan, stop_at
from vitrina.errors import PermanentError, RetryableError
from vitrina.policy import storage
from vitrina.policy.sft import train
from vitrina.training.sft import main
from vitrina.training.telling import BAD_INPUT

pytestmark = pytest.mark.usefixtures("torch_is_here")


@pytest.fixture(scope="module")
def taught(tmp_path_factory, torch_is_here):
    folder, told = tmp_path_factory.mktemp("sft"), []
    manifest = train(examples(folder), sft_plan(folder / "model"), lambda *each: told.append(each))
    return folder / "model", manifest, told


def test_it_learns_and_says_so(taught):
    folder, manifest, told = taught
    assert storage.read(folder, kind=storage.WriterKind.SFT) == manifest
    losses = [epoch["loss_per_token"] for epoch in manifest["history"]]
    assert losses[-1] < losses[0] < 6
    assert manifest["best_epoch"] == 2
    assert {stage for stage, _ in told} >= {"split", "tokens", "step", "validation", "checkpoint", "done"}
    steps = [figures for stage, figures in told if stage == "step"]
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_all_that_weights_depend_on_stands_in_the_manifest(taught):
    _, manifest, _ = taught
    assert manifest["settings"]["learning_rate"] == 3e-3
    assert manifest["data"]["over_long"] > 0
    assert manifest["data"]["n_examples"] == 240
    assert manifest["code"]["trl"]
    assert manifest["speed"]["tokens"] > 1_000
    assert not [name for name in manifest["files"] if name.endswith((".bin", ".pt", ".pth", ".pkl"))]
    assert "in_work" not in json.dumps(manifest["files"])


def test_nothing_in_the_folder_names_where_it_was_made(taught):
    folder, _, _ = taught
    for path in folder.rglob("*.json"):
        assert str(folder.parent) not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("step", [3, 15])
def test_an_interrupted_training_comes_to_the_same_weights(taught, tmp_path, step):
    _, manifest, _ = taught
    with pytest.raises(Interrupted):
        train(examples(tmp_path), sft_plan(tmp_path / "model"), stop_at(step))
    with pytest.raises(PermanentError, match="interrupted"):
        storage.read(tmp_path / "model")
    told = []
    again = train(examples(tmp_path), sft_plan(tmp_path / "model"), lambda *each: told.append(each))
    assert ("resumed", {"checkpoint": f"checkpoint-{step}"}) in told
    assert again["model_id"] == manifest["model_id"]
    assert [epoch["loss_per_token"] for epoch in again["history"]] == [
        epoch["loss_per_token"] for epoch in manifest["history"]
    ]


def test_told_to_stop_it_saves_and_says_that_it_goes_on(taught, tmp_path):
    import os
    import signal

    def stop(stage, figures):
        if stage == "checkpoint":
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(RetryableError):
        train(examples(tmp_path), sft_plan(tmp_path / "model"), stop)
    assert train(examples(tmp_path), sft_plan(tmp_path / "model"))["model_id"] == taught[1]["model_id"]


def test_a_finished_folder_of_the_same_plan_is_found(taught, tmp_path):
    folder, manifest, _ = taught
    told = []
    again = train(examples(tmp_path), sft_plan(folder), lambda stage, _: told.append(stage))
    assert told == ["found finished"]
    assert again == manifest
    with pytest.raises(PermanentError, match="already"):
        train(examples(tmp_path, 200), sft_plan(folder))


def test_the_process_refuses_bad_input_with_a_sentence(tmp_path, capsys):
    few = str(made(tmp_path, 40))
    for more, why in (([], "60 more are needed"), (["--settings", '{"widht": 3}'], "widht")):
        assert main(["--train", few, "--out", str(tmp_path / "model"), *more]) == BAD_INPUT
        assert why in json.loads(capsys.readouterr().err.splitlines()[-1])["why"]


def test_texts_that_are_all_too_long_are_said(tmp_path):
    from dataclasses import replace

    plan = replace(sft_plan(tmp_path / "model"), settings=replace(SFT, answer_length=2))
    with pytest.raises(PermanentError, match="answer_length"):
        train(examples(tmp_path), plan)
