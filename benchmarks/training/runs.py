"""Acceptance tests 6 to 10 that are runs of processes: policies, kills, damaged checkpoints, connections.

What belongs here: starting them, and what they came to. What stays out: reward models on sets (`reward`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.training.bars import Bar
from benchmarks.training.reward import FILES
from benchmarks.training.rubric import points
from vitrina.preferences.formats import load
from vitrina.reward.pairs import trainable
from vitrina.reward.splits import cross_folds
from vitrina.statistics.intervals import Undefined, bootstrap_mean

ROOT = Path(__file__).resolve().parents[2]
_POLICY = {"steps": 40, "judged_prompts": 100, "threads": 1}
_SFT = {"epochs": 4, "threads": 1}
#: Test → what it says → where it stands. They run whole trainings at a small size.
SUITES = (
    (6, "scores in training are those of evaluation", ("tests/training/test_policy.py",), "score"),
    (6, "scores of the shell are those of the report", ("tests/reward/test_alone.py",), "scores"),
    (8, "kill -9 of trainer and orchestrator, cancel under a launcher: no survivor, a checkpoint",
     ("tests/training/test_supervisor.py",), ""),
    (8, "resumed trainings come to the same weights", ("tests/training/test_reward_transformer.py",), "same_weights"),
    (9, "a damaged newest checkpoint: falls back, no silent reset of the optimiser",
     ("tests/training/test_checkpoints.py", "tests/training/test_reward_transformer.py"), "damaged"),
    (10, "no connection but to this machine", ("tests/reward/test_alone.py",), "nothing_outside or listens"),
)  # fmt: skip


def listed(make: Callable[[Any], Iterator[Bar]], what: Any) -> list[Bar]:
    """All bars of :func:`suites` or :func:`policies`, as another process can give them back.

    It stands here since a spawned process knows the functions of modules, and none of ``__main__``.
    """
    return list(make(what))


def suites(wanted: set[int]) -> Iterator[Bar]:
    """Tests of the suite, each a bar; where torch is missing they fail here instead of being skipped."""
    for number, what, files, words in SUITES:
        if number in wanted:
            yield _suite(number, what, files, words)


def _suite(number: int, what: str, files: tuple[str, ...], words: str) -> Bar:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={out}", *files]
        command += ["-k", words] if words else []
        env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
        if not out.is_file():
            return Bar(number, what, "pytest did not start (`make bench-training` installs it)", "all pass", None)
        suite = next(ET.parse(out).iter("testsuite"))
        total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        broken = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        seconds = float(suite.get("time", 0))
    told = f"{total - skipped - broken} of {total} tests pass in {seconds:.0f} s" + (
        f", {skipped} skipped: no torch" if skipped else ""
    )
    return Bar(number, what, told, "all pass", None if skipped and not broken else total > 0 and not broken)


def policies(folder: Path) -> Iterator[Bar]:
    """7: RLOO raises a rubric that it never sees; a run without any pull to its start is refused by the gate."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        rows = trainable(load([folder / FILES["synthetic_ru"]]))
        test, *learned = cross_folds(rows, 5)
        _write(work / "train.jsonl", [row for part in learned for row in part])
        _write(work / "test.jsonl", test)
        try:
            _run(["vitrina.training.sft", "--train", work / "train.jsonl", "--out", work / "sft"], _SFT)
            common = ["--train", work / "train.jsonl", "--test", work / "test.jsonl", "--sft", work / "sft"]
            _run(["vitrina.training.policy", *common, "--out", work / "rloo", "--algorithm", "rloo"], _POLICY)
            free = _POLICY | {"beta": 0.0}
            _run(["vitrina.training.policy", *common, "--out", work / "free", "--algorithm", "grpo"], free)
        except subprocess.CalledProcessError as error:
            yield Bar(7, "policies", f"{error.cmd[2]}: {str(error.stderr)[-160:].strip()}", "trained", False)
            return
        prompts = sorted({row.prompt for row in test})[:100]
        yield _raised("rloo, beta 0.05", _gains(work, "rloo", prompts))
        yield _gate("rloo, beta 0.05", work / "rloo", True)
        yield _gate("grpo, beta 0", work / "free", False)


def _run(words: list[Any], settings: dict[str, Any]) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *map(str, words), "--settings", json.dumps(settings)]
    subprocess.run(command, env=env, capture_output=True, text=True, check=True)


def _write(path: Path, rows: Any) -> None:
    lines = (
        json.dumps(
            {
                "prompt": row.prompt,
                "group": row.group,
                "response_a": row.a,
                "response_b": row.b,
                "preferred": row.choice,
            }
        )
        for row in rows
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _gains(work: Path, name: str, prompts: list[str]) -> list[float]:
    """Points of one text of the policy less those of one of the SFT model, for each held-out prompt."""
    from vitrina.policy.writing import open_writer

    both = [[texts[0].text for texts in open_writer(work / writer).write(prompts, seed=1)] for writer in (name, "sft")]
    return [points(prompt, one) - points(prompt, other) for prompt, one, other in zip(prompts, *both, strict=True)]


def _raised(name: str, gains: list[float]) -> Bar:
    found = bootstrap_mean(gains, seed=0)
    if isinstance(found, Undefined):
        return Bar(7, f"{name}: points over SFT", found.reason, "low > 0", False)
    told = f"{found.estimate:+.2f} [{found.low:+.2f}, {found.high:+.2f}] on {found.n} prompts"
    return Bar(7, f"{name}: points of a rubric that it never saw, over SFT", told, "low > 0", found.low > 0)


def _gate(name: str, folder: Path, wanted: bool) -> Bar:
    from vitrina.policy.gates import judged
    from vitrina.policy.storage import EVALUATION, REPORT

    rules = judged(json.loads((folder / EVALUATION / REPORT).read_text(encoding="utf-8")))
    refused = [rule.name for rule in rules if not rule.passed]
    told = f"refused: {', '.join(refused)}" if refused else "let through"
    if wanted:
        # Passing is not asked of it; it is told beside the run that must not pass
        return Bar(7, f"{name}: the gate", told, "", None)
    return Bar(7, f"{name}: the gate", told, "refused", bool(refused))
