"""Plots as SVG, drawn on the server: bars by day or step, intervals, shares.

Belongs here: geometry. Stays out: colours and sizes of type (``static/numbers/numbers.css`` follows the theme by
classes; the desk's policy bars inline styles), words, tables beside. Horizontal places are percentages and vertical
ones pixels, so that a plot fills whatever width it gets and its letters keep their size. matplotlib would cost 0.5 s
and 54 MB in each web worker and 70 ms a plot, and its colours do not follow the theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from vitrina.statistics.intervals import Interval

HEIGHT = 168
_LABELS = 24


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of bar: its name and its values, one for each place. ``shade`` is one of s1 … s4."""

    label: str
    values: Sequence[float]
    shade: str

    @property
    def total(self) -> float:
        """Sum of its values."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawn plot, with what stands around it. ``ticks`` belong to the left edge, from the top down."""

    key: str
    title: str
    description: str
    svg: SafeString
    series: Sequence[Series]
    places: Sequence[str]
    ticks: Sequence[float]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(series.total for series in self.series)

    @property
    def rows(self) -> list[tuple[str, list[float]]]:
        """Its table: a place and its values. Places where nothing stands are left out."""
        table = [(place, [series.values[n] for series in self.series]) for n, place in enumerate(self.places)]
        return [(place, values) for place, values in table if any(values)]


def bars(
    key: str, title: str, description: str, places: Sequence[str], series: Sequence[Series], *, labels: int = 6
) -> Plot:
    """Stacked bars, one for each place.

    Args:
        key: A name that no other plot of the page has.
        title: What is seen; ``description`` says it for who cannot see it.
        places: Their names, in order.
        series: From the bottom up; each with as many values as there are places.
        labels: About how many places are named below.
    """
    top = nice([sum(values) for values in zip(*(one.values for one in series), strict=True)] if series else [])
    step = 100 / max(1, len(places))
    shapes: list[SafeString] = []
    floor = [0.0] * len(places)
    for one in series:
        for number, value in enumerate(one.values):
            if value <= 0:
                continue
            height, below = value / top * HEIGHT, floor[number] / top * HEIGHT
            floor[number] += value
            shapes.append(
                format_html(
                    '<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"><title>{}: {} {}</title></rect>',
                    one.shade, _f(number * step + step * 0.12), _f(HEIGHT - below - height), _f(step * 0.76),
                    _f(max(height, 1.0)), places[number], one.label, f"{value:g}",
                )
            )  # fmt: skip
    return Plot(
        key, title, description, _frame(key, title, description, shapes, _names(places, step, labels)), series, places,
        (top, top / 2, 0),
    )  # fmt: skip


def share_bar(share: float) -> SafeString:
    """A bar in a cell of a table, beside its number: 0 … 1 of the cell's width."""
    return format_html(
        '<svg class="cell-bar" aria-hidden="true" focusable="false"><rect class="back" width="100%" height="100%"/>'
        '<rect class="s1" width="{}%" height="100%"/></svg>',
        _f(min(1.0, max(0.0, share)) * 100),
    )


def interval_bar(found: Interval, *, low: float = 0.0, high: float = 1.0, mark: float | None = None) -> SafeString:
    """An interval in a cell of a table: line and point between ``low`` and ``high``, and a mark to compare with."""

    def place(value: float) -> str:
        return _f((min(high, max(low, value)) - low) / (high - low) * 96 + 2)

    marked = SafeString("")
    if mark is not None:
        marked = format_html('<line class="mark" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', place(mark))
    return format_html(
        '<svg class="cell-interval" aria-hidden="true" focusable="false">{}'
        '<line class="span" x1="{}%" x2="{}%" y1="50%" y2="50%"/><circle class="point" cx="{}%" cy="50%" r="4"/></svg>',
        marked, place(found.low), place(found.high), place(found.estimate),
    )  # fmt: skip


def nice(values: Sequence[float]) -> float:
    """The least of 1, 2, 4, 5, 10, 20, … that no value exceeds: the upper end of an axis that starts at zero."""
    most = max(values, default=0.0)
    if most <= 0:
        return 1.0
    power = 1.0
    while power * 10 < most:
        power *= 10
    while power > most:
        power /= 10
    return next(power * factor for factor in (1, 2, 4, 5, 10) if power * factor >= most * (1 - 1e-9))


def _frame(
    key: str, title: str, description: str, shapes: Sequence[SafeString], names: Sequence[SafeString]
) -> SafeString:
    lines = format_html_join(
        "", '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>', [(0,), (HEIGHT // 2,), (HEIGHT,)]
    )
    return format_html(
        '<svg class="plot" role="img" height="{height}" aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>{lines}{shapes}{names}</svg>',
        height=HEIGHT + _LABELS, key=key, title=title, description=description, lines=lines,
        shapes=_joined(shapes), names=_joined(names),
    )  # fmt: skip


def _names(places: Sequence[str], step: float, labels: int) -> list[SafeString]:
    """Names under some places, the last one always among them; a narrow page shows every second (not ``minor``)."""
    every = max(1, -(-len(places) // max(1, labels)))
    shown = range((len(places) - 1) % every, len(places), every) if places else range(0)
    return [
        format_html(
            '<text class="{}{}" x="{}%" y="{}">{}</text>',
            _anchor(number, len(places)), " minor" if (len(shown) - order) % 2 == 0 else "",
            _f(number * step + step / 2), HEIGHT + 18, places[number],
        )
        for order, number in enumerate(shown)
    ]  # fmt: skip


def _anchor(number: int, count: int) -> str:
    if count > 12 and number == count - 1:
        return "end"
    return "start" if count > 12 and number == 0 else "middle"


def _joined(parts: Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _f(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
