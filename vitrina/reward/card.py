"""The model card: what a model was made from, what it is for, and what it gets wrong.

What belongs here: one Markdown text from a manifest, and from an evaluation if there is one. What stays out: figures'
making.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAME = "README.md"
_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]|<>#~"})
_KINDS = {
    "linear": "A linear Bradley-Terry model on TF-IDF of character n-grams (2 to 5) of the answer.",
    "transformer": "A transformer that reads prompt and answer and gives one number.",
    "ensemble": "The sum of a linear model and a transformer, each calibrated.",
}


def plain(text: object) -> str:
    """Text of other people's files, so that Markdown shows it and does not obey it."""
    return " ".join(str(text).split()).translate(_SPECIAL)[:200]


def written(manifest: Mapping[str, Any], report: Mapping[str, Any] | None = None) -> str:
    """The card of a model; `report` is what `evaluate` gives."""
    return "\n".join([*_head(manifest), *(_figures(report) if report else _no_figures()), *_end(manifest)]) + "\n"


def _head(manifest: Mapping[str, Any]) -> Iterator[str]:
    data = manifest["data"]
    yield f"# Reward model ({manifest['kind']})"
    yield ""
    yield _KINDS[manifest["kind"]]
    yield "A higher score means that people are more likely to prefer the answer; the difference of two calibrated"
    yield "scores is the log odds of it. Scores of answers to different prompts are not comparable."
    yield ""
    yield "## Made from"
    yield ""
    yield f"- decided pairs: {data['n_pairs']:,} of {data['n_rows']:,}, in {data['groups']:,} prompt groups"
    yield f"- folds by prompt: {', '.join(f'{name} {count:,}' for name, count in data['folds'].items())}"
    yield f"- not decided, left out: {_counted(data['choices'], skip=('a', 'b'))}"
    yield f"- set aside at import: {_counted(data['set_aside_reasons'])}"
    yield f"- files: {', '.join(map(plain, data['files']))} ({', '.join(data['formats'])})"
    yield f"- data version `{data['data_version'][:16]}`, split `{data['split_version'][:16]}`, seed {manifest['seed']}"
    yield f"- kinds of text: {', '.join(map(plain, manifest.get('contracts') or ['not known']))}"
    for name, value in manifest.get("notes", {}).items():
        yield f"- {plain(name)}: {plain(value)}"
    yield ""
    yield "## Settings"
    yield ""
    yield f"- temperature {manifest['temperature']:.4g}, fitted on the calibration fold"
    for name, part in manifest["parts"].items():
        shown = {key: value for key, value in part.items() if key not in ("heaviest", "history")}
        yield f"- {name}: {', '.join(f'{key} {plain(value)}' for key, value in shown.items())}"
    yield f"- code: {', '.join(f'{name} {number}' for name, number in manifest['code'].items())}"
    for name, part in manifest["parts"].items():
        if heaviest := part.get("heaviest"):
            yield ""
            yield f"## What the {name} part looks at"
            yield ""
            for side, word in (("up", "raises"), ("down", "lowers")):
                terms = ", ".join(f"`{term.replace('`', '´')}` {weight:+.2f}" for term, weight in heaviest[side][:15])
                yield f"- {word} the score: {terms or 'nothing'}"


def _counted(counts: Mapping[str, int], skip: tuple[str, ...] = ()) -> str:
    named = [f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items() if count and name not in skip]
    return ", ".join(named) or "none"


def _no_figures() -> Iterator[str]:
    yield ""
    yield "## Figures"
    yield ""
    yield "Not evaluated yet: `vitrina reward evaluate MODEL --test FILE --train FILE`."


def _figures(report: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Figures"
    yield ""
    yield f"On {report['n_test']:,} decided pairs that were not trained on, with 95 % intervals:"
    yield ""
    yield "| | accuracy | log-loss | calibration error | McNemar p |"
    yield "|---|---|---|---|---|"
    yield f"| **this model** | {_interval(report)} | {_rest(report)} | |"
    for name, baseline in report["baselines"].items():
        yield f"| {name} | {_interval(baseline)} | {_rest(baseline)} | {baseline['mcnemar_p']:.3g} |"
    for note in report["notes"]:
        yield ""
        yield f"- {plain(note)}"


def _interval(figures: Mapping[str, Any]) -> str:
    return f"{figures['accuracy']:.3f} [{figures['accuracy_low']:.3f}, {figures['accuracy_high']:.3f}]"


def _rest(figures: Mapping[str, Any]) -> str:
    return f"{figures['log_loss_calibrated']:.3f} | {figures['ece_calibrated']:.3f}"


def _end(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Use"
    yield ""
    yield "- For ranking several answers to one prompt of the kind it was trained on. Not for judging people, nor as"
    yield "  the only judge of a model that was optimised against it: such a model learns the faults of its judge."
    yield "- It repeats the taste and the biases of those who judged; length is measured in the report."
    yield f"- Licence: {plain(manifest.get('notes', {}).get('licence', 'that of the data it was made from'))}."
