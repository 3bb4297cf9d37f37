"""Plots of a policy's report.

What belongs here: drawing. What stays out: figures' making.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE, _GREY, _RED = "#3b6ea8", "#7a7a7a", "#c0392b"
_NAMES = {"sft": "SFT", "best_of_n": "best of n", "policy": "policy"}


def draw(report: Mapping[str, Any], folder: Path, form: str = "png") -> list[Path]:
    """Write the plots that the report has figures for.

    Returns:
        The files, one a plot.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    # The hash salt and the missing date make the same report the same bytes
    with mpl.rc_context({"text.parse_math": False, "svg.hashsalt": "vitrina", "font.size": 9}):
        for name, plot in _PLOTS.items():
            figure = Figure(figsize=(6.4, 2.8 if name != "curve" else 4.2), layout="constrained")
            if name == "curve" and not report.get("curve"):
                continue
            plot(figure.add_subplot(), report)
            path = folder / f"{name}.{form}"
            figure.savefig(path, dpi=120, metadata={"Date": None} if form == "svg" else None)
            written.append(path)
    return written


def _wins(axes: Axes, report: Mapping[str, Any]) -> None:
    best = f"best of {report['best_of']}"
    writers = report["writers"]
    entries = [
        (f"{best} over SFT", writers["best_of_n"]["judge_win"]),
        ("policy over SFT", writers["policy"]["judge_win"]),
    ]
    entries.append((f"policy over {best}", report["over_best_of_n"]))
    _forest(axes, [(name, each["share"], each["low"], each["high"]) for name, each in entries if each["n"]])
    axes.axvline(0.5, color=_RED, linestyle=":", linewidth=1)
    axes.set(xlim=(-0.03, 1.03), xlabel="share of prompts on which the judge prefers the first")
    axes.set_title(f"A judge that the policy did not see, {report['n_prompts']} prompts, 95 % interval")


def _rewards(axes: Axes, report: Mapping[str, Any]) -> None:
    means = [(_NAMES[name], each["reward"]) for name, each in report["writers"].items()]
    _forest(axes, [(name, each["mean"], each["low"], each["high"]) for name, each in means])
    axes.set(xlabel="score of the reward model that was optimised")
    axes.set_title("What was optimised: it decides nothing")


def _forest(axes: Axes, entries: Sequence[tuple[str, float, float | None, float | None]]) -> None:
    for place, (_, middle, low, high) in enumerate(entries):
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=_BLUE, linewidth=2)
        axes.plot([middle], [place], "o", color=_BLUE)
        axes.annotate(f"{middle:.3f}", (middle, place), (0, 5), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(entries)), [name for name, *_ in entries])
    axes.set_ylim(len(entries) - 0.4, -0.8)


def _texts(axes: Axes, report: Mapping[str, Any]) -> None:
    measures = (("cut", "clipped", "share"), ("repetition", "repetition", "mean"), ("language", "language", "share"))
    width = 0.26
    for shift, (writer, colour) in enumerate((("sft", _GREY), ("best_of_n", _RED), ("policy", _BLUE))):
        heights = [report["writers"][writer][name][figure] or 0.0 for _, name, figure in measures]
        places = [place + (shift - 1) * width for place in range(len(measures))]
        axes.bar(places, heights, width, color=colour, label=_NAMES[writer])
    axes.set_xticks(range(len(measures)), [label for label, *_ in measures])
    axes.set(ylim=(0, 1.15))
    axes.legend(ncols=3, loc="upper left")
    kl = report["kl_per_token"]
    distance = f", {kl['mean']:.2f} nats per token from SFT" if kl else ""
    axes.set_title(f"Texts: {report['length_ratio']:.2f} times as long as SFT{distance}")


def _curve(axes: Axes, report: Mapping[str, Any]) -> None:
    curve = report["curve"]
    steps = [each["step"] for each in curve]
    name = "reward" if "reward" in curve[0] else "margin"
    axes.plot(steps, [each.get(name) for each in curve], color=_BLUE, label=name)
    axes.set(xlabel="step", ylabel=name)
    if "kl" in curve[0]:
        beside = axes.twinx()
        beside.plot(steps, [each.get("kl") for each in curve], color=_RED, linewidth=1, label="nats per token from SFT")
        beside.set_ylabel("nats per token from SFT", color=_RED)
    axes.set_title("Training: a rising score alone is no success")


_PLOTS: Mapping[str, Callable[[Axes, Mapping[str, Any]], None]] = MappingProxyType(
    {"wins": _wins, "rewards": _rewards, "texts": _texts, "curve": _curve}
)
