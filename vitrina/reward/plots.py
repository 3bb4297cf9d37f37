"""Plots of a report, as SVG or PNG files.

What belongs here: drawing. What stays out: figures' making. Names from files are drawn as they are, never as formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE, _GREY, _RED = "#3b6ea8", "#7a7a7a", "#c0392b"
_NAME = 44


def draw(report: Mapping[str, Any], folder: Path, form: str = "svg") -> list[Path]:
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
        for name, (plot, wanted) in _PLOTS.items():
            if not wanted(report):
                continue
            figure = Figure(figsize=(6.4, _height(name, report)), layout="constrained")
            plot(figure.add_subplot(), report)
            path = folder / f"{name}.{form}"
            figure.savefig(path, dpi=120, metadata={"Date": None} if form == "svg" else None)
            written.append(path)
    return written


def _height(name: str, report: Mapping[str, Any]) -> float:
    rows = {"accuracy": len(report["baselines"]) + 1, "groups": sum(map(len, report["by"].values()))}.get(name, 8)
    return min(max(2.4, 0.3 * rows + 1.2), 20)


def _accuracy(axes: Axes, report: Mapping[str, Any]) -> None:
    _forest(axes, [("this model", report), *report["baselines"].items()])
    axes.set_title(f"Accuracy on {report['n_test']} held-out pairs, 95 % interval")


def _forest(axes: Axes, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    for place, (name, each) in enumerate(entries):
        colour = _BLUE if name == "this model" else _GREY
        bounds = [each["accuracy_low"], each["accuracy_high"]]
        axes.plot(bounds, [place, place], color=colour, linewidth=2)
        axes.plot([each["accuracy"]], [place], "o", color=colour)
        axes.annotate(
            f"{each['accuracy']:.3f}", (each["accuracy"], place), (0, 5), textcoords="offset points", ha="center"
        )
    axes.axvline(0.5, color=_RED, linestyle=":", linewidth=1)
    axes.set_yticks(range(len(entries)), [name[:_NAME] for name, _ in entries])
    axes.set_ylim(len(entries) - 0.4, -0.8)
    axes.set_xlabel("share of pairs whose preferred side scores higher")


def _reliability(axes: Axes, report: Mapping[str, Any]) -> None:
    curve = report["reliability"]
    most = max(each["n"] for each in curve)
    axes.plot([0.5, 1], [0.5, 1], color=_RED, linestyle=":", linewidth=1, label="perfect")
    axes.plot([each["confidence"] for each in curve], [each["accuracy"] for each in curve], color=_BLUE, linewidth=1)
    axes.scatter(
        [each["confidence"] for each in curve],
        [each["accuracy"] for each in curve],
        s=[12 + 120 * each["n"] / most for each in curve],
        color=_BLUE,
        label="this model (area: pairs)",
    )
    axes.set(
        xlabel="confidence after calibration", ylabel="share that was right", xlim=(0.48, 1.02), ylim=(-0.03, 1.03)
    )
    axes.set_title(
        f"Reliability: calibration error {report['ece_calibrated']:.3f}, temperature {report['temperature']:.3g}"
    )
    axes.legend(loc="lower right")


def _length(axes: Axes, report: Mapping[str, Any]) -> None:
    length = report["length"]
    named = (("longer chosen", length["longer_chosen"]), ("shorter chosen", length["shorter_chosen"]))
    _forest(axes, [(f"{name} (n={each['n']})", each) for name, each in named if each["n"]])
    balanced = length["balanced_accuracy"]
    axes.set_title("Accuracy by length" + (f"; balanced {balanced:.3f}" if balanced is not None else ""))


def _groups(axes: Axes, report: Mapping[str, Any]) -> None:
    entries = [
        (f"{kind}: {name} ({each['n']})", each)
        for kind, names in report["by"].items()
        for name, each in names.items()
        if each["n"]
    ][:60]
    _forest(axes, entries)
    axes.set_title("Accuracy by group (pairs)")


def _margins(axes: Axes, report: Mapping[str, Any]) -> None:
    edges = report["margins"]["edges"]
    axes.bar(edges[:-1], report["margins"]["counts"], width=edges[1] - edges[0], align="edge", color=_BLUE)
    axes.axvline(0, color=_RED, linestyle=":", linewidth=1)
    axes.set(xlabel="calibrated score of the preferred side minus the other's", ylabel="pairs")
    axes.set_title("Margins; those left of zero are wrong")


def _curve(axes: Axes, report: Mapping[str, Any]) -> None:
    curve = report["learning_curve"]
    points = curve["points"]
    pairs, accuracy = [each["pairs"] for each in points], [each["accuracy"] for each in points]
    errors = [
        [each["accuracy"] - each["accuracy_low"] for each in points],
        [each["accuracy_high"] - each["accuracy"] for each in points],
    ]
    axes.errorbar(pairs, accuracy, yerr=errors, fmt="o-", color=_BLUE, linewidth=1, capsize=3, label="linear, 95 %")
    for each in points:
        axes.plot([each["pairs"]] * len(each["draws"]), each["draws"], "_", color=_GREY)
    axes.set_xscale("log", base=2)
    axes.set_xticks(pairs, [f"{each:,}" for each in pairs])
    axes.set(xlabel="training pairs (marks: single draws)", ylabel="accuracy on the test pairs")
    axes.set_title(f"Learning curve: {100 * curve['gain']:+.1f} points for twice the pairs ({curve['verdict']})")
    axes.legend(loc="lower right")


def _always(report: Mapping[str, Any]) -> bool:
    return bool(report)


_Plot = tuple[Callable[["Axes", Mapping[str, Any]], None], Callable[[Mapping[str, Any]], bool]]
_PLOTS: Mapping[str, _Plot] = MappingProxyType(
    {
        "accuracy": (_accuracy, _always),
        "reliability": (_reliability, lambda report: bool(report["reliability"])),
        "length": (_length, lambda report: report["length"]["balanced_accuracy"] is not None),
        "groups": (_groups, lambda report: any(len(names) > 1 for names in report["by"].values())),
        "margins": (_margins, _always),
        "learning_curve": (_curve, lambda report: bool((report.get("learning_curve") or {}).get("points"))),
    }
)
