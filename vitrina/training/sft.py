"""Teaching a model to write by examples, as a process: ``python -m vitrina.training.sft --help``.

What belongs here: the process's arguments. What stays out: training itself (`vitrina.policy.sft`). Several processes
on one machine: ``torchrun --nproc-per-node 2 -m vitrina.training.sft …``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.policy.examples import read_examples
from vitrina.policy.settings import SftSettings
from vitrina.policy.sft import SftPlan, train
from vitrina.preferences.formats import FORMATS
from vitrina.reward.fitting import Progress
from vitrina.training.options import facts, given
from vitrina.training.telling import told


def arguments() -> argparse.ArgumentParser:
    """What the process is told."""
    parser = argparse.ArgumentParser(prog="python -m vitrina.training.sft", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--train", type=Path, nargs="+", required=True, help="preference files (the preferred side), or prompt and text"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder that becomes the model")
    parser.add_argument("--format", choices=list(FORMATS), help="recognised when left out")
    parser.add_argument("--seed", type=int, default=0, help="of folds and weights")
    parser.add_argument("--settings", type=json.loads, default={}, help="such as base, epochs or width, as JSON")
    parser.add_argument("--notes", type=json.loads, default={}, help="facts for the manifest, as JSON")
    parser.add_argument("--replace", action="store_true", help="replace a model that stands in the folder")
    return parser


def run(options: argparse.Namespace, tell: Progress) -> None:
    """Train.

    Raises:
        VitrinaError: what a person can act on.
    """
    settings, notes = given(SftSettings, options.settings), facts(options.notes)
    examples = read_examples(options.train, options.format)
    tell("read", {"examples": len(examples.rows), "prompts": len(examples.prompts), **_aside(examples.set_aside)})
    train(examples, SftPlan(options.out, options.seed, settings, options.replace, notes), tell)


def _aside(reasons: dict[str, int]) -> dict[str, object]:
    return {"set_aside": sum(reasons.values()), "set_aside_reasons": dict(reasons)}


def main(words: Sequence[str] | None = None) -> int:
    """Entry point: 0, 2 for bad input, or 75 when the same command would go on."""
    options = arguments().parse_args(words)
    return told(lambda tell: run(options, tell))


if __name__ == "__main__":
    sys.exit(main())
