"""Transformer reward models, really trained, at a small size."""

import json
import signal
import socket
from dataclasses import replace

import numpy as np
import pytest

from tests.reward.made import made, pairs, write
from tests.training.killing import killed
from vitrina.errors import PermanentError, RetryableError
from vitrina.preferences.formats import load
from vitrina.reward.evaluation import evaluate
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, open_model
from vitrina.reward.transformer.settings import TransformerSettings

pytestmark = pytest.mark.usefixtures("torch_is_here")
SMALL = TransformerSettings(
    width=32, layers=1, heads=2, vocabulary=400, max_length=96, prompt_length=16, epochs=2, batch=16,
    learning_rate=3e-3, checkpoint_steps=5, threads=1,
)  # fmt: skip


class Interrupted(Exception):
    """Ends a training as a kill would, at a place that the test chooses."""


def stop_at(step):
    def progress(stage, figures):
        if stage == "checkpoint" and figures["step"] >= step:
            raise Interrupted

    return progress


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pairs"), 300)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("ensemble") / "model"
    told = []
    return train(
        load([data]), Plan(folder, ModelKind.ENSEMBLE, transformer=SMALL), lambda *each: told.append(each)
    ), told


@pytest.fixture(scope="module")
def straight(tmp_path_factory, data):
    """The same training without any interruption: what every resumed one must come to."""
    return train(
        load([data]), Plan(tmp_path_factory.mktemp("straight") / "model", ModelKind.TRANSFORMER, transformer=SMALL)
    )


def test_an_ensemble_learns_the_rubric_and_is_kept_whole(trained, tmp_path):
    model, told = trained
    report = evaluate(model, load([made(tmp_path, 300, seed=1)]))
    assert report["accuracy_low"] > 0.75
    assert report["antisymmetry_error"] < 1e-5
    assert set(model.manifest["parts"]) == {"linear", "transformer"}
    files = {path.relative_to(model.folder).as_posix() for path in model.folder.rglob("*") if path.is_file()}
    assert "transformer/model.safetensors" in files
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pth", ".pkl"))]
    assert {stage for stage, _ in told} >= {"split", "linear", "tokens", "step", "validation", "checkpoint", "done"}


def test_the_best_epoch_on_validation_is_kept(trained):
    part = trained[0].manifest["parts"]["transformer"]
    assert [each["epoch"] for each in part["history"]] == [1, 2]
    assert part["best_epoch"] == min(part["history"], key=lambda each: each["log_loss"])["epoch"]


def test_a_text_scores_the_same_alone_among_others_and_after_opening_again(trained):
    model, prompts = trained[0], ["Опиши чайник"] * 4
    texts = ["Цвет белый.", "Лучший в мире. " * 5, "Вес 540 г. Сезон лето. Материал сталь.", "Вес"]
    together = model.scores(prompts, texts)
    alone = [model.scores(["Опиши чайник"], [text])[0] for text in texts]
    again = open_model(model.folder, threads=1).scores(prompts, texts)
    assert np.allclose(together, alone, atol=1e-5)
    assert np.array_equal(together, again)


def test_every_score_is_read_at_the_end_token(straight):
    encoder = straight.raw.encoder
    end = encoder.tokenizer.eos_token_id
    for text in ("Вес 540 г.", "слово " * 500, "", "я сам закончу <|end|> здесь"):
        ids, _ = encoder.encode("Опиши", text)
        assert ids[-1] == end
        assert ids.count(end) == 1
        assert len(ids) <= SMALL.max_length


def test_a_training_that_was_cut_off_comes_to_the_same_weights(straight, data, tmp_path):
    plan = Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=SMALL)
    with pytest.raises(Interrupted):
        train(load([data]), plan, stop_at(20))
    told = []
    resumed = train(load([data]), plan, lambda stage, figures: told.append((stage, figures)))
    assert ("resumed", {"checkpoint": "checkpoint-20"}) in told
    assert resumed.model_id == straight.model_id
    assert not (tmp_path / "model.partial").exists()


def test_a_damaged_checkpoint_is_passed_over_and_the_weights_are_the_same(straight, data, tmp_path):
    plan = Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=SMALL)
    with pytest.raises(Interrupted):
        train(load([data]), plan, stop_at(10))
    newest = tmp_path / "model.partial" / "transformer-work" / "checkpoints" / "checkpoint-10"
    (newest / "optimizer.pt").unlink()
    told = []
    resumed = train(load([data]), plan, lambda stage, figures: told.append((stage, figures)))
    assert ("checkpoint removed", {"name": "checkpoint-10", "why": "optimizer.pt is missing"}) in told
    assert ("resumed", {"checkpoint": "checkpoint-5"}) in told
    assert resumed.model_id == straight.model_id


