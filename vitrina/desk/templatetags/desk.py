"""Filters of the desk's templates: ages, moments, HTML that is sanitised again before it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from vitrina.content.html import sanitise
from vitrina.desk import wording

register = template.Library()
register.filter("state_word", wording.state_word)
register.filter("action_word", wording.action_word)
register.filter("priority_word", wording.priority_word)
register.filter("role_word", wording.role_word)


@register.filter
def reason_text(reason: Mapping[str, Any], _language: str = "") -> str:
    """The sentence of a check, in the page's language."""
    return wording.check_title(reason)


@register.filter
def timesince_short(moment: datetime) -> str:
    """Age in minutes, hours or days."""
    minutes = max(0, int((datetime.now(UTC) - moment).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    return _("%(n)d h") % {"n": minutes // 60} if minutes < 48 * 60 else _("%(n)d d") % {"n": minutes // 1440}


@register.filter
def moment(at: datetime) -> SafeString:
    """Day and time; a script turns them into the reader's own time zone, without it they are UTC."""
    shown = f"{date_format(at, 'SHORT_DATE_FORMAT')} {at:%H:%M} UTC"
    return format_html('<time datetime="{}" data-moment>{}</time>', at.isoformat(), shown)


@register.filter
def clock(at: datetime) -> SafeString:
    """The time of day alone, likewise."""
    return format_html('<time datetime="{}" data-clock>{} UTC</time>', at.isoformat(), f"{at:%H:%M}")


@register.filter
def clean_html(markup: str) -> SafeString:
    """A description as buyers see it. It was sanitised when it was kept; a page trusts no table."""
    return mark_safe(sanitise(markup))  # noqa: S308


@register.filter
def undoes(tags: str) -> str:
    """Decisions that a message offers to take back, from its tags: ``undo:12,13`` → ``12,13``."""
    return next((tag.removeprefix("undo:") for tag in (tags or "").split() if tag.startswith("undo:")), "")


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """A value of a mapping by a key that is a value itself."""
    return mapping.get(key, "")


@register.simple_tag(takes_context=True)
def with_page(context: Mapping[str, Any], number: int) -> str:
    """The present filters with another page number, for a link."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return query.urlencode()
