"""Whether a text says that a thing is absent.

Belongs here: the words for "without" around a match in three languages. Stays out: suffixes (``turkish``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from vitrina.lexicon.entries import Match

#: Before the thing; one word may stand between ("без вредных парабенов").
_BEFORE = re.compile(
    r"(?:\bбез|\bне|\bнет|\bне\s+содерж\w+|\bне\s+использу\w+|свобод\w+\s+от|\bwithout|\bno|\bnon|\bnot|"
    r"\bfree\s+(?:of|from)|%\s*0|\b0\s*%|\bsıfır)(?:[\s-]+|$)(?:[а-яё]+(?:ых|их|ого|его|ой|ей)\s+)?$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[\s-]*(?:free\b|içermez|içermeyen|içermemektedir|icermez|icermeyen|yok(?:tur)?\b|bulunmaz|bulunmamaktadır|"
    r"barındırmaz|kullanılmamıştır|не\s+содержит|отсутству)",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*(?:,|/|&|и|или|ни|ve|veya|and|or|nor|,\s*(?:и|ve|and|без))\s*", re.IGNORECASE)
_REACH = 40


def mark(text: str, found: list[Match]) -> list[Match]:
    """The matches, ``negated`` set where the text says "without"; it holds for a whole list ("без A, B и C")."""
    marked = list(found)
    for place, match in enumerate(marked):
        if match.negated:
            continue
        before = _BEFORE.search(text, max(0, match.start - _REACH), match.start) is not None
        if before or _AFTER.match(text, match.end) is not None or _follows_negated(text, marked, place):
            marked[place] = replace(match, negated=True)
    for place in range(len(marked) - 2, -1, -1):  # "paraben, silikon ve alkol içermez"
        match, after = marked[place], marked[place + 1]
        if after.negated and not match.negated and _ends_negated(text, marked, place + 1):
            if match.end <= after.start and _LIST.fullmatch(text, match.end, after.start):
                marked[place] = replace(match, negated=True)
    return marked


def _follows_negated(text: str, marked: list[Match], place: int) -> bool:
    match = marked[place]
    for before in reversed(marked[max(0, place - 3) : place]):
        if before.start == match.start:
            if before.negated:
                return True
            continue
        if before.end > match.start:
            continue
        within = _LIST.fullmatch(text, before.end, match.start) is not None
        return within and before.negated and _BEFORE.search(text, max(0, before.start - 200), before.start) is not None
    return False


def _ends_negated(text: str, marked: list[Match], place: int) -> bool:
    """Whether the negation of this match stands behind it or behind the list that it is in."""
    last = marked[place]
    for match in marked[place:]:
        if match.start > last.end and not _LIST.fullmatch(text, last.end, match.start):
            break
        last = match
    return _AFTER.match(text, last.end) is not None and "free" not in text[last.end : last.end + 6].lower()
