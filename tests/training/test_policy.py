"""Teaching a policy by a reward model, really, at a small size."""

import json
import sys
from dataclasses import replace

import pytest

from tests.reward.listening import run_and_listen
from tests.reward.made import made
from tests.training.killing import killed
from tests.training.writers import POLICY, SFT, Interrupted, examples, policy_plan, stop_at
from vitrina.errors import PermanentError
from vitrina.policy import optimising, storage
from vitrina.policy.settings import Algorithm
from vitrina.reward.models import open_model
from vitrina.training import checkpoints
from vitrina.training.policy import main
from vitrina.training.telling import BAD_INPUT

pytestmark = pytest.mark.usefixtures("torch_is_here")


@pytest.fixture(scope="module")
def listened(tmp_path_factory, torch_is_here):
    """An SFT model from a process of its own, and which addresses that process asked for."""
    folder = tmp_path_factory.mktemp("start")
    words = ["--train", made(folder, 240), "--out", folder / "sft", "--settings", json.dumps(SFT.described())]
    done, heard = run_and_listen(folder, sys.executable, "-m", "vitrina.training.sft", *words)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "sft", heard


@pytest.fixture(scope="module")
def sft(listened):
    return listened[0]


@pytest.fixture(scope="module")
def straight(tmp_path_factory, sft):
    """A training without any interruption, and every score that it was given."""
    folder, seen, told = tmp_path_factory.mktemp("policy"), [], []
    from vitrina.policy import rl_config

    own = rl_config.reward_function

    def recording(model):
        inner = own(model)

        def reward(prompts, completions, **rest):
            scores = inner(prompts, completions, **rest)
            seen.extend(zip(prompts, completions, scores, strict=True))
            return scores

        return reward

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rl_config, "reward_function", recording)
        plan = policy_plan(folder / "policy", sft)
        manifest, judges, prompts = optimising.train(examples(folder), None, plan, lambda *each: told.append(each))
    return folder, manifest, judges, prompts, seen, told


def test_a_training_by_examples_asks_for_nothing_outside(listened):
    assert listened[1] == []


def test_the_score_in_training_is_that_of_evaluation_for_the_same_text(straight):
    _, _, judges, _, seen, _ = straight
    assert len(seen) == POLICY.steps * POLICY.prompts * POLICY.generations
    anew = open_model(judges.reward.folder)
    again = anew.scores([prompt for prompt, _, _ in seen], [text.replace("\0", "").strip() for _, text, _ in seen])
    assert [score for _, _, score in seen] == pytest.approx(again.tolist(), abs=1e-9)


def test_a_transformer_scores_fixed_texts_in_training_as_in_evaluation(tmp_path):
    """The end token is there both times: without it a model of ours lost 7 points of accuracy."""
    from vitrina.policy.rl_config import reward_function
    from vitrina.preferences.formats import load
    from vitrina.reward.fitting import Plan, train
    from vitrina.reward.models import ModelKind
    from vitrina.reward.transformer.settings import TransformerSettings

    tiny = TransformerSettings(width=16, layers=1, heads=2, vocabulary=300, max_length=64, prompt_length=8, epochs=1,
                               threads=1)  # fmt: skip
    plan = Plan(tmp_path / "model", ModelKind.ENSEMBLE, transformer=tiny)
    model = train(load([made(tmp_path, 120)]), plan)
    prompts = [f"Опиши товар {number}" for number in range(6)]
    texts = ["Вес 540 г.", "", "Лучший в мире! " * 30, "Цвет белый", "Kettle.", "Сезон лето. Объём 1,7 л."]
    asked = reward_function(model)(prompts, [f" {text}\n" for text in texts], completion_ids=[], trainer_state=None)
    assert asked == pytest.approx(open_model(tmp_path / "model").scores(prompts, [t.strip() for t in texts]).tolist())
    encoder = model.raw.parts[1][0].encoder
    assert all(
        encoder.encode(*pair)[0][-1] == encoder.tokenizer.eos_token_id for pair in zip(prompts, texts, strict=True)
    )


def test_a_text_that_was_cut_or_is_no_card_is_told_apart_from_its_score():
    from vitrina.policy.rl_config import contract_function

    contract = contract_function(POLICY, end=1)
    card = "Чайник " * 30
    found = contract(["p"] * 4, [card, card, "Чайник", ""], completion_ids=[[5, 1], [5, 6], [5, 1], []])
    assert found[0] == 0
    assert found[1] == -POLICY.outside
    assert found[2] < 0
    assert found[3] == -POLICY.outside


