"""``vitrina reward``: train, judge and use a reward model, with nothing but files of preferences.

Belongs here: options, progress and what is printed. Stays out: fitting and figures (`vitrina.reward`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vitrina.cli import reward_registry
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.cli.training import ManyFiles, progress, short
from vitrina.errors import PermanentError
from vitrina.reward.models import ModelKind

app = typer.Typer(no_args_is_help=True, help="Reward models: which of two answers will people prefer?")
app.command("models")(reward_registry.models)
app.command("promote")(reward_registry.promote)
app.command("roll-back")(reward_registry.roll_back)
app.command("push")(reward_registry.push)
Format = Annotated[
    str | None,
    typer.Option(
        "--format", help="ours, hh-rlhf, pandalm, qa-feedback, llmbar or rewardbench; recognised when left out."
    ),
]
Model = Annotated[Path, typer.Argument(help="Folder of a trained model.", metavar="MODEL")]


class PlotForm(StrEnum):
    """How plots are written."""

    SVG = "svg"
    PNG = "png"
    NONE = "none"


@app.command(cls=ManyFiles)
def train(
    train: Annotated[list[Path], typer.Option("--train", help="Preference files, plain or .gz.", metavar="FILE…")],
    out: Annotated[Path, typer.Option("--out", help="Folder that becomes the model.", metavar="DIR")],
    kind: Annotated[
        ModelKind | None, typer.Option("--kind", help="Left out: the validation fold chooses.", case_sensitive=False)
    ] = None,
    format: Format = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the folds and of the weights.")] = 0,
    base: Annotated[
        str | None, typer.Option("--base", help="A pretrained model (folder or hub id) instead of a small new one.")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Of a transformer, at most.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a model that stands in DIR.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from pairs which answer people prefer. An interrupted training goes on when it is started again."""
    from dataclasses import replace as changed

    from vitrina.preferences.formats import load
    from vitrina.reward.fitting import Plan
    from vitrina.reward.fitting import train as fit
    from vitrina.reward.transformer.settings import TransformerSettings

    if kind is ModelKind.LINEAR and (base is not None or epochs is not None):
        raise PermanentError(
            "A linear reward model has neither a base nor epochs.", hint="Leave out --base and --epochs, or --kind."
        )
    settings = TransformerSettings(base=base)
    if epochs is not None:
        settings = changed(settings, epochs=epochs)
    loaded = load(train, format)
    progress("read", {"rows": len(loaded.rows), "decided": len(loaded.decided), "set aside": len(loaded.set_aside)})
    model = fit(loaded, Plan(out, kind, seed, settings, replace), progress)
    data = model.manifest["data"]
    summary = {
        "model": str(out),
        "kind": model.manifest["kind"],
        "model_id": model.model_id,
        "temperature": model.temperature,
        "n_train": data["n_pairs"],
        "folds": data["folds"],
        "set_aside": data["set_aside"],
        "set_aside_reasons": data["set_aside_reasons"],
        "validation_log_loss_by_kind": model.manifest["validation_log_loss_by_kind"],
    }

    def human() -> None:
        facts(f"Reward model in {out}", {name: short(value) for name, value in summary.items() if value != {}})
        say(f"Judge it on other pairs: vitrina reward evaluate {out} --test FILE --train {' '.join(map(str, train))}")

    emit(summary, as_json, human)


