"""Several processes that train together, on a processor: the losses of one, and killed one by one the same weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.reward.made import made
from tests.training.writers import POLICY, SFT, examples, sft_plan
from vitrina.policy import sft, storage
from vitrina.policy.settings import PolicySettings
from vitrina.preferences.formats import load
from vitrina.reward import fitting
from vitrina.reward.models import ModelKind
from vitrina.reward.storage import read_manifest
from vitrina.reward.transformer.settings import TransformerSettings

pytestmark = [pytest.mark.usefixtures("torch_is_here"), pytest.mark.slow, pytest.mark.timeout(1800)]
EXAMPLES = replace(SFT, epochs=1, bf16=False)
#: So many rows leave a single pair for the last of its twelve batches: one of two processes has none.
ROWS = 236
PAIRS = TransformerSettings(
    width=32, layers=1, heads=2, vocabulary=400, max_length=96, prompt_length=16, epochs=1, batch=16,
    learning_rate=3e-3, checkpoint_steps=4, threads=1, bf16=False,
)  # fmt: skip
TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
#: As the two processes of the platform are, one after the other in one start: most of a start is imports. Who is to be
#: killed is killed from inside, once, as soon as the checkpoint of a step was told: short as it is, the training might
#: be over before somebody outside heard of it.
BOTH = """
import json, os, signal, sys
from pathlib import Path
from vitrina.training import policy, reward, sft
from vitrina.training.telling import told

train, out, examples, pairs, taught, killed = sys.argv[1:]
killed = {int(step): rank for step, rank in json.loads(killed).items()}
own = Path(out, "rank-" + os.environ["RANK"])
own.with_suffix(".new").write_text(str(os.getpid()))
own.with_suffix(".new").rename(own)

def telling(tell):
    def say(stage, figures):
        tell(stage, figures)
        if os.environ["RANK"] == "0" and stage == "checkpoint" and figures["step"] in killed:
            mark = Path(out, "killed-" + str(figures["step"]))
            if not mark.exists():
                mark.touch()
                os.kill(int(Path(out, "rank-" + str(killed[figures["step"]])).read_text()), signal.SIGKILL)
    return say

def work(tell):
    tell = telling(tell)
    sft.run(sft.arguments().parse_args(["--train", train, "--out", out + "/sft", "--settings", examples]), tell)
    words = ["--train", train, "--out", out + "/reward", "--kind", "ensemble", "--settings", pairs]
    reward.run(reward.arguments().parse_args(words), tell)
    if taught != "null":
        words = ["--train", train, "--sft", out + "/sft", "--out", out + "/policy", "--settings", taught]
        policy.run(policy.arguments().parse_args(words), lambda *_: None)

