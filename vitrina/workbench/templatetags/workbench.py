"""Numbers, money and codes as these pages show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from vitrina.desk.wording import claim_words, detail_words
from vitrina.numbers.words import word
from vitrina.workbench.words import FIELD, PICTURE_WHY, PRICE_NOTE, QUARANTINE, RULES, Word

register = template.Library()
_LENGTH = re.compile(r"(?P<n>\d+) characters, (?P<m>\d+-\d+) are wanted")


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
    return "–" if share is None else f"{number_format(round(share * 100), decimal_pos=0)} %"


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


def _in_words(table: Mapping[str, Word]) -> Callable[[str], Word]:
    """A filter: a code in words; one that has none stands as it is."""
    return lambda code: table.get(code, code)


register.filter("rule_word", _in_words(RULES))  # a rule of the contract
register.filter("note_word", _in_words(PRICE_NOTE))  # why a price is missing or doubtful
register.filter("reason_word", _in_words(QUARANTINE))  # why a row is no product
register.filter("field_word", _in_words(FIELD))  # what a column is taken as
register.filter("picture_word", _in_words(PICTURE_WHY))  # why an address gives no picture


@register.filter
def claim_word(kind: str) -> str:
    """Why a statement is doubted, in words."""
    return claim_words(kind)


@register.filter
def outcome_word(code: str) -> Word:
    """How a call of a model ended, in the words of the pages of numbers."""
    return _("answered") if code == "ok" else word(code, "outcome")


@register.filter
def violation_word(violation: Any) -> str:
    """The figures of a broken rule; a line that has no words in the reader's language is left to the rule's name."""
    plain = violation if isinstance(violation, Mapping) else asdict(violation)
    rule, line = str(plain.get("rule", "")), str(plain.get("message", ""))
    if (length := _LENGTH.fullmatch(line)) is not None:
        return _("characters: %(n)s, wanted: %(m)s") % length.groupdict()
    said = detail_words(rule, line)
    return said if said != line or (get_language() or "").startswith("en") else ""
