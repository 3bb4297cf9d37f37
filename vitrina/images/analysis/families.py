"""Basic colours, which shades belong to them, and which of them cameras take for each other.

Belongs here: what joins the lexicon's colours with the palette's. Pure. Stays out: measuring, judging texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from vitrina.lexicon import Lexicon

#: Colours that every other one is a shade of, each with those that cameras and lamps turn it into.
NEIGHBOURS: dict[str, frozenset[str]] = {
    name: frozenset(near.split())
    for name, near in {
        "white": "grey beige",
        "black": "grey brown blue green purple",
        "grey": "white black beige brown blue green purple",
        "beige": "white grey brown pink yellow orange",
        "brown": "beige grey black red orange yellow",
        "red": "pink orange brown",
        "orange": "red yellow brown pink beige",
        "yellow": "orange beige brown green",
        "green": "yellow grey blue black",
        "blue": "purple grey green black",
        "purple": "blue pink grey black",
        "pink": "red purple orange beige",
    }.items()
}


def families_of(lexicon: Lexicon, keys: Iterable[str]) -> frozenset[str]:
    """Basic colours that the named ones are shades of; every one of them for a name that fits any (multicolour)."""
    found: set[str] = set()
    for key in keys:
        mine = basic_of(lexicon, key)
        if not mine:
            return frozenset(NEIGHBOURS)
        found |= mine
    return frozenset(found)


@lru_cache(maxsize=512)
def basic_of(lexicon: Lexicon, key: str) -> frozenset[str]:
    """Basic colours that one named colour is a shade of; none for a name that fits any."""
    return lexicon.broader(lexicon.get(key, "color")) & NEIGHBOURS.keys()


def fits(lexicon: Lexicon, named: Iterable[str], shown: Iterable[str]) -> bool:
    """Whether one of the shown colours is of a family of the named ones, or of a neighbour of it."""
    families = families_of(lexicon, named)
    near = families.union(*(NEIGHBOURS[name] for name in families))
    return any(basic_of(lexicon, key) & near for key in shown)
