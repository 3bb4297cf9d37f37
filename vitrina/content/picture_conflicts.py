"""Whether the pictures of a product contradict the colour that its text names.

Belongs here: what the text says, what the pictures show, when the two cannot both be true. Pure. Stays out: measuring
pictures (``vitrina.images.analysis``), reading tables (``pictures``), what follows from a conflict (moderation).

Made for precision: a person's time is asked for only when no picture shows the named colour or one that cameras take
it for. Of clothing, shoes, bags and home textiles alone: the box of a cream has no colour to agree with. Goods with
patterns, sets and packs are left out, since their colours are many. Pictures that are mostly white, grey or beige
accuse nobody: those are size charts, logos and mannequins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vitrina.content.facts import ProductFacts
from vitrina.images.analysis.families import NEIGHBOURS, basic_of, families_of
from vitrina.images.analysis.oklab import from_hex
from vitrina.images.analysis.palette import COLORS, samples_of
from vitrina.lexicon import Lexicon
from vitrina.lexicon.active import active

#: OKLab distance from every sample of the named colour that no lamp explains.
CLEAR = 0.16
#: Share of the product that must be of other colours, and share of the named one that clears a picture.
MOSTLY, SOME = 0.75, 0.1
#: Pictures whose product could not be told from its background accuse nobody.
SEPARATED = 0.5
#: Least chroma of an accusing colour; warm tints are paper, wood, skin and lamps, so they must be stronger.
_CHROMA, _WARM_CHROMA = 0.05, 0.08
_DARK, _DARK_SHARE = frozenset({"black", "anthracite", "navy"}), 0.9
_NAMED_MOST = 3
#: Words inside of names of colours (dark green) that are no colour by themselves.
_TONES = frozenset({"light", "dark", "pastel"})

_COLOR_NAME = re.compile(r"\bцвет\b|расцветк|\brenk\b|\bcolou?r\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\b(?:комплект\w*|набор\w*|костюм\w*|в ассортименте|ассорти|set[ia]?|takım[ıi]?|asorti|assorted|mix|микс)\b"
    r"|\b(?:[2-9]|\d{2})\s?(?:шт|пар[аы]?\b|штук\w*|предмет\w*|adet|çift|parça|pcs|pack|pairs?)"
    r"|\b[2-9]['’]?l[iıuü]\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Colours of one picture: (key of the palette, hexadecimal, share of the product), the largest first."""

    thumb: str
    colors: tuple[tuple[str, str, float], ...]
    separation: float
    spoiled: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Text and picture, each with its value. ``said`` and ``seen`` are Russian names."""

    said: tuple[str, ...]
    seen: str
    hex: str
    share: float
    thumb: str

    def details(self) -> tuple[str, ...]:
        """Lines for a reason of moderation."""
        line = f"в тексте: {', '.join(self.said)}; на снимке: {self.seen} {self.share:.0%} ({self.hex})"
        return (line, self.thumb) if self.thumb else (line,)


def find_conflict(facts: ProductFacts, pictures: Sequence[Shown], *, lexicon: Lexicon | None = None) -> Conflict | None:
    """The clearest contradiction between a product's text and its pictures, ``None`` without one.

    Args:
        pictures: All analysed pictures; one that shows the named colour clears the product.
        lexicon: That of the settings when not given.
    """
    suspects = [picture for picture in pictures if _may_accuse(picture)]
    if not suspects:
        return None
    lexicon = lexicon or active()
    if not _one_colored_garment(facts, lexicon):
        return None
    named = _named(facts, lexicon)
    said = families_of(lexicon, (key for key, _ in named))
    if not said or len({key for key, _ in named}) > _NAMED_MOST:
        return None
    allowed = said | families_of(lexicon, _mentioned(facts, lexicon))
    if any(_shows(picture, allowed, lexicon) for picture in pictures):
        return None
    accused = [picture for picture in suspects if _contradicts(picture, allowed, lexicon)]
    if not accused:
        return None
    worst = max(accused, key=lambda picture: picture.colors[0][2])
    key, hexadecimal, share = worst.colors[0]
    names = {color.key: color.ru for color in COLORS}
    return Conflict(tuple(dict.fromkeys(ru for _, ru in named)), names[key], hexadecimal, share, worst.thumb)


def _may_accuse(picture: Shown) -> bool:
    """Whether the picture is good enough, and colourful enough, to speak against a text."""
    if picture.spoiled or picture.separation < SEPARATED or not picture.colors:
        return False
    if picture.colors[0][0] in _DARK:
        return sum(share for key, _, share in picture.colors if key in _DARK) >= _DARK_SHARE
    hexadecimal = picture.colors[0][1]
    _, red, yellow = from_hex(hexadecimal)
    return float(np.hypot(red, yellow)) >= (_WARM_CHROMA if yellow > 0 and red > -0.03 else _CHROMA)


def _one_colored_garment(facts: ProductFacts, lexicon: Lexicon) -> bool:
    place = facts.category_path or ""
    kinds = {match.entry.kind for text in (facts.title, place) for match in lexicon.find(text)}
    if "garment" not in kinds or "care" in kinds:
        return False
    texts = [facts.title, *facts.attributes.values()]
    if any(_SEVERAL.search(text) for text in (facts.title, facts.description or "")):
        return False
    patterns = {match.entry.key for text in [*texts, facts.description or ""] for match in lexicon.find(text)
                if match.entry.kind == "pattern" and not match.negated}  # fmt: skip
    return patterns <= {"plain", "ribbed", "pleated", "quilted", "cable_knit", "ruffled", "ripped", "embroidered"}


def _named(facts: ProductFacts, lexicon: Lexicon) -> list[tuple[str, str]]:
    """(key, Russian name) of the colours that the product is said to have: by its attribute, else by its title."""
    values = [value for name, value in facts.attributes.items() if _COLOR_NAME.search(name)]
    for texts in (values, [facts.title]):
        found = [
            (match.entry.key, match.entry.ru_adj or match.entry.ru)
            for text in texts
            for match in lexicon.find(text)
            if match.entry.kind == "color" and not match.negated
        ]
        if found:
            return found
    return []


def _mentioned(facts: ProductFacts, lexicon: Lexicon) -> Iterator[str]:
    """Colours named anywhere: a lining, a trim, another of the colours that it comes in."""
    for text in (facts.title, facts.description or "", *facts.attributes.values()):
        for match in lexicon.find_all(text):
            if match.entry.kind == "color" and match.entry.key not in _TONES:
                yield match.entry.key


@lru_cache(maxsize=512)
def _region(lexicon: Lexicon, families: frozenset[str]) -> np.ndarray:
    """Samples of every palette colour that is a shade of one of the families."""
    return samples_of(frozenset(color.key for color in COLORS if basic_of(lexicon, color.key) & families))


def _shows(picture: Shown, families: frozenset[str], lexicon: Lexicon) -> bool:
    """Whether enough of the picture is of one of the families, or of what a camera makes of it."""
    near = families.union(*(NEIGHBOURS[name] for name in families))
    close = sum(
        share
        for key, hexadecimal, share in picture.colors
        if basic_of(lexicon, key) & families
        or (basic_of(lexicon, key) & near and not _is_clear(hexadecimal, families, lexicon))
    )
    return close >= SOME


def _contradicts(picture: Shown, families: frozenset[str], lexicon: Lexicon) -> bool:
    """Whether nearly all of the picture is of colours that are far from every one of the families."""
    near = families.union(*(NEIGHBOURS[name] for name in families))
    far = sum(
        share
        for key, hexadecimal, share in picture.colors
        if not basic_of(lexicon, key) & near and _is_clear(hexadecimal, families, lexicon)
    )
    first = picture.colors[0]
    return far >= MOSTLY and not basic_of(lexicon, first[0]) & near


def _is_clear(hexadecimal: str, families: frozenset[str], lexicon: Lexicon) -> bool:
    samples = _region(lexicon, families)
    if not len(samples):
        return False
    return float(np.sqrt(((samples - from_hex(hexadecimal)) ** 2).sum(axis=1).min())) >= CLEAR
