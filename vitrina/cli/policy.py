"""``vitrina policy``: teach a model to write, by examples and by a reward model, and let it write.

Belongs here: options and what is printed. Stays out: training and figures (`vitrina.policy`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vitrina.cli import policy_registry
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.cli.training import ManyFiles, progress, short
from vitrina.errors import PermanentError
from vitrina.policy.settings import Algorithm, PolicySettings, SftSettings
from vitrina.training.options import given

app = typer.Typer(no_args_is_help=True, help="Models that write: taught by examples, then by a reward model.")
app.command("models")(policy_registry.models)
app.command("pairs")(policy_registry.pairs)
app.command("promote")(policy_registry.promote)
app.command("roll-back")(policy_registry.roll_back)
app.command("push")(policy_registry.push)
Settings = Annotated[str, typer.Option("--settings", help="As a JSON object: base, epochs, beta, steps, …")]
Format = Annotated[str | None, typer.Option("--format", help="Of preference files; recognised when left out.")]
Train = Annotated[list[Path], typer.Option("--train", help="Preference files, or prompt and text.", metavar="FILE…")]
Out = Annotated[Path, typer.Option("--out", help="Folder that becomes the model.", metavar="DIR")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace a model that stands in DIR.")]
Seed = Annotated[int, typer.Option("--seed", help="Of folds, weights and texts.")]
_SHOWN = ("n_prompts", "best_of", "writers", "over_best_of_n", "length_ratio", "kl_per_token")


def _settings(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PermanentError(
            f"--settings is no JSON: {error}.", hint="""For example --settings '{"epochs": 3}'."""
        ) from error
    if not isinstance(found, dict):
        raise PermanentError("--settings is no JSON object.", hint="""For example --settings '{"epochs": 3}'.""")
    return found


@app.command(cls=ManyFiles)
def sft(
    train: Train, out: Out, settings: Settings = "{}", format: Format = None, seed: Seed = 0, replace: Replace = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Teach a model to write by the preferred sides of pairs. An interrupted training goes on when started again."""
    from vitrina.policy.examples import read_examples
    from vitrina.policy.sft import SftPlan
    from vitrina.policy.sft import train as teach

    examples = read_examples(train, format)
    manifest = teach(examples, SftPlan(out, seed, given(SftSettings, _settings(settings)), replace), progress)
    best = min(manifest["history"], key=lambda epoch: epoch["loss_per_token"])
    summary = {"model": str(out), "model_id": manifest["model_id"], **manifest["data"], **best}

    def human() -> None:
        facts(f"Writer in {out}", {name: short(value) for name, value in summary.items() if value != {}})
        say(f"""Let it write: vitrina policy write {out} "…" """)

    emit(summary, as_json, human)


@app.command(cls=ManyFiles)
def train(
    train: Train,
    out: Out,
    sft: Annotated[Path, typer.Option("--sft", help="Folder of the model to start from.")],
    test: Annotated[list[Path], typer.Option("--test", help="Held-out prompts.", metavar="FILE…")] = [],  # noqa: B006
    reward: Annotated[Path | None, typer.Option("--reward", help="Left out: one of half of the pairs.")] = None,
    judge: Annotated[Path | None, typer.Option("--judge", help="A model of another fold.")] = None,
    algorithm: Annotated[
        Algorithm, typer.Option("--algorithm", case_sensitive=False, help="How the policy learns.")
    ] = Algorithm.RLOO,
    settings: Settings = "{}",
    format: Format = None,
    seed: Seed = 0,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Teach a policy by a reward model, and judge it by another one. An interrupted training goes on."""
    from vitrina.policy.examples import read_examples
    from vitrina.policy.gates import judged
    from vitrina.policy.optimising import PolicyPlan
    from vitrina.policy.optimising import train as teach

    chosen = given(PolicySettings, _settings(settings))
    plan = PolicyPlan(out, sft, reward, judge, algorithm, seed, chosen, replace)
    held = read_examples(test, format) if test else None
    manifest, judges, prompts = teach(read_examples(train, format), held, plan, progress)
    from vitrina.policy.judging import report_of

    report = report_of(
        out, sft, prompts.held, judges.reward, judges.judge, leaked=prompts.leaked, progress=progress,
        best_of=chosen.best_of, temperature=chosen.temperature, used=judges.named,
    )  # fmt: skip
    rules = judged(report)
    shown = {name: report[name] for name in _SHOWN}
    gate = [{"name": rule.name, "met": rule.passed, "measured": rule.measured, "needed": rule.needed} for rule in rules]
    emit(
        {"model": str(out), "model_id": manifest["model_id"], **shown, "gate": gate}, as_json, lambda: _human(out, gate)
    )


def _human(out: Path, gate: list[dict[str, Any]]) -> None:
    rows = [[rule["name"], "yes" if rule["met"] else "NO", short(rule["measured"]), rule["needed"]] for rule in gate]
    show_table("May it be used?", ["rule", "met", "measured", "needed"], rows)
    say(f"Report, plots and card: {out / 'evaluation'}")


@app.command()
def write(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model.", metavar="MODEL")],
    prompts: Annotated[list[str], typer.Argument(help="What to write for; - reads one prompt from stdin.")],
    samples: Annotated[int, typer.Option("--samples", min=1, help="Texts for each prompt.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, help="0: the likeliest text.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Of the texts.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write texts. The same call gives the same texts."""
    from vitrina.reward.models import require_torch
    from vitrina.reward.transformer.training import quiet_environment

    require_torch("A model that writes", "")
    quiet_environment()
    from vitrina.policy.writing import open_writer

    asked = [sys.stdin.read() if prompt == "-" else prompt for prompt in prompts]
    found = open_writer(model).write(asked, samples=samples, temperature=temperature, seed=seed)
    texts = [
        {"prompt": prompt, "text": each.text, "ended": each.ended}
        for prompt, written in zip(asked, found, strict=True)
        for each in written
    ]

    def human() -> None:
        for each in texts:
            say(f"{each['text']}{'' if each['ended'] else ' […]'}")

    emit({"texts": texts}, as_json, human)
