"""Training a reward model as a process: ``python -m vitrina.training.reward --help``.

What belongs here: the process's arguments, and telling what happens: on stderr as JSON lines, and to Dagster where it
was started by it. What stays out: training itself (`vitrina.reward`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, PipesContext, open_dagster_pipes

from vitrina.errors import PermanentError, RetryableError, VitrinaError
from vitrina.preferences.formats import FORMATS, load
from vitrina.reward import card, storage
from vitrina.reward.evaluation import evaluate
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, RewardModel, open_model
from vitrina.reward.plots import draw
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.training.options import facts, given

#: Exit codes: bad input or settings, and stopped with a checkpoint.
BAD_INPUT, STOPPED = 2, 75


class Teller:
    """Says each stage on stderr, and to the orchestrator if there is one."""

    def __init__(self, pipes: PipesContext | None) -> None:
        self._pipes, self._began = pipes, time.monotonic()

    def __call__(self, stage: str, figures: Mapping[str, Any]) -> None:
        """A `Progress`."""
        message = {"stage": stage, "seconds": round(time.monotonic() - self._began, 2), **figures}
        sys.stderr.write(json.dumps(message, ensure_ascii=False, default=str) + "\n")
        sys.stderr.flush()
        if self._pipes is not None:
            self._pipes.report_custom_message(message)


def arguments() -> argparse.ArgumentParser:
    """What the process is told."""
    parser = argparse.ArgumentParser(prog="python -m vitrina.training.reward", description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="preference files")
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="held-out files: a report is written")
    parser.add_argument("--champion", type=Path, help="folder of the model to be compared with")
    parser.add_argument("--out", type=Path, required=True, help="folder that becomes the model")
    parser.add_argument("--format", choices=list(FORMATS), help="recognised when left out")
    parser.add_argument("--kind", choices=list(ModelKind), help="the validation fold chooses when left out")
    parser.add_argument("--seed", type=int, default=0, help="of folds and weights")
    parser.add_argument("--settings", type=json.loads, default={}, help="settings of a transformer, as JSON")
    parser.add_argument("--notes", type=json.loads, default={}, help="facts for the manifest, as JSON")
    parser.add_argument("--replace", action="store_true", help="replace a model that stands in the folder")
    return parser


def run(options: argparse.Namespace, tell: Teller) -> RewardModel:
    """Train, and judge if there are test files.

    Raises:
        VitrinaError: what a person can act on.
    """
    if (processes := int(os.environ.get("WORLD_SIZE", "1"))) > 1:
        raise PermanentError(
            f"A reward model is trained by one process, and {processes} were started.",
            hint="Start it without torchrun; models that write can be trained by several.",
        )
    plan = Plan(
        out=options.out,
        kind=ModelKind(options.kind) if options.kind else None,
        seed=options.seed,
        transformer=given(TransformerSettings, options.settings),
        replace=options.replace,
        notes=facts(options.notes),
    )
    loaded = load(options.train, options.format)
    tell("read", {"rows": len(loaded.rows), "decided": len(loaded.decided), "set_aside": len(loaded.set_aside)})
    model = train(loaded, plan, tell)
    if options.test:
        champion = open_model(options.champion) if options.champion else None
        report = evaluate(model, load(options.test, options.format), loaded, tell, champion)
        folder = options.out / storage.EVALUATION
        draw(report, folder, "png")
        (folder / storage.REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
        storage.write_card(options.out, card.written(model.manifest, report, storage.plots_of(options.out)))
        tell("judged", {name: report[name] for name in ("n_test", "accuracy", "accuracy_low", "log_loss_calibrated")})
    return model


def main(words: Sequence[str] | None = None) -> int:
    """Entry point: 0, `BAD_INPUT`, or `STOPPED` when the same command would go on."""
    options = arguments().parse_args(words)
    # Without an orchestrator the library warns and gives a mock
    with open_dagster_pipes() if DAGSTER_PIPES_CONTEXT_ENV_VAR in os.environ else nullcontext() as pipes:
        tell = Teller(pipes)
        try:
            run(options, tell)
        except RetryableError as error:
            tell("stopped", {"why": str(error)})
            return STOPPED
        except VitrinaError as error:
            tell("refused", {"why": str(error)})
            return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
