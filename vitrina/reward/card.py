"""The model card: what a model was made from, what it is for, and what it gets wrong.

What belongs here: one Markdown text from a manifest, and from an evaluation if there is one. What stays out: figures'
making.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]|<>#~"})
#: Groups of one kind that a card names; the report has them all.
_GROUPS = 8
_KINDS = {
    "linear": "A linear Bradley-Terry model on TF-IDF of character n-grams (2 to 5) of the answer.",
    "transformer": "A transformer that reads prompt and answer and gives one number.",
    "ensemble": "The sum of a linear model and a transformer, each calibrated.",
}


def plain(text: object) -> str:
    """Text of other people's files, so that Markdown shows it and does not obey it."""
    return " ".join(str(text).split()).translate(_SPECIAL)[:200]


def written(manifest: Mapping[str, Any], report: Mapping[str, Any] | None = None, plots: Sequence[str] = ()) -> str:
    """The card of a model.

    Args:
        report: What `evaluate` gives.
        plots: Names of pictures that stand beside the card.
    """
    figures = [*_figures(report), *_biases(report), *pictures(plots)] if report else _no_figures()
    return "\n".join([*_head(manifest), *figures, *_end(manifest)]) + "\n"


def pictures(plots: Sequence[str]) -> Iterator[str]:
    """Plots that stand beside a card."""
    for name in plots:
        yield ""
        yield f"![{plain(name.rpartition('/')[2].partition('.')[0])}]({name})"


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
    for base in _bases(manifest):
        yield f"- base: {plain(base)}"
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


def _bases(manifest: Mapping[str, Any]) -> Iterator[str]:
    for part in manifest["parts"].values():
        if "settings" in part:
            yield part["settings"].get("base") or "none: from configuration, with a tokenizer of its own"


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


def _biases(report: Mapping[str, Any]) -> Iterator[str]:
    """What it prefers beside quality, as the held-out pairs show it."""
    length, by = report["length"], report["by"]
    yield ""
    yield "## Biases"
    yield ""
    yield f"- length: {_share(length['longer_chosen'])} right where the longer answer was chosen,"
    yield f"  {_share(length['shorter_chosen'])} where the shorter one was; balanced"
    yield f"  {_bounds(*(length[f'balanced_accuracy{end}'] for end in ('', '_low', '_high')))}"
    rho = length["spearman_margin_length"]
    yield f"- rank correlation of margin and difference of length: {'not known' if rho is None else f'{rho:+.3f}'}"
    yield f"- position: swapping the sides changes the margin by {report['antisymmetry_error']:.2g} at most"
    for name in ("language", "category", "margin", "agreement"):
        groups = list(by.get(name, {}).items())
        shown = ", ".join(f"{plain(group)} {_share(each)}" for group, each in groups[:_GROUPS])
        more = f", and {len(groups) - _GROUPS} more in the report" if len(groups) > _GROUPS else ""
        yield f"- accuracy by {name}: {shown or 'not known'}{more}"


def _share(found: Mapping[str, Any]) -> str:
    return f"{_bounds(found['accuracy'], found['accuracy_low'], found['accuracy_high'])} of {found['n']:,}"


def _bounds(value: float | None, low: float | None, high: float | None) -> str:
    return "not known" if value is None or low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


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
    yield "- It repeats the taste and the biases of those who judged."
    yield f"- Licence: {plain(manifest.get('notes', {}).get('licence', 'that of the data it was made from'))}."
