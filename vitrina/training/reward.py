"""Training a reward model as a process: ``python -m vitrina.training.reward --help``.

What belongs here: the process's arguments. What stays out: training itself (`vitrina.reward`). A transformer can be
trained by several processes on one machine: ``torchrun --nproc-per-node 2 -m vitrina.training.reward …``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.preferences.formats import FORMATS, load
from vitrina.reward import card, storage
from vitrina.reward.evaluation import evaluate
from vitrina.reward.fitting import Plan, train
from vitrina.reward.models import ModelKind, open_model
from vitrina.reward.plots import draw
from vitrina.reward.progress import Progress
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.training.joining import alone
from vitrina.training.options import facts, given
from vitrina.training.telling import told


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


def run(options: argparse.Namespace, tell: Progress) -> None:
    """Train, and judge if there are test files.

    Raises:
        VitrinaError: what a person can act on.
    """
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
    if options.test and alone():
        champion = open_model(options.champion) if options.champion else None
        report = evaluate(model, load(options.test, options.format), loaded, tell, champion)
        folder = options.out / storage.EVALUATION
        draw(report, folder, "png")
        (folder / storage.REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
        storage.write_card(options.out, card.written(model.manifest, report, storage.plots_of(options.out)))
        tell("judged", {name: report[name] for name in ("n_test", "accuracy", "accuracy_low", "log_loss_calibrated")})


def main(words: Sequence[str] | None = None) -> int:
    """Entry point: 0, 2 for bad input, or 75 when the same command would go on."""
    options = arguments().parse_args(words)
    return told(lambda tell: run(options, tell))


if __name__ == "__main__":
    sys.exit(main())
