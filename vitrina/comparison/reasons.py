"""Fixed lists of what people choose from: why a text is better, what is wrong with a pair.

Belongs here: codes, which are stored, and their words, which are shown. Stays out: what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from vitrina.desk.keys import Key


class Choice(NamedTuple):
    """Something to choose, and the place on the keyboard that chooses it."""

    code: str
    label: str | Promise
    key: str


#: Why: several may be chosen, none is chosen beforehand.
REASONS = (
    Choice("accuracy", _("Accuracy"), "Q"),
    Choice("completeness", _("Completeness"), "W"),
    Choice("clarity", _("Clarity"), "E"),
    Choice("language", _("Language"), "R"),
    Choice("tone", _("Tone"), "T"),
)
#: What is wrong with a pair that nobody should get.
REPORTS = (
    Choice("unreadable", _("Cannot be read"), "1"),
    Choice("other_product", _("Another product"), "2"),
    Choice("not_blind", _("Tells who wrote it"), "3"),
    Choice("other", _("Something else"), "4"),
)
#: In the order of the screen. The value is what the button sends.
ANSWERS = (
    Choice("left", _("A is better"), "1"),
    Choice("same", _("The same"), "2"),
    Choice("bad", _("Both are bad"), "3"),
    Choice("right", _("B is better"), "4"),
)
#: What a button sends → side and kind of tie, as the queue's services take them.
SIDES = {"left": ("left", ""), "same": ("tie", ""), "bad": ("tie", "both_bad"), "right": ("right", "")}


#: Keys of the screen, which a person may move or switch off.
KEYS = (
    *(Key(answer.code, f"Digit{answer.key}", answer.label) for answer in ANSWERS),
    *(Key(reason.code, f"Key{reason.key}", reason.label) for reason in REASONS),
    Key("comment", "KeyC", _("Comment")),
    Key("skip", "KeyS", _("Skip: leave the pair to others")),
    Key("report", "KeyF", _("Report: nobody should get the pair")),
    Key("undo", "KeyZ", _("Take the last answer back, within a minute")),
    Key("rules", "KeyG", _("Rules")),
)
#: Keys that stay where they are.
FIXED_KEYS = (
    ("← →", _("A is better, B is better")),
    ("Enter", _("Send where reasons are asked for; next pair")),
    ("Esc", _("Leave a field, close the rules")),
)


def known_reasons(codes: Iterable[str]) -> list[str]:
    """The codes among these that are in the list, in its order."""
    chosen = set(codes)
    return [reason.code for reason in REASONS if reason.code in chosen]


def answer_of(shown: str, tie_kind: str) -> str:
    """The button of a decision as it was shown."""
    return next(answer for answer, side in SIDES.items() if side == (shown, tie_kind))


def label_of(choices: Iterable[Choice], code: str) -> str:
    """The words of a code; a code that is not in the list stays as it is."""
    return next((str(choice.label) for choice in choices if choice.code == code), code)
