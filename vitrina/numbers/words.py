"""Words for the codes that figures carry. A code without words is shown as it is.

Belongs here: codes of statuses, actions, failures, states. Stays out: sentences of pages (their templates).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vitrina.desk.reasons import OFF, REASONS
from vitrina.statistics.intervals import Undefined, Why

#: A purpose with its day, as budgets name it.
_DATED = re.compile(r".+:\d{4}-\d\d-\d\d")
#: The link in the desk's header.
SECTION = _("Numbers")
WORDS: Mapping[str, Mapping[str, str | Promise]] = {
    "status": {
        "pending": _("waiting"),
        "processing": _("in progress"),
        "completed": _("passed automatically"),
        "failed": _("failed"),
        "moderation": _("sent to people"),
        "approved": _("approved by a person"),
        "rejected": _("rejected by a person"),
    },
    "action": {
        "approve": _("approved"),
        "edit": _("approved with an edit"),
        "reject": _("rejected"),
        "reprocess": _("sent to be written again"),
    },
    "reason": REASONS | OFF,
    "outcome": {
        "transport": _("the connection broke"),
        "rate_limit": _("refused for the rate (429)"),
        "server": _("the server failed (5xx)"),
        "invalid": _("the answer breaks its contract"),
        "truncated": _("cut at the token limit"),
        "refusal": _("the model declined"),
        "filtered": _("stopped by a content filter"),
        "budget": _("not sent: the budget is used up"),
        "stopped": _("not sent: stopped by a person"),
        "permanent": _("will fail again (key, model or request)"),
    },
    "kind": {"text": _("text"), "price": _("price"), "list": _("list")},
    "state": {
        "found": _("waiting to be read"),
        "parsed": _("read"),
        "unreadable": _("unreadable"),
    },
    "gate": {
        "open": _("open"),
        "held": _("held back: a person must look at the list"),
        "released": _("released by a person"),
        "refused": _("refused by a person"),
    },
    "quarantine": {
        "no_title": _("no title"),
        "ragged_row": _("wrong number of cells"),
        "bad_encoding": _("unreadable letters"),
        "not_an_object": _("not a record"),
        "broken_record": _("broken record"),
        "too_large": _("too large"),
        "no_identity": _("nothing to know the product by"),
        "group_without_goods": _("a group without goods"),
        "orphan_offer": _("an offer without its group"),
    },
    "breaker": {
        "closed": _("closed: calls go"),
        "open": _("open: no call goes"),
        "half_open": _("half open: probes go"),
    },
    "budget": {
        "spent": _("used up: calls of this kind end as “budget”"),
        "reserved": _("set aside: processes hold the rest for calls under way"),
        "nearly": _("nearly used up"),
        "free": _("there is room"),
    },
    "slots": {
        "llm": _("calls of models"),
        "image": _("downloads of pictures"),
        "task": _("tasks of agents"),
    },
    "template": {
        "description": _("description"),
        "category_example": _("category example"),
        "attribute_extraction": _("attribute extraction"),
        "image_prompt": _("image prompt"),
    },
    "batch": {"open": _("open"), "paused": _("paused"), "closed": _("closed")},
}


def word(code: str, kind: str) -> str:
    """The word for a code of a kind."""
    return str(WORDS[kind].get(code, code))


def why(undefined: Undefined) -> str:
    """Why a figure has no meaning."""
    if undefined.why is Why.TOO_FEW:
        return gettext("%(n)d of the %(needed)d that are needed") % {"n": undefined.n, "needed": undefined.needed}
    return {
        Why.NOTHING_COUNTED: gettext("nothing to count yet"),
        Why.NO_OVERLAP: gettext("nothing was judged by two people"),
        Why.ONE_LABEL: gettext("everybody always chose the same, so chance would agree as well"),
        Why.CONSTANT: gettext("the first look is always an approval, so chance cannot be told from agreement"),
        Why.UNEQUAL_LABELS: gettext("unequal numbers of labels"),
        Why.NO_DIFFERENCE: gettext("the two never differ"),
    }[undefined.why]


def scope(text: str) -> str:
    """What a stop or a budget is about: ``purpose:x`` → purpose x."""
    name, _sep, rest = text.partition(":")
    if name == "purpose" and _DATED.fullmatch(rest):
        rest = "{}, {} (UTC)".format(*rest.rsplit(":", 1))
    words = {
        "": gettext("everything"),
        "run": gettext("the run %(rest)s"),
        "day": gettext("all calls of %(rest)s (UTC)"),
        "purpose": gettext("the purpose %(rest)s"),
        "model": gettext("the model %(rest)s"),
        "endpoint": gettext("the address %(rest)s"),
    }
    return words[name] % {"rest": rest} if name in words else text
