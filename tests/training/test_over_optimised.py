"""A policy that was let go: it finds out what the reward model likes, and the gate sends it back."""

import json
from dataclasses import replace

import pytest

from tests.reward.made import made
from tests.training.writers import POLICY, SFT, examples, sft_plan
from vitrina.policy.gates import judged
from vitrina.policy.sft import train as teach
from vitrina.training.policy import main

pytestmark = [pytest.mark.usefixtures("torch_is_here"), pytest.mark.slow]


def test_without_a_bond_the_score_rises_and_the_gate_says_no(tmp_path):
    """People preferred the longer text, so a reward model that counts characters is a good one, until it is obeyed."""
    plan = replace(sft_plan(tmp_path / "sft"), settings=replace(SFT, epochs=12, answer_length=96))
    teach(examples(tmp_path, 300), plan)
    pairs = [made(tmp_path, 400, judge="longer"), made(tmp_path, 400, seed=1)]
    test = made(tmp_path, 300, seed=2)
    # At twice this rate some processors' rounding let it collapse before its end: the score fell again. At this one,
    # over four sets of pairs, the two intervals were at least 0.84 apart
    free = replace(POLICY, steps=30, prompts=8, generations=4, beta=0.0, outside=0.0, learning_rate=1.5e-3,
                   judged_prompts=200)  # fmt: skip
    words = ["--train", *pairs, "--test", test, "--sft", tmp_path / "sft", "--out", tmp_path / "policy"]
    given = {name: value for name, value in free.described("grpo", pretrained=False).items() if value is not None}
    assert main([*map(str, words), "--algorithm", "grpo", "--settings", json.dumps(given)]) == 0
    report = json.loads((tmp_path / "policy" / "evaluation" / "report.json").read_text(encoding="utf-8"))
    writers = report["writers"]
    assert writers["policy"]["reward"]["low"] > writers["sft"]["reward"]["high"]
    broken = {rule.name for rule in judged(report) if not rule.passed}
    assert broken & {"near_to_sft", "length", "not_cut", "does_not_repeat", "beats_sft"}