def test_it_says_what_it_does(straight):
    _, manifest, judges, prompts, _, told = straight
    steps = [figures for stage, figures in told if stage == "step"]
    assert set(steps[-1]) >= {"step", "of", "reward", "kl", "length", "clipped"}
    assert manifest["history"] == steps
    assert (manifest["kind"], manifest["contract"], manifest["algorithm"]) == ("policy", "card", "rloo")
    assert manifest["settings"]["beta"] == 0.05
    assert manifest["reward_model_id"] == judges.reward.model_id != manifest["judge_model_id"]
    assert manifest["data"]["leaked"] == 0
    assert not set(prompts.train) & set(prompts.held)
    assert manifest["speed"]["tokens"] > 0


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_an_interrupted_training_comes_to_the_same_weights(algorithm, straight, sft, tmp_path):
    manifest = straight[1]
    plan = policy_plan(tmp_path / "policy", sft, algorithm)
    if algorithm is not Algorithm.RLOO:
        other = policy_plan(tmp_path / "straight", sft, algorithm)
        manifest, _, _ = optimising.train(examples(tmp_path), None, other)
    with pytest.raises(Interrupted):
        optimising.train(examples(tmp_path), None, plan, stop_at(2))
    again, _, _ = optimising.train(examples(tmp_path), None, plan)
    assert again["model_id"] == manifest["model_id"]
    assert [each["step"] for each in again["history"]] == [each["step"] for each in manifest["history"]]


@pytest.mark.slow
def test_a_killed_process_goes_on_from_its_newest_whole_checkpoint_to_the_same_weights(straight, sft, tmp_path):
    settings = POLICY.described(Algorithm.RLOO, pretrained=False) | {"beta": None}
    words = [
        "--train", str(made(tmp_path, 240)), "--sft", str(sft), "--out", str(tmp_path / "policy"),
        "--settings", json.dumps(settings),
    ]  # fmt: skip
    killed("vitrina.training.policy", words, stage="checkpoint", step=2)
    saved = tmp_path / "policy.partial" / "work" / "checkpoints"
    [newest] = [folder for folder in saved.glob("checkpoint-?") if (folder / checkpoints.SEAL).is_file()]
    # A trainer that was killed while it saved leaves a newer folder without a seal
    unfinished = saved / "checkpoint-9"
    unfinished.mkdir()
    (unfinished / "model.safetensors").write_bytes(b"half of it")
    done, heard = run_and_listen(tmp_path, sys.executable, "-m", "vitrina.training.policy", *words)
    assert done.returncode == 0, done.stderr[-2000:]
    assert heard == [], "neither training nor judging asks for anything outside of this machine"
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [said["checkpoint"] for said in told if said["stage"] == "resumed"] == [newest.name]
    assert told[-1]["stage"] == "judged"
    again = storage.read(tmp_path / "policy")
    assert again["model_id"] == straight[1]["model_id"]
    assert [each["step"] for each in again["history"]] == [each["step"] for each in straight[1]["history"]]


def test_the_process_judges_what_it_taught_and_finds_it_again(straight, sft, tmp_path, capsys):
    folder, manifest, _, _, _, _ = straight
    words = ["--train", made(tmp_path, 240), "--sft", sft, "--out", folder / "policy"]
    settings = POLICY.described(Algorithm.RLOO, pretrained=False) | {"beta": None}
    assert main([*map(str, words), "--settings", json.dumps(settings)]) == 0
    stages = [json.loads(line)["stage"] for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert stages == ["read", "found finished", "written", "judged"]
    report = json.loads((folder / "policy" / "evaluation" / "report.json").read_text(encoding="utf-8"))
    assert report["model_id"] == manifest["model_id"]
    assert report["n_prompts"] == 12
    assert report["best_of"] == 2
    assert report["kl_per_token"]["n"] == 12
    assert {path.name for path in (folder / "policy" / "evaluation").iterdir()} >= {"wins.png", "curve.png"}
    card = (folder / "policy" / "README.md").read_text(encoding="utf-8")
    assert "Not judged" not in card
    assert "](evaluation/wins.png)" in card
    assert "of the SFT model's" in card
    # The report is no part of what is verified
    assert storage.read(folder / "policy")["model_id"] == manifest["model_id"]


def test_the_process_refuses_bad_input_with_a_sentence(sft, tmp_path, capsys):
    pairs = str(made(tmp_path, 120))
    out = ["--out", str(tmp_path / "policy")]
    for words, why in (
        (["--train", pairs, "--sft", str(tmp_path), *out], "holds no model that writes"),
        (["--train", pairs, "--sft", str(sft), *out], "halved"),
        (["--train", pairs, "--sft", str(sft), *out, "--settings", '{"beta": "x"}'], "beta"),
    ):
        assert main(words) == BAD_INPUT
        assert why in json.loads(capsys.readouterr().err.splitlines()[-1])["why"]


def test_a_policy_is_no_start_of_another_one(straight, tmp_path):
    folder = straight[0]
    with pytest.raises(PermanentError, match="sft is needed"):
        optimising.train(examples(tmp_path), None, policy_plan(tmp_path / "other", folder / "policy"))


def test_a_batch_that_cannot_be_made_is_refused(sft, tmp_path):
    plan = replace(policy_plan(tmp_path / "policy", sft), settings=replace(POLICY, generations=1))
    with pytest.raises(PermanentError, match="generations"):
        optimising.train(examples(tmp_path), None, plan)
