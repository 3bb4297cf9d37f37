"""What services refuse, in the reader's language: they speak English, for programs and logs as well.

Belongs here: their sentences as patterns, and words for them. Stays out: conflicts, which carry a code (``wording``).
A test reads the services, so that no sentence of theirs reaches a page untranslated.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vitrina.errors import VitrinaError

_SENTENCES = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in (
    (r"Product \S+ was never published\.", gettext_lazy("This product was never in the shop.")),
    (r"Item \S+ is about a product that was never published\.", gettext_lazy("This product was never in the shop.")),
    (r"Item \S+ is about a product that is no longer published\.",
     gettext_lazy("This product is not in the shop any more.")),
    (r"Item \S+ is about a (product|drop) that is gone\.", gettext_lazy("What this case is about is gone.")),
    (r"Item \S+ is about a \S+; only texts can be .+\.", gettext_lazy("This can be done with texts only.")),
    (r"Item \S+ has no text to approve\.",
     gettext_lazy("There is no text to approve: write one, or have it written again.")),
    (r"The product is on show already\.", gettext_lazy("The product is on show already.")),
    (r"The product is off the shop already\.", gettext_lazy("The product is off the shop already.")),
    (r"Your last decision is not about this product\.",
     gettext_lazy("Your last decision is not about this product.")),
    (r"There is no product \S+\.", gettext_lazy("There is no such product any more.")),
    (r"There is no category .*\.", gettext_lazy("There is no such category: choose one of the list.")),
    (r"There is no action .*\.", gettext_lazy("This action is not known.")),
    (r".* is not decided on a product's page\.", gettext_lazy("This action is not known.")),
    (r"A rejection needs a reason\.", gettext_lazy("Choose at least one reason.")),
    (r"An edited text needs a title and a body\.", gettext_lazy("A text needs a title and a body.")),
    (r"A text has no .+\.", gettext_lazy("The page sent something that is not known here. Load it again.")),
    (r"(?P<what>.+) is not an e-mail address\.", gettext_lazy("This is no e-mail address: %(what)s")),
    (r"(?P<what>.+) has an account already\.", gettext_lazy("There is an account already: %(what)s")),
    (r"This invitation is used up or has expired\.",
     gettext_lazy("This invitation is used up or has expired. Ask for a new one.")),
    (r"This needs the role moderator\.", gettext_lazy("This is for moderators.")),
    (r"This needs the role \S+\.", gettext_lazy("This is for administrators.")),
    (r"This is the last administrator\.",
     gettext_lazy("This is the last administrator: make somebody else one first.")),
    (r"This request is done with already\.", gettext_lazy("This request is done with already.")),
    (r"A key needs a name\.", gettext_lazy("A key needs a name: say what it is for.")),
    (r"A key lives between 1 and (?P<what>\S+) days\.", gettext_lazy("A key lives from one to %(what)s days.")),
    (r"The account of (?P<what>.+) is closed\.", gettext_lazy("The account is closed: %(what)s")),
    (r"There are (?P<what>\S+) keys already\.",
     gettext_lazy("There are %(what)s keys already: revoke one that is not used any more.")),
    (r"Item \S+ is a pair to compare\.", gettext_lazy("This is a pair to compare: open it among the comparisons.")),
    (r"Item \S+ is (no pair|of no batch)\.", gettext_lazy("This is no pair to compare.")),
    (r"There is no (case|pair|review item) \S+\.", gettext_lazy("There is no such case any more.")),
    (r"Item \S+ is closed already: .+\.", gettext_lazy("This case is decided already.")),
    (r"Item \S+ is decided at the desk\.", gettext_lazy("This case is decided at the desk.")),
    (r"Item \S+ is not flagged\.", gettext_lazy("Nobody waits for an answer about this any more.")),
    (r"Several texts cannot be edited at once\.", gettext_lazy("Several texts cannot be edited at once.")),
    (r"Cases can be given to moderators only\.", gettext_lazy("Cases can be given to moderators only.")),
    (r"There is nothing to undo\.", gettext_lazy("There is nothing to undo.")),
    (r"Decision \S+ is (not explained|about a \S+)\.",
     gettext_lazy("This decision is of another kind: open it where it was made.")),
    (r"An explained answer is not changed\.",
     gettext_lazy("The right answer was shown: this one is not changed any more.")),
    (r"A list that was let in or refused stays so\.",
     gettext_lazy("A list that was let in or refused stays so: hand in a corrected one.")),
    (r"Only your last (?P<what>\S+) decisions can be changed\.",
     gettext_lazy("Only your last %(what)s decisions can be changed.")),
    (r"There is no (side|order|state|kind) .+\.",
     gettext_lazy("The page sent something that is not known here. Load it again.")),
    (r"Both can only be bad in a tie\.",
     gettext_lazy("The page sent something that is not known here. Load it again.")),
    (r"A choice is A, B or E; both_bad goes with E only\.",
     gettext_lazy("A choice is A, B or E; both_bad goes with E only.")),
    (r"The batch .+ has no pair \S+\.", gettext_lazy("The batch has no such pair.")),
    (r"A known pair needs its answer\.", gettext_lazy("Choose the expected answer first.")),
    (r"An onboarding pair explains its answer\.", gettext_lazy("Write why: a training pair explains its answer.")),
    (r"Only pairs whose answer is known are copied\.", gettext_lazy("Only pairs whose answer is known are copied.")),
    (r"The two batches compare by different criteria\.", gettext_lazy("That batch compares by another criterion.")),
    (r"The batch .+ is closed( for good)?\.", gettext_lazy("The batch is closed: it stays as it is.")),
    (r"There is a batch .+ already\.", gettext_lazy("There is a batch of this name already.")),
    (r"Nobody could work on this batch\.",
     gettext_lazy("Nobody could work on this batch: choose people, or a role.")),
    (r"\S+ of a batch is never changed\.",
     gettext_lazy("This is never changed while people work: make another batch.")),
    (r"A batch needs a name\.", gettext_lazy("A batch needs a name.")),
    (r"«(?P<what>.+)» names a writer, and annotators read it\.",
     gettext_lazy("“%(what)s” names a model. Annotators read names and questions: no model may be named.")),
    (r"The overlap must be between 1 and 50\.", gettext_lazy("A pair can have from 1 to 50 votes.")),
    (r"(gold_share|gold_floor|rationale_share|\d+) must be between 0 and (?P<what>\S+)\.",
     gettext_lazy("A share lies between 0 and %(what)s.")),
    (r"A pair must be held for 30 seconds at least\.", gettext_lazy("A pair must be held for 30 seconds at least.")),
    (r"Voiding needs a reason\.", gettext_lazy("Say why the votes do not count.")),
    (r"Guidelines are written in Russian and in English\.",
     gettext_lazy("Write the rules in Russian and in English.")),
    (r"You do not belong to the batch .+\.", gettext_lazy("You do not belong to this batch. Ask its administrator.")),
))  # fmt: skip


def known_words(error: VitrinaError) -> str | None:
    """What was refused; ``None`` for a sentence that is not known here."""
    for pattern, words in _SENTENCES:
        if (match := pattern.fullmatch(error.message)) is not None:
            return str(words) % match.groupdict() if match.groupdict() else str(words)
    return None


def refusal_words(error: VitrinaError) -> str:
    """The same; a sentence that is not known here is shown as it is, after words that say what to do."""
    said = known_words(error)
    return said if said is not None else _("This cannot be done as things stand: %(why)s") % {"why": error}
