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
    leading: list[bool] = []  # whether a word before the match, or before the list it is in, negates it
    for place, match in enumerate(marked):
        before = _BEFORE.search(text, max(0, match.start - _REACH), match.start) is not None
        leading.append(before or _continues(text, marked, leading, place))
        if leading[place] or _AFTER.match(text, match.end) is not None:
            marked[place] = replace(match, negated=True)
    for place in range(len(marked) - 2, -1, -1):  # "paraben, silikon ve alkol içermez"
        match = marked[place]
        after = next((index for index in range(place + 1, len(marked)) if marked[index].start >= match.end), None)
        if match.negated or after is None or not marked[after].negated:
            continue
        if _LIST.fullmatch(text, match.end, marked[after].start) and _ends_negated(text, marked, after):
            marked[place] = replace(match, negated=True)
    return marked


def _continues(text: str, marked: list[Match], leading: list[bool], place: int) -> bool:
    """Whether the match goes on a list whose former item is negated from the front."""
    match = marked[place]
    for former in range(place - 1, max(-1, place - 5), -1):
        if marked[former].end <= match.start:
            return leading[former] and _LIST.fullmatch(text, marked[former].end, match.start) is not None
        if leading[former] and marked[former].start == match.start:
            return True
    return False


def _ends_negated(text: str, marked: list[Match], place: int) -> bool:
    """Whether the negation of this match stands behind it or behind the list that it is in."""
    last = marked[place]
    for match in marked[place:]:
        if match.start >= last.end and not _LIST.fullmatch(text, last.end, match.start):
            break
        last = match
    return _AFTER.match(text, last.end) is not None and "free" not in text[last.end : last.end + 6].lower()
