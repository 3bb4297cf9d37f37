"""The model card of a model that writes.

What belongs here: one Markdown text from a manifest, and from a report if there is one. What stays out: figures'
making.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vitrina.reward.card import pictures, plain

_KINDS = {
    "sft": "A model that writes short product cards, taught by examples that people preferred.",
    "policy": "A model that writes short product cards, taught by a reward model from what examples had taught it.",
}


def written(manifest: Mapping[str, Any], report: Mapping[str, Any] | None = None, plots: Sequence[str] = ()) -> str:
    """The card of a model.

    Args:
        report: What `vitrina.policy.evaluation.judge` gives; a model taught by examples has none.
        plots: Names of pictures that stand beside the card.
    """
    figures = [*_figures(report), *_biases(report), *pictures(plots)] if report else _no_figures(manifest)
    return "\n".join([*_head(manifest), *figures, *_end(manifest)]) + "\n"


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


def _no_figures(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Figures"
    yield ""
    if manifest["kind"] != "sft":
        yield "Not judged: no report stands beside this card."
        return
    yield f"Loss on the validation fold after each epoch; the weights are those of epoch {manifest['best_epoch']}:"
    yield ""
    yield "| epoch | nats per token | nats per character |"
    yield "|---|---|---|"
    for each in manifest["history"]:
        yield f"| {each['epoch']} | {each['loss_per_token']:.3f} | {each['loss_per_character']:.3f} |"


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


def _biases(report: Mapping[str, Any]) -> Iterator[str]:
    """What it does beside pleasing the judge."""
    policy, kl = report["writers"]["policy"], report["kl_per_token"]
    yield ""
    yield "## Biases"
    yield ""
    yield f"- length: {policy['characters']:.0f} characters, {report['length_ratio']:.2f} of the SFT model's"
    yield f"- cut: {_bounds(policy['clipped'], 'share')}"
    yield f"- in the language asked for: {_bounds(policy['language'], 'share')}"
    yield f"- repetition: {_bounds(policy['repetition'], 'mean')}"
    if kl is not None:
        yield f"- nats per token from the SFT model: {_bounds(kl, 'mean')}"


def _bounds(found: Mapping[str, Any], name: str) -> str:
    if found[name] is None:
        return "not known"
    return f"{found[name]:.3f}" + ("" if found["low"] is None else f" [{found['low']:.3f}, {found['high']:.3f}]")


def _end(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Use"
    yield ""
    yield "- For short cards from the prompt of a product's facts, checked for truth before they are shown: a small"
    yield "  model invents values."
    yield "- It repeats the taste, and the faults, of the judge it learned from."
    yield f"- Licence: {plain(manifest.get('notes', {}).get('licence', 'that of the data it was made from'))}."
