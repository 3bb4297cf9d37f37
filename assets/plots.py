"""Small plots for asset metadata: PNG inside markdown, which the Dagster UI shows after one click.

Belongs here: drawing. Stays out: which figures are drawn. Pictures stay below 50 KB because each one is stored in the
event log.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import dagster as dg

_LIMIT_BYTES = 50_000


def embed(png: bytes, alt: str) -> dg.MarkdownMetadataValue:
    """Markdown with the picture in it; a note where it is too large for the event log."""
    if len(png) > _LIMIT_BYTES:
        return dg.MetadataValue.md(f"*{alt}: the plot is too large ({len(png)} bytes).*")
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})")


def histogram(
    values: Sequence[float], *, title: str, x_label: str, log: bool = False, marks: Mapping[str, float] | None = None
) -> dg.MarkdownMetadataValue:
    """A histogram with optional vertical marks (thresholds). Without values it says so."""
    if not values:
        return dg.MetadataValue.md(f"*{title}: nothing to plot.*")
    import matplotlib as mpl

    mpl.use("Agg")
    import numpy as np
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.2, 2.6), dpi=90)
    data = np.asarray([value for value in values if not log or value > 0], dtype=float)
    low, high = (float(data.min()), float(data.max())) if data.size else (0.0, 1.0)
    if log and high > low:
        bins = list(np.geomspace(low, high, 30))
        axes.set_xscale("log")
    else:
        bins = list(np.linspace(low, high if high > low else low + 1, 30))
    axes.hist(data, bins=bins, color="#3b6ea8")
    for label, at in (marks or {}).items():
        axes.axvline(at, color="#c0392b", linewidth=1.2)
        axes.annotate(
            label, (at, 0.98), xycoords=("data", "axes fraction"), fontsize=7, rotation=90, va="top", ha="right"
        )
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(x_label, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return embed(buffer.getvalue(), title)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A markdown table; cells are escaped, so that scraped text cannot break out of it."""
    if not rows:
        return dg.MetadataValue.md("*no rows*")

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        text = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
        return text[:160] + ("…" if len(text) > 160 else "")

    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))
