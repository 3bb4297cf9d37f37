"""Several processes that train together, on a processor: the losses of one, and killed one by one the same weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.reward.made import made
from tests.training.writers import SFT, examples, sft_plan
from vitrina.policy import storage
from vitrina.policy.sft import train
from vitrina.training.supervisor import descendants

pytestmark = [pytest.mark.usefixtures("torch_is_here"), pytest.mark.slow, pytest.mark.timeout(900)]
SETTINGS = replace(SFT, epochs=1, bf16=False)
TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--max-restarts", "2", "--nproc-per-node", "2"]


@dataclass
class Together:
    """What two processes told, and what they left."""

    said: list[dict[str, Any]]
    manifest: dict[str, Any]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}


def rank(number: int, below: int) -> int:
    """The process of this rank."""
    for each in descendants(below):
        if f"RANK={number}".encode() in Path(f"/proc/{each}/environ").read_bytes().split(b"\0"):
            return each
    raise AssertionError(f"there is no process of rank {number}")


def two_processes(folder: Path, killed: dict[int, int] | None = None) -> Together:
    """Train; once the checkpoint of a step is sealed, kill the process of the rank that is named beside the step."""
    waiting = dict(killed or {})
    module = ["-m", "vitrina.training.sft", "--train", str(made(folder, 240)), "--out", str(folder / "two")]
    words = [*TWO, *module, "--settings", json.dumps(SETTINGS.described())]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        told = json.loads(line) if line.startswith("{") else {}
        if told.get("stage") == "checkpoint" and told["step"] in waiting:
            os.kill(rank(waiting.pop(told["step"]), process.pid), signal.SIGKILL)
    assert process.wait(60) == 0, "".join(lines)[-4_000:]
    assert not waiting, "it ended before it was killed"
    return Together([json.loads(line) for line in lines if line.startswith("{")], storage.read(folder / "two"))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Together:
    return two_processes(tmp_path_factory.mktemp("uninterrupted"))


def test_two_processes_have_the_losses_of_one(tmp_path: Path, uninterrupted: Together) -> None:
    told: list[tuple[str, Any]] = []
    plan = replace(sft_plan(tmp_path / "one"), settings=SETTINGS)
    alone = train(examples(tmp_path), plan, lambda *each: told.append(each))
    wanted = [figures["loss"] for stage, figures in told if stage == "step"]
    found = [each["loss"] for each in uninterrupted.said if each["stage"] == "step"]
    assert found == pytest.approx(wanted, abs=1e-4)
    assert uninterrupted.manifest["plan"] == alone["plan"]
    assert uninterrupted.manifest["speed"]["devices"] == 2
    last = [manifest["history"][-1]["loss_per_token"] for manifest in (alone, uninterrupted.manifest)]
    assert last[0] == pytest.approx(last[1], abs=1e-4)


def test_one_after_the_other_killed_they_begin_again_by_themselves_and_come_to_the_same_weights(
    tmp_path: Path, uninterrupted: Together
) -> None:
    found = two_processes(tmp_path, {3: 1, 6: 0})
    assert [each["checkpoint"] for each in found.said if each["stage"] == "resumed"] == ["checkpoint-3", "checkpoint-6"]
    assert found.manifest["model_id"] == uninterrupted.manifest["model_id"]
    assert found.manifest["history"] == uninterrupted.manifest["history"]


MEETING = """
import os, signal, sys, time
from pathlib import Path
from vitrina.policy.joining import anyone, joined, leave

again, late = os.environ["TORCHELASTIC_RESTART_COUNT"] != "0", os.environ["RANK"] == sys.argv[1]
looking = Path(__file__).with_name("looking")
if again and not late:
    looking.touch()
while again and late and not looking.exists():
    time.sleep(0.1)
if again and late:
    time.sleep(2)  # by now the other one has looked for this one, which has not said yet where it is
joined()
assert anyone(os.environ["RANK"] == "1")
if not again and late:
    os.kill(os.getpid(), signal.SIGKILL)
leave()
"""


@pytest.mark.parametrize("late", [0, 1])
def test_the_quicker_one_waits_for_the_other_and_not_for_the_dead_one_of_the_try_before(
    tmp_path: Path, late: int
) -> None:
    script = tmp_path / "meeting.py"
    script.write_text(MEETING, encoding="utf-8")
    words = [*TWO, "--max-restarts", "1", str(script), str(late)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