@app.command(cls=ManyFiles)
def evaluate(
    model: Model,
    test: Annotated[list[Path], typer.Option("--test", help="Held-out preference files.", metavar="FILE…")],
    train: Annotated[
        list[Path] | None,
        typer.Option("--train", help="What the model was trained on: baselines are fitted on it.", metavar="FILE…"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for report.json and plots.", metavar="DIR")] = None,
    plots: Annotated[PlotForm, typer.Option("--plots", help="How plots are written.")] = PlotForm.SVG,
    curve: Annotated[bool, typer.Option(help="With --train: accuracy by number of training pairs.")] = True,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Every figure of a model on held-out pairs, beside baselines; plots into DIR (default: MODEL/evaluation)."""
    from vitrina.preferences.formats import load
    from vitrina.reward.evaluation import evaluate as judge
    from vitrina.reward.models import open_model
    from vitrina.reward.plots import draw

    opened = open_model(model)
    learned = load(train, format) if train else None
    report = judge(opened, load(test, format), learned, progress, curve=curve)
    folder = out or model / "evaluation"
    report |= {"test_files": [str(path) for path in test], "plots": []}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if plots is not PlotForm.NONE:
            report["plots"] = [str(path) for path in draw(report, folder, str(plots))]
        text = json.dumps(report, ensure_ascii=False, indent=1)
        (folder / "report.json").write_text(text, encoding="utf-8", errors="replace")  # a path may be no text
    except OSError as error:
        if out is not None:
            raise PermanentError(
                f"{folder} cannot be written: {error.strerror}.", hint="Name another --out."
            ) from error
        sys.stderr.write(f"{folder} cannot be written ({error.strerror}): no plots; name a folder with --out\n")
    emit(report, as_json, lambda: _printed(report, folder))


def _printed(report: Mapping[str, Any], folder: Path) -> None:
    length = report["length"]
    facts(
        f"{report['model']['kind']} reward model on {report['n_test']:,} decided pairs",
        {
            "trained on": f"{report['n_train']:,} decided pairs",
            "not decided": ", ".join(f"{name} {n}" for name, n in report["choices"].items() if name not in "ab"),
            "set aside at import": f"{report['set_aside']} {short(report['set_aside_reasons'])}",
            "accuracy": _interval(report),
            "log-loss": f"{report['log_loss']:.4f}, after temperature {report['log_loss_calibrated']:.4f}",
            "calibration error": f"{report['ece']:.4f}, after temperature {report['ece_calibrated']:.4f}",
            "temperature": f"{report['temperature']:.4g}",
            "longer / shorter chosen": f"{_interval(length['longer_chosen'])} / {_interval(length['shorter_chosen'])}",
            "balanced by length": _interval(length, "balanced_accuracy"),
            "rank correlation with length": short(length["spearman_margin_length"]),
            "swapped sides": f"differ by at most {report['antisymmetry_error']:.1e}",
            "same prompts as in training": f"{report['leaked']['pairs']}, {report['leaked']['near']} only nearly",
            **{
                f"best of {size}": f"{_interval(each)}, chance {each['chance']:.2f}"
                for size, each in report["best_of"].items()
            },
            **_several(report),
            "decided pairs have larger margins": short(report["ties"]["auc"]) if report["ties"]["n"] else "no ties",
        },
    )
    if report["baselines"]:
        rows = [
            (name, _interval(each), f"{each['log_loss_calibrated']:.4f}", f"{each['ece_calibrated']:.4f}",
             _interval(each, "balanced_accuracy"), f"{each['difference']:+.3f}", f"{each['mcnemar_p']:.3g}")
            for name, each in report["baselines"].items()
        ]  # fmt: skip
        header = ["baseline", "accuracy", "log-loss", "calibration", "balanced", "model minus it", "McNemar p"]
        show_table("Baselines on the same folds", header, rows)
    if curve := report["learning_curve"]:
        points = [(f"{each['pairs']:,}", _interval(each), f"{each['log_loss']:.4f}") for each in curve["points"]]
        if points:
            show_table("Learning curve of the linear kind", ["training pairs", "accuracy", "log-loss"], points)
        say(curve["said"])
    for kind, names in report["by"].items():
        if len(names) > 1:
            show_table(f"By {kind}", [kind, "accuracy", "pairs"], [(n, _interval(e), e["n"]) for n, e in names.items()])
    for note in report["notes"]:
        say(f"Note: {note}")
    say(f"Report and plots: {folder}")


def _several(report: Mapping[str, Any]) -> dict[str, str]:
    """Items with several right answers, where the file has them."""
    found = {}
    if several := report["several_right"]:
        found["several right answers"] = (
            f"one first {_interval(several['first'])}, chance {several['first']['chance']:.2f}; "
            f"all above the wrong ones {_interval(several['all_above'])}"
        )
    if ties := report["rewardbench_ties"]:
        found["RewardBench 2 Ties"] = f"{ties['score']:.3f} on {ties['n']} pairs of questions"
    return found


def _interval(figures: Mapping[str, Any], name: str = "accuracy") -> str:
    if figures.get(name) is None:
        return "-"
    return f"{figures[name]:.3f} [{figures[f'{name}_low']:.3f}, {figures[f'{name}_high']:.3f}]"


@app.command()
def score(
    model: Model,
    texts: Annotated[list[str] | None, typer.Argument(help="Answers; left out: they are read from stdin.")] = None,
    prompt: Annotated[str, typer.Option("--prompt", help="What they answer.")] = "",
    lines: Annotated[
        bool, typer.Option("--lines", help='On stdin each line is an answer, or {"prompt": …, "answer": …}.')
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Text in, score out: one calibrated score a line. The difference of two is the log odds of being preferred."""
    from vitrina.reward.models import open_model

    pairs = _asked(texts, prompt, lines)
    opened = open_model(model)
    scores = [float(each) for each in opened.scores([asked for asked, _ in pairs], [answer for _, answer in pairs])]
    report = {"model_id": opened.model_id, "kind": opened.manifest["kind"], "scores": scores}
    emit(report, as_json, lambda: sys.stdout.writelines(f"{each:.6f}\n" for each in scores))


def _asked(texts: Sequence[str] | None, prompt: str, lines: bool) -> list[tuple[str, str]]:
    if texts:
        return [(prompt, text) for text in texts]
    given = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    if lines:
        # Not splitlines(): a text may hold line separators of Unicode, and JSON leaves them as they are
        numbered = ((number, line.rstrip("\r")) for number, line in enumerate(given.split("\n"), 1))
        found = [_line(line, number, prompt) for number, line in numbered if line.strip()]
    else:
        found = [(prompt, given.strip())]
    if not any(answer.strip() for _, answer in found):
        raise PermanentError("There is no text to score.", hint="Give it as an argument or on stdin.")
    return found


def _line(line: str, number: int, prompt: str) -> tuple[str, str]:
    if not line.lstrip().startswith("{"):
        return prompt, line
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"Line {number} is no JSON object: {line[:80]}", hint="See --help.") from error
    asked, answer = record.get("prompt", prompt), record.get("answer")
    for name, text in (("answer", answer), ("prompt", asked)):
        if not isinstance(text, str):
            what = f"has a field {name} that is {type(text).__name__}, not text" if name in record else f"has no {name}"
            raise PermanentError(f"Line {number} {what}: {line[:80]}", hint='{"prompt": "…", "answer": "…"} is wanted.')
    return asked, answer
