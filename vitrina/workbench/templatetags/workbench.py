"""Numbers, money and codes as these pages show them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from vitrina.workbench.words import PRICE_NOTE, QUARANTINE, RULES, Word

register = template.Library()


@register.filter
def money(amount: Decimal | str | None) -> str:
    """An amount without empty kopecks, in groups of three; reports hold it as text."""
    if amount is None:
        return "–"
    amount = Decimal(amount)
    places = 0 if amount == amount.to_integral_value() else 2
    return number_format(amount, decimal_pos=places, use_l10n=True, force_grouping=True)


@register.filter
def usd(amount: Decimal | None) -> str:
    """A cost; calls cost parts of a cent."""
    if amount is None:
        return "?"
    return "0" if not amount else number_format(amount.normalize(), decimal_pos=6 if amount < 1 else 2)


@register.filter
def percent(share: float | None) -> str:
    """A share of one."""
    return "–" if share is None else f"{number_format(share * 100, decimal_pos=0)} %"


@register.filter
def tokens(row: Any) -> str:
    """Tokens of a call or a log row, both ways."""
    return number_format(row.prompt_tokens + row.completion_tokens, decimal_pos=0, force_grouping=True)


@register.filter
def seconds(milliseconds: float) -> str:
    """Milliseconds as seconds."""
    return number_format(milliseconds / 1000, decimal_pos=1)


@register.filter
def lasted(duration: float | None) -> str:
    """A time span in words."""
    if duration is None:
        return "–"
    if duration < 90:
        return _("%(n)s s") % {"n": number_format(duration, decimal_pos=0)}
    return _("%(n)s min") % {"n": number_format(duration / 60, decimal_pos=1)}


@register.filter
def size(count: int) -> str:
    """Bytes."""
    return filesizeformat(count)


@register.filter
def rule_word(code: str) -> Word:
    """A rule of the contract in words."""
    return RULES.get(code, code)


@register.filter
def note_word(code: str) -> Word:
    """Why a price is missing or doubtful, in words."""
    return PRICE_NOTE.get(code, code)


@register.filter
def reason_word(code: str) -> Word:
    """Why a row is no product, in words."""
    return QUARANTINE.get(code, code)
