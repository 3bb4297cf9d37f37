"""The training process without torch: arguments, exit codes, what it writes."""

import json

import pytest

from tests.reward.made import PROMISED, made
from vitrina.reward.models import open_model
from vitrina.training.reward import BAD_INPUT, main


def stages(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_a_linear_model_is_trained_and_judged_in_one_process(tmp_path, capsys):
    out = tmp_path / "model"
    words = ["--train", made(tmp_path, 200), "--test", made(tmp_path, 120, seed=1), "--out", out, "--kind", "linear"]
    assert main([*map(str, words), "--notes", '{"dataset": "v1"}']) == 0
    assert [said["stage"] for said in stages(capsys)][-1] == "judged"
    assert set(json.loads((out / "evaluation" / "report.json").read_text())) >= PROMISED
    assert open_model(out).manifest["notes"] == {"dataset": "v1"}


@pytest.mark.parametrize(
    ("more", "why"),
    [([], "too few"), (["--settings", '{"widht": 3}'], "widht"), (["--format", "hh-rlhf"], "0 decided")],
)
def test_bad_input_is_one_sentence_and_a_code_of_its_own(tmp_path, capsys, more, why):
    assert main(["--train", str(made(tmp_path, 50)), "--out", str(tmp_path / "model"), *more]) == BAD_INPUT
    assert why in stages(capsys)[-1]["why"]


def test_help_says_what_there_is(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--test" in capsys.readouterr().out
