"""What happened to a case's product before, as the person who looks at it may know it.

Belongs here: the history of decisions and texts, the two decisions that a third person settles. Stays out: what must
not be known (``vitrina.review.blindness``, ``vitrina.review.standing``), the case itself (``case``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from vitrina.categories.models import Category
from vitrina.content.models import ContentVersion
from vitrina.desk.editing import to_lines
from vitrina.desk.marking import difference
from vitrina.desk.names import short_name
from vitrina.desk.reasons import reasons_words
from vitrina.desk.wording import action_word
from vitrina.review.blindness import unheard, veiled
from vitrina.review.models import Decision, ReviewItem
from vitrina.review.second_looks import both_decisions

MOST_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a product. ``who`` is empty for the platform itself."""

    at: datetime
    who: str
    what: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What one of two people said of a text; ``changes`` are those of the edit that they wanted, word by word."""

    who: str
    what: str
    why: str
    changes: SafeString


def told_action(action: str, *, hidden: bool) -> str:
    """What was decided, in words. «Approved with an edit» says who wrote the text: not while that is hidden."""
    return action_word("approve" if hidden and action == "edit" else action)


def why_of(decision: Decision) -> str:
    """The reasons of a decision and its comment, in one line."""
    return "; ".join(filter(None, [reasons_words(decision.reasons), decision.comment]))


def events_of(user: User, item: ReviewItem, versions: list[ContentVersion], *, hidden: bool) -> list[Event]:
    """Decisions and versions of the product, or of the list, the newest first."""
    same = {"item__product": item.product_id} if item.product_id is not None else {"item": item.pk}
    decided = Decision.objects.filter(undone_at=None, **same).exclude(action="compare")
    veil = veiled(user, [item.product_id]) if item.product_id is not None else []
    edits = {look.item.version_id for look in veil if look.first.version_id == look.item.version_id}
    if veil:
        decided = decided.exclude(unheard(user, veil))
    events = [
        Event(
            row.created_at,
            row.decided_as or short_name(row.decided_by),
            " ".join(filter(None, [told_action(row.action, hidden=hidden), _aside(row)])),
            why_of(row),
        )
        for row in decided.select_related("decided_by", "item").order_by("-pk")[:MOST_EVENTS]
    ]
    events += [
        Event(row.created_at, "" if hidden else short_name(row.author), _("version %(n)d") % {"n": row.number})
        for row in versions
        if row.pk not in edits
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)[:MOST_EVENTS]


def _aside(decision: Decision) -> str:
    """What is said of a decision in brackets."""
    look = {ReviewItem.Look.SECOND: _("second look"), ReviewItem.Look.SETTLING: _("third look")}
    changed = _("changed later") if decision.superseded_by_id is not None else ""
    said = ", ".join(filter(None, [look.get(ReviewItem.Look(decision.item.look), ""), changed]))
    return f"({said})" if said else ""


def looks_of(item: ReviewItem, *, hidden: bool) -> list[Look]:
    """What two people said whose difference the case settles: first, second. Empty for any other case."""
    return [
        Look(short_name(one.decided_by), told_action(one.action, hidden=hidden), _said(one), _changes(one, item))
        for one in both_decisions(item)
    ]


def _said(decision: Decision) -> str:
    """The reasons, and the category where it was corrected."""
    found = Category.objects.filter(slug=decision.category).first() if decision.category else None
    return "; ".join(filter(None, [why_of(decision), f"{_('Category')}: {found.path_ru}" if found is not None else ""]))


def _changes(decision: Decision, item: ReviewItem) -> SafeString:
    """An edit against the text that is on show; nothing for one that became that text."""
    words, version = decision.edit or {}, item.version
    if decision.action != "edit" or version is None or decision.version_id == version.pk:
        return SafeString("")
    edited = f"{words.get('title', '')}\n{to_lines(str(words.get('body', '')))}"
    return difference(f"{version.title}\n{to_lines(version.body)}", edited)
