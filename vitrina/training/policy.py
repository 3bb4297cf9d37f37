"""Teaching a policy by a reward model, as a process: ``python -m vitrina.training.policy --help``.

What belongs here: the process's arguments. What stays out: training itself (`vitrina.policy.optimising`), figures
(`vitrina.policy.evaluation`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.policy.examples import read_examples
from vitrina.policy.optimising import PolicyPlan, train
from vitrina.policy.settings import Algorithm, PolicySettings
from vitrina.preferences.formats import FORMATS
from vitrina.reward.fitting import Progress
from vitrina.training.options import facts, given
from vitrina.training.telling import told


def arguments() -> argparse.ArgumentParser:
    """What the process is told."""
    parser = argparse.ArgumentParser(prog="python -m vitrina.training.policy", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--train", type=Path, nargs="+", required=True, help="preference files, or prompts alone: what is written for"
    )
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="held-out files: their prompts are judged on")
    parser.add_argument("--sft", type=Path, required=True, help="folder of the model to start from")
    parser.add_argument("--reward", type=Path, help="folder of the reward model; left out: one of half of the pairs")
    parser.add_argument(
        "--judge", type=Path, help="folder of a model of another fold; left out: one of pairs that are left"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder that becomes the policy")
    parser.add_argument("--algorithm", choices=list(Algorithm), default="rloo", help="rloo when left out")
    parser.add_argument("--format", choices=list(FORMATS), help="recognised when left out")
    parser.add_argument("--seed", type=int, default=0, help="of the order, the texts and the folds")
    parser.add_argument("--settings", type=json.loads, default={}, help="such as beta, steps or prompts, as JSON")
    parser.add_argument("--notes", type=json.loads, default={}, help="facts for the manifest, as JSON")
    parser.add_argument("--replace", action="store_true", help="replace a model that stands in the folder")
    return parser


def run(options: argparse.Namespace, tell: Progress) -> None:
    """Train and judge.

    Raises:
        VitrinaError: what a person can act on.
    """
    settings, notes = given(PolicySettings, options.settings), facts(options.notes)
    examples = read_examples(options.train, options.format)
    test = read_examples(options.test, options.format) if options.test else None
    aside = sum(examples.set_aside.values()) + (sum(test.set_aside.values()) if test else 0)
    tell("read", {"prompts": len(examples.prompts), "pairs": len(examples.pairs), "set_aside": aside})
    plan = PolicyPlan(
        options.out, options.sft, options.reward, options.judge, Algorithm(options.algorithm), options.seed, settings,
        options.replace, notes,
    )  # fmt: skip
    _, judges, prompts = train(examples, test, plan, tell)
    from vitrina.policy.judging import report_of
    from vitrina.training.joining import alone

    if alone():
        report_of(
            options.out, options.sft, prompts.held, judges.reward, judges.judge, leaked=prompts.leaked, progress=tell,
            best_of=settings.best_of, temperature=settings.temperature, used=judges.named,
        )  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Entry point: 0, 2 for bad input, or 75 when the same command would go on."""
    options = arguments().parse_args(words)
    return told(lambda tell: run(options, tell))


if __name__ == "__main__":
    sys.exit(main())
