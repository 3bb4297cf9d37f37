"""Plots and tables for asset metadata.

Belongs here: drawing, and writing tables so that scraped text stays text. Stays out: which figures are shown. Plots are
PNG inside markdown, which the Dagster UI shows after one click; they stay below 50 KB because each one is stored in the
event log.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

_LIMIT_BYTES = 50_000
#: The UI shows markdown of up to 999 characters in place; longer values are a link that opens a window.
_INLINE_CHARACTERS = 990
_MARKDOWN = re.compile(r"([\\`*_\[\]|~!#])")
_BLUE, _RED = "#3b6ea8", "#c0392b"


def embed(png: bytes, alt: str) -> dg.MarkdownMetadataValue:
    """Markdown with the picture in it; a note where it is too large for the event log."""
    if len(png) > _LIMIT_BYTES:
        return dg.MetadataValue.md(f"*{alt}: the plot is too large ({len(png)} bytes).*")
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})")


def histogram(
    values: Sequence[float],
    *,
    title: str,
    x_label: str,
    y_label: str = "products",
    log: bool = False,
    marks: Mapping[str, float] | None = None,
) -> dg.MarkdownMetadataValue:
    """A histogram with optional vertical marks (thresholds). Without values it says so."""
    import numpy as np

    data = np.asarray([value for value in values if not log or value > 0], dtype=float)
    if not data.size:
        return dg.MetadataValue.md(f"*{title}: nothing to plot.*")
    figure, axes = _figure(2.6)
    low, high = float(data.min()), float(data.max())
    # Below one decade a logarithmic axis has no round numbers to show.
    if log and high >= 10 * low:
        bins = list(np.geomspace(low, high, 30))
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_minor_formatter("")
    else:
        bins = list(np.linspace(low, high if high > low else low + 1, 30))
    axes.hist(data, bins=bins, color=_BLUE)
    for label, at in (marks or {}).items():
        axes.axvline(at, color=_RED, linewidth=1.2)
        axes.annotate(
            label, (at, 0.98), xycoords=("data", "axes fraction"), fontsize=7, rotation=90, va="top", ha="right"
        )
    axes.set_title(f"{title} ({data.size})", fontsize=9)
    axes.yaxis.set_major_locator(_whole_numbers())
    return _finish(figure, axes, x_label, y_label, title)


def bars(counts: Mapping[str, int], *, title: str, x_label: str, most: int = 25) -> dg.MarkdownMetadataValue:
    """Horizontal bars, the longest on top; what is more than ``most`` is counted in the title."""
    if not counts:
        return dg.MetadataValue.md(f"*{title}: nothing to plot.*")
    shown = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
    figure, axes = _figure(0.8 + 0.17 * len(shown))
    axes.barh([name[-40:] for name, _ in reversed(shown)], [count for _, count in reversed(shown)], color=_BLUE)
    axes.xaxis.set_major_locator(_whole_numbers())
    left = len(counts) - len(shown)
    axes.set_title(f"{title}{f' (and {left} more)' if left else ''}", fontsize=9)
    return _finish(figure, axes, x_label, "", title)


def _figure(height: float) -> tuple[Figure, Axes]:
    # Not pyplot: it keeps every figure in a global list and is not safe in threads.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, height), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _whole_numbers() -> MaxNLocator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins="auto", integer=True)


def _finish(figure: Figure, axes: Axes, x_label: str, y_label: str, alt: str) -> dg.MarkdownMetadataValue:
    axes.set_xlabel(x_label, fontsize=8)
    axes.set_ylabel(y_label, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return embed(buffer.getvalue(), alt)


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], *, cut: int = 160) -> dg.MarkdownMetadataValue:
    """A markdown table; cells are escaped, so that scraped text is neither markup nor a picture to be fetched."""
    if not rows:
        return dg.MetadataValue.md("*no rows*")
    return dg.MetadataValue.md("\n".join(_lines(header, rows, cut)))


def preview(header: Sequence[str], rows: Sequence[Sequence[Any]], *, cut: int = 60) -> dg.MarkdownMetadataValue:
    """As many of the first rows as the UI shows in place."""
    if not rows:
        return dg.MetadataValue.md("*no rows*")
    lines = _lines(header, rows, cut)
    length, kept = 0, 0
    for line in lines:
        length += len(line) + 1
        if length > _INLINE_CHARACTERS and kept > 2:
            break
        kept += 1
    return dg.MetadataValue.md("\n".join(lines[:kept]))


def _lines(header: Sequence[str], rows: Sequence[Sequence[Any]], cut: int) -> list[str]:
    def cell(value: Any) -> str:
        text = " ".join(("" if value is None else str(value)).split())
        text = text[:cut] + ("…" if len(text) > cut else "")
        return _MARKDOWN.sub(r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;")

    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(cell(value) for value in row) + " |" for row in rows),
    ]


def intervals(
    figures: Mapping[str, Any], *, title: str, x_label: str, mark: float | None = None
) -> dg.MarkdownMetadataValue:
    """Estimates with their intervals, one line each; one without a value says why in its place.

    Args:
        figures: Name → something with ``estimate``, ``low``, ``high`` and ``n``, or with ``reason`` and ``n``.
        mark: Where a vertical line stands: what chance would give.
    """
    if not figures:
        return dg.MetadataValue.md(f"*{title}: nothing to plot.*")
    figure, axes = _figure(0.9 + 0.25 * len(figures))
    names = list(figures)[::-1]
    for place, name in enumerate(names):
        one = figures[name]
        if hasattr(one, "estimate"):
            axes.plot([one.low, one.high], [place, place], color=_BLUE, linewidth=1.6)
            axes.plot([one.estimate], [place], "o", color=_BLUE, markersize=4)
        else:
            axes.annotate(one.reason[:80], (0.02, place), xycoords=("axes fraction", "data"), fontsize=6, va="center")
    axes.set_yticks(range(len(names)), [f"{name[-40:]} (n = {figures[name].n})" for name in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    if mark is not None:
        axes.axvline(mark, color=_RED, linewidth=1.2)
    axes.set_title(title, fontsize=9)
    return _finish(figure, axes, x_label, "", title)
