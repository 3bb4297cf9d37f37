"""Several processes that train together, on a processor, have the losses of one."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reward.made import made
from tests.training.writers import SFT, examples, sft_plan
from vitrina.policy import storage
from vitrina.policy.sft import train

pytestmark = [pytest.mark.usefixtures("torch_is_here"), pytest.mark.slow, pytest.mark.timeout(600)]
SETTINGS = replace(SFT, epochs=1, bf16=False)


def test_two_processes_have_the_losses_of_one(tmp_path):
    told = []
    plan = replace(sft_plan(tmp_path / "one"), settings=SETTINGS)
    alone = train(examples(tmp_path), plan, lambda *each: told.append(each))
    wanted = [figures["loss"] for stage, figures in told if stage == "step"]
    module = ["-m", "vitrina.training.sft", "--train", str(made(tmp_path, 240)), "--out", str(tmp_path / "two")]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = [*launch, *module, "--settings", json.dumps(SETTINGS.described())]
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [each["loss"] for each in said if each["stage"] == "step"] == pytest.approx(wanted, abs=1e-4)
    together = storage.read(tmp_path / "two")
    assert together["plan"] == alone["plan"]
    assert together["speed"]["devices"] == 2
    last = [manifest["history"][-1]["loss_per_token"] for manifest in (alone, together)]
    assert last[0] == pytest.approx(last[1], abs=1e-4)
