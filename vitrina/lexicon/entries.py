"""What a lexicon is made of: entries, their forms, and the places where they stand in a text.

Belongs here: plain records and the error of the package. Stays out: reading files and matching.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vitrina.errors import PermanentError

#: Kinds of entries, and what each is for. A data file names one of them; an unknown kind is refused.
KINDS: dict[str, str] = {
    "color": "colours and shades",
    "material": "fibres, fabrics, leathers, metals, stones and what goods are made of",
    "country": "countries of origin, with adjectives and ISO codes",
    "size": "letter sizes and words such as one size",
    "unit": "units of measure and of counting; carry dimension and factor",
    "gender": "for whom: women, men, unisex",
    "age": "age groups: children, babies, teenagers, adults",
    "garment": "clothing, shoes, accessories, home textiles",
    "care": "pharmacy and cosmetics goods",
    "ingredient": "active substances and plants in cosmetics and pharmacy",
    "season": "seasons",
    "pattern": "prints and patterns",
    "closure": "fastenings",
    "sleeve": "sleeves",
    "neckline": "necklines and collars",
    "fit": "fit, rise, length, heel",
    "skin": "types of skin and hair, parts of the body",
    "effect": "what a product is said to do, without a medical promise",
    "certificate": "approvals, standards and labels that need a proof",
    "medical": "medical effects and guarantees",
    "phrase": "set phrases whose words mean nothing of the above; they only hide shorter matches",
}


class LexiconError(PermanentError):
    """A lexicon file is wrong; the message names file, entry and what to do."""


@dataclass(slots=True, frozen=True)
class Entry:
    """One thing with its names.

    Attributes:
        key: Stable English name, unique within ``kind``: ``"navy"``.
        kind: One of :data:`KINDS`.
        ru: Main Russian name (lemma, nominative): ``"хлопок"``, ``"тёмно-синий"``.
        ru_adj: Related Russian adjective, masculine nominative: ``"хлопковый"``; for colours the same as ``ru``.
        gender: Grammatical gender of ``ru``: ``masc``, ``femn``, ``neut``, ``plur`` (pluralia tantum); ``None`` when
            ``ru`` is an adjective or has no noun.
        ru_forms, adj_forms, tr, en, other: All names by language, the main one first. ``other`` matches in every
            language: abbreviations, codes.
        exact: Names that match only in the letter case as written (``TR``, ``CE``).
        skip: Surfaces (lower case) that are never this entry, although their lemma is (``стали`` is not steel).
        parents: Keys of the same kind that a text may say instead, being broader: navy → blue.
        dimension, factor: For units: ``volume`` and how many base units one is (``Decimal``).
    """

    key: str
    kind: str
    ru: str
    ru_adj: str | None = None
    gender: str | None = None
    ru_forms: tuple[str, ...] = ()
    adj_forms: tuple[str, ...] = ()
    tr: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    skip: frozenset[str] = field(default_factory=frozenset)
    parents: tuple[str, ...] = ()
    dimension: str | None = None
    factor: Decimal | None = None

    def __hash__(self) -> int:
        return hash((self.kind, self.key))


@dataclass(slots=True, frozen=True)
class Match:
    """An entry found in a text.

    Attributes:
        start, end: Offsets in the text that was given, ``text[start:end] == surface``.
        negated: The text says that the thing is absent: "без парабенов", "parabensiz", "paraben-free".
    """

    entry: Entry
    start: int
    end: int
    surface: str
    negated: bool = False
