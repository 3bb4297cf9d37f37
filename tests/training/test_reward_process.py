"""The training process without torch: arguments, exit codes, what it writes."""

import json
import os
import shutil

import pytest

from tests.reward.made import PROMISED, made
from vitrina.reward.models import open_model
from vitrina.reward.transformer.training import quiet_environment
from vitrina.training import policy, sft
from vitrina.training.reward import main
from vitrina.training.telling import BAD_INPUT


def stages(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_a_linear_model_is_trained_and_judged_in_one_process(tmp_path, capsys):
    out = tmp_path / "model"
    words = ["--train", made(tmp_path, 200), "--test", made(tmp_path, 120, seed=1), "--out", out, "--kind", "linear"]
    assert main([*map(str, words), "--notes", '{"dataset": "v1"}']) == 0
    assert [said["stage"] for said in stages(capsys)][-1] == "judged"
    assert set(json.loads((out / "evaluation" / "report.json").read_text())) >= PROMISED
    manifest = open_model(out).manifest
    assert manifest["notes"] == {"dataset": "v1"}
    card = (out / "README.md").read_text()
    assert "Not evaluated" not in card
    assert "longer answer was chosen" in card
    assert "](evaluation/reliability.png)" in card

    # Killed while it was judged: the weights stand, and only the judgement is made anew
    shutil.rmtree(out / "evaluation")
    written = (out / "manifest.json").read_bytes()
    assert main([*map(str, words), "--notes", '{"dataset": "v2"}', "--replace"]) == 0
    told = [said["stage"] for said in stages(capsys)]
    assert "found finished" in told
    assert not {"linear", "done"} & set(told)
    assert (out / "evaluation" / "report.json").is_file()
    assert (out / "manifest.json").read_bytes() == written
    assert main([*map(str, words), "--seed", "1", "--replace"]) == 0
    assert "linear" in [said["stage"] for said in stages(capsys)]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ([], "too few"),
        (["--settings", '{"widht": 3}'], "widht"),
        (["--settings", "[1]"], "JSON object"),
        (["--settings", "5"], "JSON object"),
        (["--settings", '{"epochs": "x"}'], "of type int"),
        (["--settings", '{"epochs": 0}'], "epochs: one at least"),
        (["--settings", '{"batch": 0, "layers": 0}'], "layers, batch: one at least"),
        (["--settings", '{"width": 34}'], "4 heads"),
        (["--settings", '{"learning_rate": Infinity}'], "learning_rate cannot be inf"),
        (["--notes", "[]"], "JSON object"),
        (["--format", "hh-rlhf"], "0 decided"),
    ],
)
def test_bad_input_is_one_sentence_and_a_code_of_its_own(tmp_path, capsys, more, why):
    assert main(["--train", str(made(tmp_path, 50)), "--out", str(tmp_path / "model"), *more]) == BAD_INPUT
    assert why in stages(capsys)[-1]["why"]


def test_a_linear_model_refuses_several_processes_in_words(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    main(["--train", str(made(tmp_path, 120)), "--out", str(tmp_path / "model")])
    assert ended == [BAD_INPUT]
    assert "without torchrun" in stages(capsys)[-1]["why"]
    assert list(tmp_path.glob("model*")) == []


@pytest.mark.parametrize(
    ("before", "launched", "seen"),
    [(None, False, "0"), ("3,5", False, "3"), ("", False, ""), ("3,5", True, "3,5"), (None, True, None)],
)
def test_a_process_of_its_own_sees_one_gpu_and_launched_ones_see_all(monkeypatch, before, launched, seen):
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    for name, value in (("CUDA_VISIBLE_DEVICES", before), ("WORLD_SIZE", "2" if launched else None)):
        monkeypatch.setenv(name, value or "")
        if value is None:
            monkeypatch.delenv(name)
    quiet_environment()
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == seen


@pytest.mark.parametrize("process", [sft.main, policy.main])
@pytest.mark.parametrize("words", [["--settings", "[1]"], ["--settings", "5"], ["--notes", "[]"]])
def test_writers_refuse_options_that_are_no_objects(tmp_path, capsys, process, words):
    files = ["--train", str(made(tmp_path, 20)), "--out", str(tmp_path / "model")]
    files += ["--sft", str(tmp_path)] if process is policy.main else []
    assert process([*files, *words]) == BAD_INPUT
    assert "JSON object" in stages(capsys)[-1]["why"]


def test_help_says_what_there_is(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--test" in capsys.readouterr().out
