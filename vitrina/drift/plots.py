"""The plot of accuracy over time, as PNG bytes.

What belongs here: drawing. What stays out: figures' making.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from vitrina.drift.reading import Reign
from vitrina.drift.windows import WINDOW, windows

_BLUE, _RED, _GREY = "#3b6ea8", "#c0392b", "#7a7a7a"


def draw(reigns: Sequence[Reign], size: int = WINDOW) -> bytes | None:
    """Windows of each model with their intervals, beside what it had at promotion; None where there is nothing."""
    if not any(reign.rows for reign in reigns):
        return None
    # Not pyplot: it keeps every figure in a global list and is not safe in threads.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, reign in enumerate(reigns):
        found = windows(reign.rows, size)
        if not found:
            continue
        ends: list[float] = [_number(window.end) for window in found]
        middle = [window.accuracy.estimate for window in found]
        errors = [
            [window.accuracy.estimate - window.accuracy.low for window in found],
            [window.accuracy.high - window.accuracy.estimate for window in found],
        ]
        axes.errorbar(
            ends, middle, yerr=errors, fmt="o-", color=_BLUE, markersize=3, linewidth=1, capsize=2,
            label=f"windows of {size} pairs, 95 %" if number == 0 else None,
        )  # fmt: skip
        begin, promised = _number(found[0].begin), reign.promised[0]
        if promised is not None:
            axes.plot(
                [begin, ends[-1]], [promised, promised], color=_RED, linestyle=":", linewidth=1.2,
                label="held-out accuracy at promotion" if number == 0 else None,
            )  # fmt: skip
        axes.axvline(begin, color=_GREY, linewidth=0.6)
        axes.annotate(reign.model.model_id[:8], (begin, 0.02), xycoords=("data", "axes fraction"), fontsize=7)
    locator = AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_ylabel("share of pairs that it had right", fontsize=8)
    axes.set_title("The champion on new votes", fontsize=9)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, loc="best")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _number(when: object) -> float:
    from matplotlib.dates import date2num

    return float(date2num(when))  # type: ignore[no-untyped-call]