sys.exit(told(work))
"""


@dataclass
class Together:
    """What two processes told, of the policy nothing, and what they left."""

    folder: Path
    said: list[dict[str, Any]]
    sft: dict[str, Any]
    reward: dict[str, Any]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}


def two_processes(folder: Path, killed: dict[int, int] | None = None, policy: PolicySettings | None = None) -> Together:
    """Train; once the checkpoint of a step is sealed, the process of the rank that stands beside the step is killed."""
    killed = killed or {}
    (folder / "both.py").write_text(BOTH, encoding="utf-8")
    settings = [json.dumps(each.described()) for each in (EXAMPLES, PAIRS)]
    settings += [json.dumps(asdict(policy) if policy else None), json.dumps(killed)]
    script = [str(folder / "both.py"), str(made(folder, ROWS)), str(folder), *settings]
    done = subprocess.run(
        [*TWO, "--max-restarts", str(len(killed)), *script], stderr=subprocess.PIPE, text=True, env=environment(),
        timeout=850, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4_000:]
    assert {path.name for path in folder.glob("killed-*")} == {f"killed-{step}" for step in killed}
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return Together(folder, said, storage.read(folder / "sft"), read_manifest(folder / "reward"))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Together:
    return two_processes(tmp_path_factory.mktemp("uninterrupted"), policy=replace(POLICY, steps=2))


def test_two_processes_have_the_losses_of_one(tmp_path: Path, uninterrupted: Together) -> None:
    told: list[tuple[str, Any]] = []
    writer = replace(sft_plan(tmp_path / "one"), settings=EXAMPLES)
    alone = sft.train(examples(tmp_path, ROWS), writer, lambda *each: told.append(each))
    judge = fitting.Plan(tmp_path / "judge", ModelKind.TRANSFORMER, transformer=PAIRS)
    pairs = load([made(tmp_path, ROWS)])
    other = fitting.train(pairs, judge, lambda *each: told.append(each)).manifest["parts"]["transformer"]
    wanted = [figures for stage, figures in told if stage == "step"]
    found = [each for each in uninterrupted.said if each["stage"] == "step"]
    assert [each["loss"] for each in found] == pytest.approx([each["loss"] for each in wanted], abs=1e-4)
    # Of the reward model; with blanks counted the last batch, of one pair, would have another accuracy and margin
    for name in ("accuracy", "margin"):
        shown = [each[name] for each in found if name in each]
        assert shown == pytest.approx([each[name] for each in wanted if name in each], abs=1e-3)
        assert len(shown) >= 12
    assert uninterrupted.sft["plan"] == alone["plan"]
    shared = uninterrupted.reward["parts"]["transformer"]
    assert [manifest["speed"]["devices"] for manifest in (uninterrupted.sft, shared)] == [2, 2]
    for name, one, two in (("loss_per_token", alone, uninterrupted.sft), ("log_loss", other, shared)):
        assert one["history"][-1][name] == pytest.approx(two["history"][-1][name], abs=1e-4)


def test_two_processes_teach_a_policy_whose_teacher_and_judge_the_first_one_makes(uninterrupted: Together) -> None:
    """They are linear, and made by one process while the other waits; the judgement is made once too."""
    manifest = storage.read(uninterrupted.folder / "policy")
    assert (manifest["judge_origin"], manifest["speed"]["devices"]) == ("halves", 2)
    assert manifest["sft_model_id"] == uninterrupted.sft["model_id"]
    report = json.loads((uninterrupted.folder / "policy" / "evaluation" / "report.json").read_text(encoding="utf-8"))
    assert report["n_prompts"] == POLICY.judged_prompts


def test_one_after_the_other_killed_they_begin_again_by_themselves_and_come_to_the_same_weights(
    tmp_path: Path, uninterrupted: Together
) -> None:
    # The writer has checkpoints at 3, 6, … and the reward model at 4, 8, …
    found = two_processes(tmp_path, {3: 1, 4: 0})
    resumed = [each["checkpoint"] for each in found.said if each["stage"] == "resumed"]
    assert resumed == ["checkpoint-3", "checkpoint-4"]
    assert found.sft["model_id"] == uninterrupted.sft["model_id"]
    assert found.sft["history"] == uninterrupted.sft["history"]
    assert found.reward["model_id"] == uninterrupted.reward["model_id"]
    assert found.reward["parts"]["transformer"]["history"] == uninterrupted.reward["parts"]["transformer"]["history"]


MEETING = """
import os, signal, time
from pathlib import Path
from vitrina.training.joining import anyone, joined, leave

tries, rank = int(os.environ["TORCHELASTIC_RESTART_COUNT"]), int(os.environ["RANK"])
late, looking = tries > 0 and rank == tries - 1, Path(__file__).with_name(f"looking-{tries}")
if not late:
    looking.touch()
while late and not looking.exists():
    time.sleep(0.1)
if late:
    time.sleep(2)  # by now the other one has looked for this one, which has not said yet where it is
joined()
assert anyone(rank == 1)
if rank == tries:
    os.kill(os.getpid(), signal.SIGKILL)
leave()
"""


def test_the_quicker_one_waits_for_the_other_and_not_for_the_dead_one_of_the_try_before(tmp_path: Path) -> None:
    """Each of them is killed once, and is the late one of the next try."""
    (script := tmp_path / "meeting.py").write_text(MEETING, encoding="utf-8")
    words = [*TWO, "--max-restarts", "2", str(script)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    assert {path.name for path in tmp_path.glob("looking-*")} == {"looking-0", "looking-1", "looking-2"}
