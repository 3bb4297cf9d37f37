"""Names that mean something only in their place: letter sizes, abbreviated units, words with several meanings.

Belongs here: what must stand beside them. Stays out: negation, and what quantities are.
"""

from __future__ import annotations

import re
from collections import Counter

from vitrina.lexicon.entries import Match

_SIZE_WORD = re.compile(r"(?:размер\w*|р-р|\bр\.?|beden\w*|size|numara|numarası)\s*[:(\-–]?\s*$", re.IGNORECASE)
_SIZE_GAP = re.compile(r"\s*[,/;|()–-]?\s*(?:и|до|ve|and|to)?\s*")
_NUMBER_BEFORE = re.compile(r"\d[\s\u00a0\u202f\u2009.-]{0,2}$")
_NAME_BEFORE = re.compile(r"[,(:\[]\s*$")
_END = re.compile(r"[\s).:\]]*$")


def plausible(text: str, found: list[Match]) -> list[Match]:
    """The matches without single letters that only look like sizes and without units that nothing is measured in.

    S, M and L count behind a word for size or beside another size. A unit of one or two letters counts behind a
    number or at the end of the text ("Объём, мл").
    """
    kept: list[Match] = []
    for place, match in enumerate(found):
        short = len(match.surface)
        if match.entry.kind == "unit" and short <= 2 and match.surface != "%":
            named = _END.match(text, match.end) and _NAME_BEFORE.search(text, 0, match.start)
            if named or _NUMBER_BEFORE.search(text, max(0, match.start - 4), match.start):
                kept.append(match)
        elif match.entry.kind != "size" or short > 1 or text.strip() == match.surface or _is_size(text, found, place):
            kept.append(match)
    return kept


def by_company(found: list[Match]) -> list[Match]:
    """The matches, of words with several meanings those that fit the goods named beside them.

    Beside clothing "krem" and "мятный" are colours, beside cosmetics a cream and an ingredient. Where the text names
    both sorts of goods, or none, all meanings stay.
    """
    places = Counter((match.start, match.end) for match in found)
    alone = {match.entry.kind for match in found if places[match.start, match.end] == 1}
    if ("garment" in alone) == ("care" in alone):
        return found
    dropped = {"care", "ingredient"} if "garment" in alone else {"color", "material"}
    staying = {(match.start, match.end) for match in found if match.entry.kind not in dropped}
    return [
        match
        for match in found
        if places[match.start, match.end] == 1 or match.entry.kind not in dropped
        or (match.start, match.end) not in staying
    ]  # fmt: skip


def _is_size(text: str, found: list[Match], place: int) -> bool:
    match = found[place]
    for other in found[max(0, place - 3) : place + 4]:
        beside = other.entry.kind == "size" and other.start != match.start
        if beside and _SIZE_GAP.fullmatch(text, min(match.end, other.end), max(match.start, other.start)):
            return True
    return _SIZE_WORD.search(text, max(0, match.start - 20), match.start) is not None
