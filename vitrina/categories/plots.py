"""The picture of an evaluation: reliability beside a histogram of confidence.

Belongs here: drawing. Stays out: the figures (``evaluate``). Needs no display.
"""

from __future__ import annotations

import io

from vitrina.categories.evaluate import Evaluation


def plot(evaluation: Evaluation) -> bytes:
    """PNG, about 30 kB, for asset metadata and reports."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    middle = [part.confidence for part in evaluation.bins]
    left.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="perfect")
    left.plot(middle, [part.accuracy for part in evaluation.bins], "o-", color="#1f5fa8", markersize=4, label="model")
    left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="share right")
    left.set_title(f"accuracy {evaluation.accuracy:.1%}, ECE {evaluation.ece:.3f}", fontsize=10)
    left.legend(frameon=False, fontsize=8, loc="upper left")

    starts = [part.low for part in evaluation.bins]
    widths = [part.high - part.low for part in evaluation.bins]
    right.bar(starts, [part.n for part in evaluation.bins], widths, align="edge", color="#8fb3d9", edgecolor="white")
    right.set(xlim=(0, 1), xlabel="confidence", ylabel="titles")
    title = "no automatic threshold"
    if evaluation.automatic_threshold is not None:
        right.axvline(evaluation.automatic_threshold, color="#b3412e", linewidth=1.5)
        precision = "–" if evaluation.automatic_precision is None else f"{evaluation.automatic_precision:.1%}"
        title = f"automatic {evaluation.automatic_share:.0%}, {precision} right"
    right.set_title(title, fontsize=10)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()
