"""The model card of a model that writes.

What belongs here: one Markdown text from a manifest, and from a report if there is one. What stays out: figures'
making.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.reward.card import plain

_KINDS = {
    "sft": "A model that writes short product cards, taught by examples that people preferred.",
    "policy": "A model that writes short product cards, taught by a reward model from what examples had taught it.",
}


def written(manifest: Mapping[str, Any], report: Mapping[str, Any] | None = None) -> str:
    """The card of a model; `report` is what `vitrina.policy.evaluation.judge` gives."""
    return "\n".join([*_head(manifest), *(_figures(report) if report else _no_figures()), *_end(manifest)]) + "\n"


def _head(manifest: Mapping[str, Any]) -> Iterator[str]:
    data = manifest["data"]
    yield f"# Writer ({manifest['kind']}, {manifest['algorithm']})"
    yield ""
    yield _KINDS[manifest["kind"]]
    yield "It writes the contract `card` (160 to 380 characters of plain text), never a full description."
    yield ""
    yield "## Made from"
    yield ""
    yield f"- examples {data['n_examples']:,}, prompts {data['n_prompts']:,}, decided pairs {data['n_pairs']:,}"
    reasons = ", ".join(f"{name} {count}" for name, count in data["set_aside_reasons"].items()) or "none"
    yield f"- set aside at import: {plain(reasons)}; said before for the same prompt: {data['repeated']:,}"
    yield f"- files: {', '.join(map(plain, data['files']))}"
    yield f"- data version `{data['data_version'][:16]}`, seed {manifest['seed']}, base {plain(manifest['base'])}"
    for name in ("sft_model_id", "reward_model_id", "judge_model_id"):
        if manifest.get(name):
            yield f"- {name.replace('_', ' ')}: `{manifest[name][:16]}`"
    for name, value in manifest.get("notes", {}).items():
        yield f"- {plain(name)}: {plain(value)}"
    yield ""
    yield "## Settings"
    yield ""
    yield f"- {', '.join(f'{name} {plain(value)}' for name, value in manifest['settings'].items())}"
    yield f"- code: {', '.join(f'{name} {number}' for name, number in manifest['code'].items())}"


def _no_figures() -> Iterator[str]:
    yield ""
    yield "## Figures"
    yield ""
    yield "Not judged: no report stands beside this card."


def _figures(report: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Figures"
    yield ""
    yield f"On {report['n_prompts']:,} prompts that were not trained on, with 95 % intervals:"
    yield ""
    yield "| writer | reward | share of prompts on which the judge prefers it to SFT |"
    yield "|---|---|---|"
    for name, each in report["writers"].items():
        won = each.get("judge_win")
        share = f"{won['share']:.3f} [{won['low']:.3f}, {won['high']:.3f}]" if won and won["n"] else ""
        mean = each["reward"]
        bounds = "" if mean["low"] is None else f" [{mean['low']:.2f}, {mean['high']:.2f}]"
        yield f"| {plain(name)} | {mean['mean']:.2f}{bounds} | {share} |"


def _end(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Use"
    yield ""
    yield "- For short cards from the prompt of a product's facts, checked for truth before they are shown: a small"
    yield "  model invents values."
    yield "- It repeats the taste, and the faults, of the judge it learned from."
    yield f"- Licence: {plain(manifest.get('notes', {}).get('licence', 'that of the data it was made from'))}."
