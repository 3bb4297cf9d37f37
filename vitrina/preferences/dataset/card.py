"""The dataset card: what a version holds, in words and pictures, beside its files.

Belongs here: README.md in the Hub's form, report.json, plots. Stays out: the figures themselves.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from vitrina.preferences.dataset.rows import SIDES, Pair, Sorted
from vitrina.preferences.dataset.validation import REASONS

if TYPE_CHECKING:
    from vitrina.preferences.models import DatasetVersion

_NAMES = {
    "krippendorff_alpha": "Agreement (Krippendorff's alpha, nominal)",
    "gold_accuracy": "Right answers to pairs whose answer is known",
    "left_chosen": "Share of choices for the text on the left",
    "longer_chosen": "Share of decided pairs won by the longer text",
    "circular_triads": "Share of triads of a prompt that run in a circle",
}
_ABOUT = (
    "Two texts for one product each, and which of them people preferred. Votes are un-flipped and aggregated; where",
    "people disagreed, Dawid-Skene decided if it was sure. Ties are in a file of their own, approved and rejected",
    "single texts in another; nothing was coin-flipped. Annotators have pseudonyms; their comments are not here.",
)
_USE = (
    "For training and judging reward models of product texts. Not for judging people: pseudonyms are there to count",
    "agreement. E-mail addresses, telephone and card numbers are set aside by rule; names are not looked for.",
)


def card_files(version: DatasetVersion, found: Sorted, licence: str) -> dict[str, bytes]:
    """File name → bytes: the card, the report, the plots."""
    report = {"version": version.version, "number": version.number, "counts": version.counts, **version.report}
    return {
        "README.md": readme(version, licence).encode(),
        "report.json": json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True).encode(),
        "plots/lengths.png": length_plot(found.pairs),
        "plots/margins.png": margin_plot(found.pairs),
    }


def readme(version: DatasetVersion, licence: str) -> str:
    """The card, with the Hub's header: how to load it, what it is, what it must not be used for."""
    counts, report = version.counts, version.report
    header = {
        "license": licence,
        "language": sorted(language for language in counts["languages"] if language != "unknown"),
        "pretty_name": f"Product text preferences, version {version.number}",
        "task_categories": ["text-generation"],
        "tags": ["preference", "human-feedback", "trl"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": side, "path": f"{side}.parquet"} for side in SIDES if counts["pairs"].get(side)
                ],
            },
            *(
                {"config_name": name, "data_files": f"{name}.parquet"}
                for name in ("ties", "unpaired")
                if version.files.get(f"{name}.parquet", {}).get("rows")
            ),
        ],
    }
    lines = [
        "---",
        yaml.safe_dump(header, allow_unicode=True, sort_keys=False).strip(),
        "---",
        f"# Product text preferences, version {version.number} (`{version.version}`)",
        "",
        *_ABOUT,
        "",
        "## Counts",
        "",
        *_table(["", "pairs", "groups"], [(side, counts["pairs"][side], counts["groups"][side]) for side in SIDES]),
        "",
        f"Ties: {_listed(counts['ties'])}. Unpaired texts: {_listed(counts['unpaired'])}. "
        f"Contracts: {_listed(counts['contracts'])}.",
        "",
        *_table(
            ["source", "pairs", "licence"],
            [(name, count, report["licences"].get(name, licence)) for name, count in counts["origins"].items()],
        ),
        "",
        "## Agreement and biases",
        "",
        *_table(
            ["figure", "value, 95 % interval, n"], [(_NAMES.get(k, k), _words(v)) for k, v in report["figures"].items()]
        ),
        "",
        f"Annotators: {report['annotators']}. Guidelines: {', '.join(report['guidelines']) or 'none'}.",
        *(f"\n> {sentence}" for sentence in report["missing"]),
        "",
        "![Characters of chosen and rejected texts](plots/lengths.png)",
        "",
        "![Margins](plots/margins.png)",
        "",
        "## Splits",
        "",
        "Prompts, products and near-duplicate prompts stand on one side; a side, once given, never changes in later "
        "versions. That no two sides meet was checked in these files.",
        "",
        "## Set aside",
        "",
        *_table(["reason", "rows", "meaning"], [(r, n, REASONS.get(r, "")) for r, n in counts["set_aside"].items()]),
        "",
        "## Use",
        "",
        *_USE,
        "",
        f"Licence: {licence}. Files from outside have the licences that stand beside them.",
        "",
    ]
    return "\n".join(lines)


def length_plot(pairs: Sequence[Pair]) -> bytes:
    """Characters of chosen against rejected texts."""
    figure, axes = _figure()
    chosen = [len(pair.text_a if pair.outcome == "a" else pair.text_b) for pair in pairs]
    rejected = [len(pair.text_b if pair.outcome == "a" else pair.text_a) for pair in pairs]
    if pairs:
        axes.hist([chosen, rejected], bins=20, label=["chosen", "rejected"], color=["#3b6ea8", "#c9a227"])
        axes.legend(fontsize=7)
    axes.set_title(f"Characters of the texts ({len(pairs)} pairs)", fontsize=9)
    return _png(figure)


def margin_plot(pairs: Sequence[Pair]) -> bytes:
    """How clearly people decided."""
    figure, axes = _figure()
    margins = [pair.margin for pair in pairs if pair.margin is not None]
    if margins:
        axes.hist(margins, bins=20, range=(-1, 1), color="#3b6ea8")
    axes.set_title(f"Margin: votes for minus against, over all votes ({len(margins)} pairs)", fontsize=9)
    return _png(figure)


def _figure() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 2.6), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    # Without the software's name and version: the same data give the same bytes.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _words(figure: Mapping[str, Any]) -> str:
    if "undefined" in figure:
        return f"{figure['undefined']} (n = {figure['n']})"
    return f"{figure['estimate']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}], n = {figure['n']}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    def cell(value: Any) -> str:
        return " ".join(str(value).split()).replace("|", "\\|")

    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(cell(value) for value in row) + " |" for row in rows),
    ]
