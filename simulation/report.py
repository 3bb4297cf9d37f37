"""What a person sees at the end: a table, a plot, and what the people were worth.

Belongs here: words and drawing. Stays out: figures' making (``measures``), the texts (``reading``).
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from simulation.measures import Mean, differences, mean_of
from simulation.plan import Record
from simulation.reading import COMPARED, NAMES, ORACLE, POLICY, RANDOM, ROUND_1, ROUND_2, Texts
from simulation.rubric import judge

RESULT, PICTURE = "result.json", "loop"
MAIN = f"{ROUND_2} − {ROUND_1}"
_COLOURS = {RANDOM: "#8a8f98", ORACLE: "#8a8f98"}
#: What a text consists of, as shown beside its points.
_PARTS = ("true", "false", "praise", "labels")


def result_of(texts: Texts, record: Record) -> dict[str, Any]:
    """All figures as one object: what is shown, and what ``result.json`` holds."""
    products, points = texts.points()
    means = {name: mean_of(points[name], seed=record.size.seed) for name in NAMES if name in points}
    compared = differences(points, COMPARED)
    parts = {name: _parts(texts, name, products) for name in means}
    done = record.done
    return {
        "products": len(products),
        "means": {name: mean.as_dict() for name, mean in means.items()},
        "differences": {
            name: one.as_dict() | {"excludes_zero": one.apart_from_zero} for name, one in compared.items()
        },
        "parts": parts,
        "chosen_with_the_policy": texts.chosen,
        "rounds": {
            number: {
                "pairs": done[f"pairs_{number}"]["pairs"], "votes": done[f"votes_{number}"]["votes"],
                "standing_votes": done[f"votes_{number}"]["standing"],
                "careless": done[f"votes_{number}"]["careless"], "voided": done[f"votes_{number}"]["voided"],
                "agreement": done[f"dataset_{number}"].get("krippendorff_alpha"),
                "gold": done[f"dataset_{number}"].get("gold_accuracy"),
                "reward": {name: value for name, value in done[f"reward_{number}"].items() if name != "seconds"},
            }
            for number in ("1", "2")
        },
        "policy": {name: value for name, value in done.get("policy", {}).items() if name != "seconds"},
        "seconds": {stage: told["seconds"] for stage, told in done.items()},
    }  # fmt: skip


def _parts(texts: Texts, name: str, products: Sequence[int]) -> dict[str, float]:
    """Means of what the rubric counted in the texts of one way."""
    found = [judge(texts.facts[pk], texts.texts[name][pk]).as_dict() for pk in products]
    return {part: round(sum(one[part] for one in found) / len(found), 2) for part in _PARTS}


def show(console: Console, result: Mapping[str, Any], home: Path) -> None:
    """Tables, in words whether round 2 is better, and where the plot lies."""
    _show_people(console, result)
    table = Table(title=f"Points of the rubric on the same {result['products']} new products", title_justify="left")
    for name, justify in (("text", "left"), ("mean [95 % interval]", "right"), ("true", "right"), ("false", "right"),
                          ("praise", "right"), ("labels", "right")):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name, mean in result["means"].items():
        table.add_row(name, str(Mean(**mean)), *(f"{result['parts'][name][part]:.2f}" for part in _PARTS))
    console.print(table)
    table = Table(title="Product by product", title_justify="left")
    for name in ("difference", "mean [95 % interval]", "excludes zero"):
        table.add_column(name)
    for name, one in result["differences"].items():
        table.add_row(name, str(_mean(one)), "yes" if one["excludes_zero"] else "no")
    console.print(table)
    console.print(verdict(result), style="bold", soft_wrap=True)
    if result["policy"]:
        console.print(policy_verdict(result["policy"]), soft_wrap=True)
    console.print(f"Time of all stages: {sum(result['seconds'].values()):.0f} s")
    for kind in ("png", "svg"):
        console.print(f"Plot: {home / f'{PICTURE}.{kind}'}", markup=False, soft_wrap=True)
    console.print(f"Figures: {home / RESULT}", markup=False, soft_wrap=True)


def verdict(result: Mapping[str, Any]) -> str:
    """Whether round 2 is better than round 1, said plainly."""
    main = result["differences"].get(MAIN)
    if main is None:
        return "Round 2 cannot be compared with round 1: there is nothing of one of them."
    if main["excludes_zero"] and main["mean"] > 0:
        return f"Round 2 is better than round 1: by {_mean(main)} points a product, and the interval excludes zero."
    if main["excludes_zero"]:
        return f"Round 2 is WORSE than round 1: by {_mean(main)} points a product."
    return f"NOT SHOWN: round 2 differs from round 1 by {_mean(main)} points, and the interval holds zero."


def policy_verdict(told: Mapping[str, Any]) -> str:
    """What became of the policy."""
    if told.get("failed"):
        return f"The policy was not trained: {told['failed']}"
    if told["passed"]:
        return "The gate let the policy through: it writes beside the embedded writer."
    return f"The gate refused the policy ({', '.join(told['refused'])}): it is measured, and writes for nobody."


def _mean(one: Mapping[str, Any]) -> Mean:
    return Mean(one["mean"], one["low"], one["high"], one["n"])


def _show_people(console: Console, result: Mapping[str, Any]) -> None:
    table = Table(title="Rounds", title_justify="left")
    for name in ("", "round 1", "round 2"):
        table.add_column(name)
    rounds = [result["rounds"][number] for number in ("1", "2")]

    def caught(one: Mapping[str, Any]) -> str:
        found = [f"{who.partition('@')[0]} ({share:.0%} right)" for who, share in one["careless"].items()]
        return f"yes: {', '.join(found)}; {one['voided']} votes voided" if found else "nobody failed"

    def accuracy(one: Mapping[str, Any]) -> str:
        own = one["reward"]
        gate = "passed" if own.get("passed") else f"refused ({', '.join(own.get('refused', []))}); used all the same"
        return f"{own['accuracy']:.3f}, low {own['accuracy_low']:.3f} (n = {own['n_test']}); gate: {gate}"

    def figure(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    rows = [
        ("pairs until then", [str(one["pairs"]) for one in rounds]),
        ("votes until then, of which count", [f"{one['votes']}, {one['standing_votes']}" for one in rounds]),
        ("careless annotator found by gold", [caught(one) for one in rounds]),
        ("right answers to gold", [figure(one["gold"]) for one in rounds]),
        ("Krippendorff's alpha", [figure(one["agreement"]) for one in rounds]),
        ("reward model, accuracy on held-out pairs", [accuracy(one) for one in rounds]),
    ]
    for name, values in rows:
        table.add_row(name, *values)
    console.print(table)


def draw(result: Mapping[str, Any], home: Path) -> None:
    """``loop.png`` and ``loop.svg`` in the home folder."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    height = 1.4 + 0.5 * max(len(result["means"]), len(result["differences"]))
    with plt.rc_context({"svg.hashsalt": "vitrina", "font.size": 10}):
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(12, height), width_ratios=(3, 2), layout="constrained", facecolor="white"
        )
        means = {name: _mean(one) for name, one in result["means"].items()}
        _points(left, means, {name: _COLOURS.get(name, "#2563a8") for name in means})
        left.set_xlabel(f"points of the rubric, mean of {result['products']} new products, 95 % interval")
        # Far from the others they would hide whether the main one holds zero; the table has them
        far = {f"{ORACLE} − {ROUND_2}", f"{POLICY} − {ROUND_2}"}
        shown = {name: _mean(one) for name, one in result["differences"].items() if name not in far}
        colours = {name: "#b3541e" if name == MAIN else "#2563a8" for name in shown}
        _points(right, shown, colours)
        right.axvline(0, color="#333333", linewidth=0.8)
        right.set_xlabel("difference, product by product")
        for kind in ("png", "svg"):
            figure.savefig(home / f"{PICTURE}.{kind}", dpi=150, metadata={"Date": None} if kind == "svg" else None)
        plt.close(figure)


def _points(axes: Any, means: Mapping[str, Mean], colours: Mapping[str, str]) -> None:
    names: Sequence[str] = list(means)
    for place, name in enumerate(names):
        one = means[name]
        axes.plot([one.low, one.high], [place, place], color=colours[name], linewidth=2)
        axes.plot([one.mean], [place], "o", color=colours[name], markersize=6)
        axes.annotate(f"{one.mean:.2f}", (one.mean, place), xytext=(0, 6), textcoords="offset points",
                      ha="center", fontsize=8)  # fmt: skip
    axes.set_yticks(
        range(len(names)), [" −\n".join(textwrap.fill(part, 30) for part in name.split(" − ")) for name in names]
    )
    axes.set_ylim(len(names) - 0.4, -0.7)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def save(result: Mapping[str, Any], home: Path) -> None:
    """``result.json``."""
    (home / RESULT).write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")


def load(home: Path) -> dict[str, Any] | None:
    """What a finished run left; None when there is none."""
    try:
        return dict(json.loads((home / RESULT).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
