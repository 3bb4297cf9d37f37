"""A training run asks for nothing outside of this machine, and one text has one score wherever it is asked for."""

import json
import math
import sys

import pytest
from typer.testing import CliRunner

from tests.reward.listening import run_and_listen
from tests.reward.made import made
from vitrina.cli.main import app
from vitrina.preferences.formats import load
from vitrina.reward.models import open_model

SMALL = {
    "width": 32, "layers": 1, "heads": 2, "vocabulary": 400, "max_length": 96, "prompt_length": 16, "epochs": 1,
    "batch": 16, "learning_rate": 3e-3, "threads": 1,
}  # fmt: skip
ASKS = (
    "import socket, subprocess, sys\n"
    "code = 'import socket; socket.create_connection((\"192.0.2.1\", 9), timeout=1)'\n"
    "subprocess.run([sys.executable, '-c', code], stderr=subprocess.DEVNULL)\n"
    "try:\n    socket.getaddrinfo('example.invalid', 443)\nexcept OSError:\n    pass\n"
    "server = socket.create_server(('127.0.0.1', 0))\n"
    "socket.create_connection(server.getsockname(), timeout=60)\n"
)


def trained(folder, kind):
    """Trained and judged by the process that the orchestrator starts, under its supervisor."""
    learned, test = made(folder, 130), made(folder, 80, seed=1, ties=0.1)
    process = ["-m", "vitrina.training.reward", "--train", learned, "--test", test, "--out", folder / "model"]
    supervisor = ["-m", "vitrina.training.supervisor", "--grace", "10", "--", sys.executable]
    done, heard = run_and_listen(
        folder, sys.executable, *supervisor, *process, "--kind", kind, "--settings", json.dumps(SMALL)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "model", test, heard


def scores_are_those_of_the_report(model, test):
    """The report's accuracy and log-loss follow from what ``vitrina reward score`` says of each text."""
    rows = load([test]).decided
    lines = [{"prompt": row.prompt, "answer": side} for row in rows for side in (row.chosen, row.rejected)]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    answered = CliRunner().invoke(app, ["reward", "score", str(model), "--lines", "--json"], input=text)
    assert answered.exit_code == 0, answered.exception
    scores = json.loads(answered.stdout)["scores"]
    margins = [one - other for one, other in zip(scores[0::2], scores[1::2], strict=True)]
    report = json.loads((model / "evaluation" / "report.json").read_text())
    assert report["accuracy"] == sum(margin > 0 for margin in margins) / len(margins)
    loss = sum(math.log1p(math.exp(-margin)) for margin in margins) / len(margins)
    assert report["log_loss_calibrated"] == pytest.approx(loss, abs=1e-5)
    opened = open_model(model, threads=1)
    assert [opened.scores([each["prompt"]], [each["answer"]])[0] for each in lines[:8]] == pytest.approx(
        scores[:8], abs=1e-5
    )


def test_who_listens_hears_a_child_that_connects_and_a_name_that_is_asked_for(tmp_path):
    done, heard = run_and_listen(tmp_path, sys.executable, "-c", ASKS)
    assert done.returncode == 0, done.stderr
    assert sorted(heard) == ["192.0.2.1", "example.invalid"]


def test_a_linear_training_asks_for_nothing_outside_and_its_scores_are_those_of_the_report(tmp_path):
    model, test, heard = trained(tmp_path, "linear")
    assert heard == []
    scores_are_those_of_the_report(model, test)


@pytest.mark.slow
@pytest.mark.usefixtures("torch_is_here")
def test_a_training_with_torch_asks_for_nothing_outside_and_its_scores_are_those_of_the_report(tmp_path):
    model, test, heard = trained(tmp_path, "ensemble")
    assert heard == []
    speed = open_model(model).manifest["parts"]["transformer"]["speed"]
    assert (speed["device"], speed["peak_memory_bytes"]) == ("cpu", None)
    assert speed["tokens_per_second"] > 0
    assert (speed["mfu"], speed["attention"], speed["gradient_checkpointing"]) == (None, "sdpa", False)
    scores_are_those_of_the_report(model, test)
