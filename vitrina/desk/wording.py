"""Words of the desk for codes that tables and services speak in, in the reader's language.

Belongs here: checks, findings, states, what went wrong. Stays out: words of pages, which stand in templates;
reasons that people choose from (``reasons``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from vitrina.desk.refusals import known_words
from vitrina.errors import VitrinaError

#: Kinds of claims that the inputs do not support (``vitrina.content.grounding``).
_CLAIMS: dict[str, str | Promise] = {
    "material": gettext_lazy("this material is not in the data"),
    "color": gettext_lazy("this colour is not in the data"),
    "country": gettext_lazy("this country is not in the data"),
    "size": gettext_lazy("this size is not in the data"),
    "certificate": gettext_lazy("this certificate is not in the data"),
    "gender": gettext_lazy("the data do not say who it is for"),
    "age": gettext_lazy("this age is not in the data"),
    "ingredient": gettext_lazy("this ingredient is not in the data"),
    "medical": gettext_lazy("this medical effect is not in the data"),
    "percentage": gettext_lazy("this share is not in the data"),
    "absence": gettext_lazy("the data do not say that there is none"),
    "number": gettext_lazy("this number is not in the data"),
}
_PRICE_NOTES: dict[str, str | Promise] = {
    "missing": gettext_lazy("the source gives none"),
    "not_a_number": gettext_lazy("what the source gives is no number"),
    "zero": gettext_lazy("the source says zero"),
    "negative": gettext_lazy("the source gives a negative one"),
    "filler": gettext_lazy("the source gives a filler instead"),
    "ambiguous": gettext_lazy("the source's figure can be read in two ways"),
    "out_of_range": gettext_lazy("the source's figure is out of range"),
    "currency_assumed": gettext_lazy("the currency was assumed"),
}
#: Lines that rules write in English → the same for the reader. What fits none is shown as it is.
_LINES: tuple[tuple[str, str | Promise], ...] = (
    (r"(?P<n>\d+) words, at least (?P<m>\d+) .*", gettext_lazy("words: %(n)s, wanted: %(m)s or more")),
    (r"(?P<n>\d+) benefits, at least (?P<m>\d+) .*", gettext_lazy("benefits: %(n)s, wanted: %(m)s or more")),
    (r"(?P<n>\d+) keywords, at least (?P<m>\d+) .*", gettext_lazy("keywords: %(n)s, wanted: %(m)s or more")),
    (r"(?:too_many_words: )?(?P<n>\d+) words, at most (?P<m>\d+) .*", gettext_lazy("words: %(n)s, allowed: %(m)s")),
    (r"(?:too_many_emoji: )?(?P<n>\d+) emoji, at most (?P<m>\d+) .*", gettext_lazy("emoji: %(n)s, allowed: %(m)s")),
    (r"(?:forbidden_word: )?forbidden words: (?P<n>.+)", gettext_lazy("forbidden words: %(n)s")),
    (r"markup: .*", gettext_lazy("the markup is not clean")),
    (r"(?:repeated_keywords: )?keywords repeat", gettext_lazy("keywords repeat")),
    (r"link: (?P<n>.+)", gettext_lazy("a link: %(n)s")),
    (r"domain: (?P<n>.+)", gettext_lazy("an address: %(n)s")),
    (r"e-mail: (?P<n>.+)", gettext_lazy("an e-mail address: %(n)s")),
    (r"account: (?P<n>.+)", gettext_lazy("an account: %(n)s")),
    (r"phone: (?P<n>.+)", gettext_lazy("a telephone number: %(n)s")),
    (r"code: (?P<n>.+)", gettext_lazy("program code: %(n)s")),
    (r"prompt: (?P<n>.+)", gettext_lazy("a piece of a prompt: %(n)s")),
)


def priority_word(priority: int) -> str:
    """How soon a case wants a person."""
    return {1: _("At once"), 2: _("Soon")}.get(priority, _("Usual"))


def state_word(state: str) -> str:
    """What became of an item."""
    words = {"open": _("open"), "approved": _("approved"), "rejected": _("rejected"), "flagged": _("flagged"),
             "reprocess": _("is written again"), "withdrawn": _("taken out")}  # fmt: skip
    return words.get(state, _("overtaken"))


def action_word(action: str) -> str:
    """What a person did."""
    words = {"approve": _("approved"), "edit": _("approved with an edit"), "reject": _("rejected"),
             "reprocess": _("asked for another text")}  # fmt: skip
    return words.get(action, action)


def done_word(action: str) -> str:
    """What was saved, for the message after it."""
    words = {"approve": _("Approved"), "edit": _("Edited and approved"), "reject": _("Rejected"),
             "reprocess": _("Will be written again")}  # fmt: skip
    return words[action]


def role_word(role: str) -> str:
    """What a role is called."""
    words = {"annotator": _("annotator"), "moderator": _("moderator"), "admin": _("administrator")}
    return words.get(role, role)


def claim_words(kind: str) -> str:
    """Why a marked word is doubted."""
    return str(_CLAIMS.get(kind, _("this is not in the data")))


def check_title(reason: Mapping[str, Any]) -> str:
    """The sentence of a check."""
    if reason.get("rule") in _LISTS:
        return _LISTS[str(reason["rule"])](reason)
    own = reason.get("message_ru" if (get_language() or "").startswith("ru") else "message_en")
    return str(own or reason.get("message") or reason.get("rule") or "")


def detail_words(rule: str, detail: str) -> str:
    """A line below a check."""
    if rule == "unknown_price":
        return str(_PRICE_NOTES.get(detail, detail))
    for pattern, words in _LINES:
        if (match := re.fullmatch(pattern, detail, re.DOTALL)) is not None:
            return str(words) % match.groupdict() if match.groupdict() else str(words)
    return detail


def _gone(reason: Mapping[str, Any]) -> str:
    return _("%(missing)s of %(of)s goods are gone") % {"missing": reason.get("missing"), "of": reason.get("of")}


def _gone_of(reason: Mapping[str, Any]) -> str:
    return _("%(missing)s of %(of)s goods are gone: %(value)s") % {
        "missing": reason.get("missing"), "of": reason.get("of"), "value": reason.get("value"),
    }  # fmt: skip


def _prices(key: str, words: str | Promise) -> Any:
    return lambda reason: str(words) % {"n": reason.get(key), "of": reason.get("of")}


#: Rules about a whole list (``vitrina.catalog.list_gate``), which give figures.
_LISTS: dict[str, Any] = {
    "catalogue_share": _gone,
    "brand_share": _gone_of,
    "category_share": _gone_of,
    "contiguous_block": lambda reason: ngettext(
        "One block of %(n)d product is gone and nothing else changed: a cut export?",
        "One block of %(n)d products is gone and nothing else changed: a cut export?",
        int(reason.get("missing", 0)),
    ) % {"n": int(reason.get("missing", 0))},
    "prices": _prices("moved", gettext_lazy("%(n)s of %(of)s prices move too far")),
    "prices_lost": _prices("lost", gettext_lazy("%(n)s of %(of)s prices are gone")),
    "currency": _prices("switched", gettext_lazy("%(n)s of %(of)s prices come in another currency")),
    "refused_before": _prices("rows", gettext_lazy("%(n)s of %(of)s rows are those of a list that a person refused")),
}  # fmt: skip


def problem_words(error: VitrinaError) -> str:
    """What went wrong with a decision, for who made it. Services speak English; pages speak to the reader."""
    state: dict[str, Any] = getattr(error, "state", {})
    who = state.get("by")
    words = {
        "held": _("%(who)s holds this case now.") % {"who": who} if who else _("Somebody else holds this case now."),
        "closed": _("This case is decided already."),
        "full": _("Somebody else has taken this case since your time ran out."),
        "newer_version": _("The text has changed since you opened it."),
        "settled": _("Another person decided differently, so that a third one settles it: this cannot be changed."),
        "answered": _("You decided this case already, in another window."),
        "reworded": _("This vote stands with another comment or other reasons."),
        "flagged": _("A moderator looks at this first."),
        "set_aside": _("You put this case off in another window."),
        "unknown_token": _("This case is not yours any more: open it again."),
        "expired": _("Your time with this case ran out. A decision still counts while nobody else takes it."),
    }
    why = known_words(error) or error
    return words.get(str(state.get("reason")), _("This cannot be decided so: %(why)s") % {"why": why})
