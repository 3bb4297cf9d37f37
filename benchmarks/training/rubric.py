"""What makes a product text of the synthetic set good, as we would write it down; no training sees it.

What belongs here: the points of one text. What stays out: who is judged. It is not the rubric that the set was labelled
by, which is hidden; how often it agrees with the labels is measured beside every use.
"""

from __future__ import annotations

import re

SHORTEST, LONGEST, MOST = 160, 380, 5
_CLAIMS = re.compile(
    r"лучш|непревзой|совершенств|идеальн|невероятн|роскошн|уникальн|потрясающ|эксклюзив|шедевр|самы[йеа]|превосход"
    r"|великолепн|хит\b|успейте|мечт",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"[A-Za-z]{2,}(?:[ ,']+[A-Za-z]{2,}){2,}")
_SENTENCE = re.compile(r"[.!?]+\s+")


def points(prompt: str, text: str) -> float:
    """+1 for each value of the prompt that is stated, up to five; -1 for each claim without content and each foreign
    sentence; -2 outside of 160 to 380 characters.
    """
    _, _, listed = prompt.partition("Характеристики:")
    values = {part.rpartition("—")[2].strip(" .").casefold() for part in listed.split(";") if "—" in part}
    said = text.casefold()
    sentences = _SENTENCE.split(text)
    return (
        min(sum(value in said for value in values if value), MOST)
        - sum(bool(_CLAIMS.search(each)) for each in sentences)
        - sum(bool(_FOREIGN.search(each)) for each in sentences)
        - 2.0 * (not SHORTEST <= len(text) <= LONGEST)
    )
