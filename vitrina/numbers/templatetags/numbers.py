"""Numbers in the reader's language, intervals with their n, and small bars for cells of tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from vitrina.numbers import svg, words
from vitrina.statistics.intervals import Interval, Undefined

register = template.Library()
_SPACE = "\u00a0"
#: No line breaks around it.
_DASH = "\u2060–\u2060"


@register.filter
def number(value: float | Decimal | str | None, digits: int = 0) -> str:
    """With the language's marks; a dash for nothing (a template gives an empty text for what is not there)."""
    if value is None or value == "":
        return "–"
    return number_format(Decimal(str(value)).quantize(Decimal(1).scaleb(-digits)), digits, force_grouping=True)


@register.filter
def percent(value: float | None) -> str:
    """A share in per cent, one digit after the comma; a dash for nothing."""
    return "–" if value is None else f"{number(value * 100, 1)}{_SPACE}%"


@register.filter
def usd(value: Decimal | None) -> str:
    """Dollars; small sums with as many digits as say something."""
    if value is None:
        return "–"
    digits = 2 if not value else min(8, max(2, 1 - value.adjusted()))
    return f"${_SPACE}{number(value, digits)}"


@register.filter
def seconds(value: float | None) -> str:
    """A time in seconds, or minutes where it is long."""
    if value is None:
        return "–"
    if value >= 120:
        return _("%(n)s min") % {"n": number(value / 60, 1)}
    return _("%(n)s s") % {"n": number(value, 1)}


@register.filter
def share(found: Interval | Undefined) -> str:
    """A proportion with its interval, or why there is none."""
    if isinstance(found, Undefined):
        return words.why(found)
    return f"{percent(found.estimate)}{_SPACE}({number(found.low * 100, 1)}{_DASH}{number(found.high * 100, 1)})"


@register.filter
def coefficient(found: Interval | Undefined) -> str:
    """Alpha or kappa with its interval, or why there is none."""
    if isinstance(found, Undefined):
        return words.why(found)
    return f"{number(found.estimate, 2)}{_SPACE}({number(found.low, 2)}{_DASH}{number(found.high, 2)})"


@register.filter
def defined(found: Any) -> bool:
    """Whether a figure has a meaning."""
    return isinstance(found, Interval)


@register.filter
def word(code: str, kind: str) -> str:
    """The word for a code."""
    return words.word(code, kind)


@register.filter
def scope_word(text: str) -> str:
    """What a stop or a budget is about."""
    return words.scope(text)


@register.filter
def cell_bar(value: float | None) -> SafeString:
    """A bar for a share of 0 … 1."""
    return SafeString("") if value is None else svg.share_bar(float(value))


@register.simple_tag
def interval_bar(found: Any, mark: float | None = None, low: float = 0.0) -> SafeString:
    """The interval as a line; nothing where the figure is undefined."""
    return svg.interval_bar(found, mark=mark, low=low) if isinstance(found, Interval) else SafeString("")
