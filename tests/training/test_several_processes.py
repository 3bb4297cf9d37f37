"""Several processes that train together, on a processor: the losses of one, and a way on when one of them dies."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reward.made import made
from tests.training.writers import SFT, examples, sft_plan
from vitrina.policy import storage
from vitrina.policy.sft import train
from vitrina.training.supervisor import descendants

pytestmark = [pytest.mark.usefixtures("torch_is_here"), pytest.mark.slow, pytest.mark.timeout(900)]
SETTINGS = replace(SFT, epochs=8, checkpoint_steps=5, bf16=False)


def workers(launcher):
    """Processes below the launcher that train."""
    found = []
    for process in descendants(launcher):
        if b"vitrina.training.sft" in Path(f"/proc/{process}/cmdline").read_bytes():
            found.append(process)
    return found


def test_two_processes_have_the_losses_of_one_and_go_on_when_one_is_killed(tmp_path):
    told = []
    plan = replace(sft_plan(tmp_path / "one"), settings=SETTINGS)
    alone = train(examples(tmp_path), plan, lambda *each: told.append(each))
    wanted = {figures["step"]: figures["loss"] for stage, figures in told if stage == "step"}

    module = ["-m", "vitrina.training.sft", "--train", str(made(tmp_path, 240)), "--out", str(tmp_path / "two")]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--max-restarts", "3"]
    words = [*launch, "--nproc-per-node", "2", *module, "--settings", json.dumps(SETTINGS.described())]
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    seen: list[dict[str, object]] = []
    killed, rest = False, []
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if not line.startswith("{"):
                rest.append(line)
                continue
            seen.append(json.loads(line))
            if seen[-1]["stage"] == "checkpoint" and not killed:
                killed = True
                os.kill(workers(process.pid)[-1], signal.SIGKILL)
    assert process.returncode == 0, "".join(rest[-60:])
    assert killed
    assert [each["checkpoint"] for each in seen if each["stage"] == "resumed"]
    fresh = False
    for each in seen:
        if each["stage"] == "resumed":
            fresh = True
        elif each["stage"] == "step":
            # A loss that is told is a mean over the steps since the last one; after a resume some of them are missing
            assert fresh or each["loss"] == pytest.approx(wanted[each["step"]], abs=1e-3)
            fresh = False
    together = storage.read(tmp_path / "two")
    assert together["plan"] == alone["plan"]
    assert together["speed"]["devices"] == 2
    last = [manifest["history"][-1]["loss_per_token"] for manifest in (alone, together)]
    assert last[0] == pytest.approx(last[1], abs=1e-3)
