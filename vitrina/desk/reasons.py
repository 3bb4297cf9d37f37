"""Why people refuse a text, want another, or take a product off the shop: codes that are kept, words that are shown.

Belongs here: these reasons, for every page and figure that names them. Stays out: reasons of comparisons
(``vitrina.comparison.reasons``), findings of the checks (``wording``).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

Word = str | Promise

#: What a text is refused for. Their order is that of the keys 1 to 6.
REASONS: dict[str, Word] = {
    "wrong_fact": gettext_lazy("A fact is wrong"),
    "invented": gettext_lazy("Something is invented"),
    "category": gettext_lazy("Wrong category"),
    "language": gettext_lazy("Bad language"),
    "poor": gettext_lazy("Too little said"),
    "forbidden": gettext_lazy("Must not be sold"),
}
#: Why another text is wanted: the same, but for what no text mends.
AGAIN: dict[str, Word] = {code: words for code, words in REASONS.items() if code != "forbidden"}
#: Why a product is taken off the shop.
OFF: dict[str, Word] = {
    "forbidden": REASONS["forbidden"],
    "sold_out": gettext_lazy("Sold out"),
    "complaint": gettext_lazy("A complaint"),
    "mistake": gettext_lazy("Published by mistake"),
}
_ALL = REASONS | OFF


def reason_word(code: str) -> str:
    """A reason in the reader's language; a code that is not of the lists stays as it is."""
    return str(_ALL.get(code, code))


def reasons_words(codes: Iterable[str]) -> str:
    """Several in one line."""
    return ", ".join(map(reason_word, codes))
