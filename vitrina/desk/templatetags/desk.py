"""Words for codes, short ages, and HTML that is sanitised again before it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from vitrina.content.html import sanitise

register = template.Library()


@register.filter
def priority_word(priority: int) -> str:
    """Urgent, soon, or usual."""
    return {1: _("Urgent"), 2: _("Soon")}.get(priority, _("Usual"))


@register.filter
def state_word(state: str) -> str:
    """What became of an item."""
    words = {"approved": _("approved"), "rejected": _("rejected"), "reprocess": _("is written again")}
    return words.get(state, _("overtaken"))


@register.filter
def action_word(action: str) -> str:
    """What a person did."""
    words = {"approve": _("approved"), "reject": _("rejected"), "reprocess": _("asked for another text")}
    return words.get(action, action)


@register.filter
def reason_text(reason: Mapping[str, Any], language: str) -> str:
    """A reason in the reader's language."""
    own = reason.get("message_ru" if language == "ru" else "message_en")
    return str(own or reason.get("message") or reason.get("rule") or "")


@register.filter
def main_reason(reasons: Sequence[Mapping[str, Any]], language: str) -> str:
    """The first, which is the most urgent."""
    return reason_text(reasons[0], language) if reasons else ""


@register.filter
def timesince_short(moment: datetime) -> str:
    """Age in minutes, hours or days."""
    minutes = max(0, int((datetime.now(UTC) - moment).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    return _("%(n)d h") % {"n": minutes // 60} if minutes < 48 * 60 else _("%(n)d d") % {"n": minutes // 1440}


@register.filter
def clean_html(markup: str) -> SafeString:
    """A description as buyers see it. It was sanitised when it was kept; a page trusts no table."""
    return mark_safe(sanitise(markup))  # noqa: S308


@register.simple_tag(takes_context=True)
def with_page(context: Mapping[str, Any], number: int) -> str:
    """The present filters with another page number, for a link."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return query.urlencode()