def test_other_data_does_not_go_on_from_old_checkpoints(data, tmp_path):
    plan = Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=replace(SMALL, epochs=1))
    with pytest.raises(Interrupted):
        train(load([data]), plan, stop_at(5))
    told = []
    train(load([made(tmp_path, 160, seed=4)]), plan, lambda stage, figures: told.append(stage))
    assert "checkpoint removed" in told
    assert "resumed" not in told


def test_a_killed_process_goes_on_to_the_same_weights(straight, data, tmp_path):
    words = [
        "--train", str(data), "--out", str(tmp_path / "model"), "--kind", "transformer",
        "--settings", json.dumps(SMALL.described()),
    ]  # fmt: skip
    killed("vitrina.training.reward", words, stage="step", step=17)
    told = []
    plan = Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=SMALL)
    resumed = train(load([data]), plan, lambda stage, figures: told.append(stage))
    assert "resumed" in told
    assert resumed.model_id == straight.model_id


def test_a_training_that_is_told_to_stop_saves_and_goes_on_to_the_same_weights(straight, data, tmp_path):
    def stop(stage, figures):
        if stage == "step" and figures["step"] == 8:
            signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    plan = Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=SMALL)
    with pytest.raises(RetryableError, match="goes on"):
        train(load([data]), plan, stop)
    assert signal.getsignal(signal.SIGTERM) is before
    told = []
    resumed = train(load([data]), plan, lambda stage, figures: told.append((stage, figures)))
    assert next(figures["checkpoint"] for stage, figures in told if stage == "resumed") in (
        "checkpoint-8",
        "checkpoint-9",
    )
    assert resumed.model_id == straight.model_id


def test_pairs_that_are_too_long_are_counted_and_not_cut(tmp_path):
    records = pairs(160)
    for record in records[:12]:
        record["response_a"] = f"{record['response_a']} {'очень длинно ' * 200}"
    loaded = load([write(tmp_path / "long.jsonl", records)])
    short = replace(SMALL, epochs=1)
    model = train(loaded, Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=short))
    # some of the twelve are in the other folds
    assert 4 <= model.manifest["parts"]["transformer"]["pairs_over_long"] <= 12


def test_no_connection_leaves_the_machine_while_training(data, tmp_path, monkeypatch):
    asked = []
    real = socket.socket.connect

    def connect(self, address):
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(("127.", "::1")):
            asked.append(address)
            raise OSError("no network in this test")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **rest: asked.append(words))
    train(load([data]), Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=replace(SMALL, epochs=1)))
    assert asked == []


def test_a_pretrained_base_gets_adapters_and_a_head_that_learns(straight, data, tmp_path):
    settings = replace(SMALL, base=str(straight.folder / "transformer"), epochs=1, lora_rank=4)
    model = train(load([data]), Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=settings))
    head, before = model.raw.model.score.weight, straight.raw.model.score.weight
    assert not np.array_equal(head.detach().cpu().numpy(), before.detach().cpu().numpy())
    assert model.raw.encoder.encoding.style == "plain"
    assert model.raw.encoder.encode("Опиши", "Вес")[0][-1] == model.raw.encoder.tokenizer.eos_token_id


def test_a_head_that_is_frozen_is_refused(straight):
    import copy

    from peft import LoraConfig, get_peft_model

    from vitrina.reward.transformer.building import adapters, ensure_head_is_trained

    model = copy.deepcopy(straight.raw.model)
    frozen = get_peft_model(copy.deepcopy(model), LoraConfig(r=2, target_modules="all-linear", modules_to_save=[]))
    for name, parameter in frozen.named_parameters():
        if "score" in name:
            parameter.requires_grad = False
    with pytest.raises(PermanentError, match="frozen"):
        ensure_head_is_trained(frozen)
    ensure_head_is_trained(get_peft_model(model, adapters(replace(SMALL, base="somewhere"))))


def test_a_base_that_cannot_be_had_is_told_in_a_sentence(data, tmp_path):
    (tmp_path / "empty").mkdir()
    settings = replace(SMALL, base=str(tmp_path / "empty"))
    with pytest.raises(PermanentError, match="cannot be had"):
        train(load([data]), Plan(tmp_path / "model", ModelKind.TRANSFORMER, transformer=settings))
