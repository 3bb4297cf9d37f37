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
    (r"This needs the role \S+\.", gettext_lazy("This is for administrators.")),
    (r"This is the last administrator\.",
     gettext_lazy("This is the last administrator: make somebody else one first.")),
    (r"This request is done with already\.", gettext_lazy("This request is done with already.")),
    (r"A key needs a name\.", gettext_lazy("A key needs a name: say what it is for.")),
    (r"A key lives between 1 and (?P<what>\S+) days\.", gettext_lazy("A key lives from one to %(what)s days.")),
    (r"The account of (?P<what>.+) is closed\.", gettext_lazy("The account is closed: %(what)s")),
    (r"There are (?P<what>\S+) keys already\.",
     gettext_lazy("There are %(what)s keys already: revoke one that is not used any more.")),
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
