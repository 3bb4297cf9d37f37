"""What the screen says when an answer could not be saved, or no pair is left: plain words for codes.

Belongs here: wording. Stays out: status codes and what follows (``views``).
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from vitrina.preferences.formats.rows import Reason
from vitrina.review.errors import Conflict, Forbidden, NotDecidable, TooLate
from vitrina.review.models import Batch, ReviewItem
from vitrina.review.results import Nothing

#: The link of the header.
SECTION = gettext_lazy("Comparisons")


class Said(NamedTuple):
    """A heading and one or two sentences."""

    title: str
    text: str


def of_error(error: Exception) -> Said:
    """Why an answer was not saved."""
    if isinstance(error, TooLate):
        return Said(
            _("Too late to undo"), _("That answer stands for more than a minute. Change it among your last answers.")
        )
    if isinstance(error, Conflict):
        return _of_conflict(str(error.state.get("reason", "")), str(error.state.get("state", "")))
    if isinstance(error, Forbidden):
        return Said(_("Not your batch"), _("You no longer belong to this batch. Ask its administrator."))
    if isinstance(error, NotDecidable):
        return Said(_("Not saved"), _("The page sent something that is not known here. Load it again."))
    return Said(_("Not saved"), _("Something went wrong on the server. Try again in a moment."))


def _of_conflict(reason: str, item_state: str) -> Said:
    if reason == "closed" and item_state == ReviewItem.State.DONE:
        reason = "full"
    said = {
        "closed": _("The batch was closed, or the pair taken out. Your answer was not saved."),
        "full": _("Others have answered this pair meanwhile. Your answer was not saved."),
        "answered": _("You answered this pair already, perhaps in another window. That answer stands."),
        "set_aside": _("You left this pair to others already."),
        "unknown_token": _("This pair was not given to you. Take the next one."),
        "expired": _("You no longer hold this pair. You can still try to answer."),
    }
    return Said(_("Not saved"), said.get(reason, _("Somebody was faster. Your answer was not saved.")))


#: Why a record of a file gives no pair, by what the readers of files say of it.
_UNUSABLE: dict[str, str | Promise] = {
    Reason.NOT_JSON: gettext_lazy("It is not JSON."),
    Reason.NOT_AN_OBJECT: gettext_lazy("It is no object with named fields."),
    Reason.TOO_LONG_LINE: gettext_lazy("The line is too long."),
    Reason.TOO_DEEP: gettext_lazy("It is nested too deeply."),
    Reason.FILE_ENDS_EARLY: gettext_lazy("The file cannot be read from here on."),
    Reason.WRONG_COLUMNS: gettext_lazy("The columns are not those that are expected."),
    Reason.MISSING_FIELD: gettext_lazy("A field is missing."),
    Reason.NOT_TEXT: gettext_lazy("Something that should be a text is none."),
    Reason.EMPTY_ANSWER: gettext_lazy("A text is empty, or is no text."),
    Reason.EMPTY_PROMPT: gettext_lazy("The question is empty."),
    Reason.UNEQUAL_PROMPTS: gettext_lazy("The two texts answer different questions."),
    Reason.NO_PROMPT_MARK: gettext_lazy("It cannot be told where the question ends and the answer begins."),
    Reason.UNKNOWN_CHOICE: gettext_lazy("It cannot be told which text was preferred."),
    Reason.TOO_MANY_PAIRS: gettext_lazy("The record gives too many pairs."),
}


def of_reason(reason: str, message: str = "") -> str:
    """Why a record gives no pair; English readers get the message of who read it, which names the field."""
    if message and (get_language() or "").startswith("en"):
        return message
    return str(_UNUSABLE.get(reason) or message or reason)


def of_nothing(nothing: Nothing, batch: Batch) -> Said:
    """Why there is no pair."""
    if nothing.reason == "all-held":
        return Said(_("Others hold the rest"), _("All pairs that are left are on somebody's screen. Try again later."))
    if nothing.reason == "stopped":
        return Said(
            _("This batch has a break for you"), _("It gives you no more pairs. Its administrator can tell you why.")
        )
    if nothing.reason == "paused":
        if batch.state == Batch.State.CLOSED:
            return Said(_("The batch is closed"), _("Thank you: no more answers are needed."))
        return Said(_("The batch is paused"), _("Its administrator will open it again. What you saved stands."))
    return Said(_("All done"), _("No pair of this batch is left for you. Thank you!"))
