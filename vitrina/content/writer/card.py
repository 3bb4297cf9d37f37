"""From the sheet to a short card: one paragraph of 160 to 380 characters.

Belongs here: which facts, in which order and form. Stays out: wording (``patterns_*``), the full text (``compose``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitrina.content import card
from vitrina.content.writer import seo
from vitrina.content.writer.choice import Choice
from vitrina.content.writer.sheet import Sheet
from vitrina.content.writer.statements import statements, subject_fields
from vitrina.content.writer.wording import WORDINGS, Wording

Structure = Literal["sentences", "labels", "mixed"]
Order = Literal["telling", "mixed", "reversed"]
Tone = Literal["plain", "page", "lead"]
Manner = Literal["facts", "vague", "warm"]

STRUCTURES: tuple[Structure, ...] = ("sentences", "labels", "mixed")
ORDERS: tuple[Order, ...] = ("telling", "mixed", "reversed")
TONES: tuple[Tone, ...] = ("plain", "page", "lead")
#: Facts alone, few facts among sentences that say nothing, or facts with mild praise: a choice for people to make.
MANNERS: tuple[Manner, ...] = ("facts", "facts", "vague", "warm")
#: So many facts a vague card tells.
VAGUE_FACTS = 2
#: How much of the room a variant uses.
FULLNESS = (1.0, 0.8, 0.6)


@dataclass(frozen=True, slots=True)
class Variant:
    """How a card is told. Seed 0 is the platform's own choice: whole sentences, the most telling facts first."""

    structure: Structure = "sentences"
    order: Order = "telling"
    tone: Tone = "plain"
    fullness: float = 1.0
    manner: Manner = "facts"


def variant(product_id: int, seed: int) -> Variant:
    """The variant that a seed means for a product."""
    if not seed:
        return Variant()
    choice = Choice(product_id, seed)
    return Variant(
        choice.pick("card/structure", STRUCTURES),
        choice.pick("card/order", ORDERS),
        choice.pick("card/tone", TONES),
        choice.pick("card/fullness", FULLNESS),
        choice.pick("card/manner", MANNERS),
    )


def compose_card(sheet: Sheet, seed: int = 0) -> str:
    """The text of a card; never above the contract's limit, below it where the facts are few."""
    wording, choice, how = WORDINGS[sheet.language], Choice(sheet.product_id, seed), variant(sheet.product_id, seed)
    parts = _mannered(_facts(sheet, wording, choice, how), wording, choice, how)
    opening = seo.clip(_opening(sheet, wording, choice, how), card.CHARS_MAX)
    room = max(int(card.CHARS_MAX * how.fullness), card.CHARS_MIN)
    text = opening
    for part in parts:
        if len(text) + 1 + len(part) <= room or len(text) < card.CHARS_MIN:
            longer = f"{text} {part}"
            text = longer if len(longer) <= card.CHARS_MAX else text
    return text


def _opening(sheet: Sheet, wording: Wording, choice: Choice, how: Variant) -> str:
    name = seo.title(sheet, wording)
    if how.tone == "plain":
        return f"{name}."
    if how.tone == "lead":
        return f"{name}. {choice.pick('card/lead', wording.patterns.LIST_LEADS)}"
    fields = {**subject_fields(sheet, wording, choice), "name": name, "category": sheet.category or ""}
    pattern = "category" if sheet.category else "plain"
    said: str = choice.pick("card/intro", wording.patterns.NAMED[pattern]).format_map(fields)
    return said


def _facts(sheet: Sheet, wording: Wording, choice: Choice, how: Variant) -> list[str]:
    known = statements(sheet, wording, choice)
    told = []
    for place, item in enumerate(known):
        labelled = how.structure == "labels" or (how.structure == "mixed" and place % 2)
        told.append(f"{item.bullet}." if labelled else item.sentence)
    told += [f"{spec.label}: {spec.value}." for spec in sheet.specs[:6]]
    if how.order == "mixed":
        told = choice.shuffled("card/order", told)
    elif how.order == "reversed":
        told.reverse()
    last = _last(sheet, wording, choice)
    return [*told, *sheet.source[:3], *sheet.usage[:2], *sheet.care[:2], *sheet.size_notes[:1], *last]


def _mannered(facts: list[str], wording: Wording, choice: Choice, how: Variant) -> list[str]:
    """The facts as the manner tells them."""
    if how.manner == "vague":
        empty = choice.shuffled("card/vague", wording.patterns.CARD_VAGUE)
        few, rest = facts[:VAGUE_FACTS], facts[VAGUE_FACTS:]
        return [*empty[:1], *few, *empty[1:3], *rest[: len(rest) // 3]]
    if how.manner == "warm":
        praise = choice.shuffled("card/warm", wording.patterns.CARD_WARM)
        return [praise[0], *facts[:3], praise[1], *facts[3:]]
    return facts


def _last(sheet: Sheet, wording: Wording, choice: Choice) -> list[str]:
    """Brand and place in the catalogue: said where there is little else."""
    fields = {**subject_fields(sheet, wording, choice), "v": sheet.brand or "", "path": " / ".join(sheet.category_path)}
    brand = choice.pick("brand", wording.patterns.SENTENCES["brand"]).format_map(fields) if sheet.brand else ""
    path = choice.pick("path", wording.patterns.PATH).format_map(fields) if fields["path"] else ""
    return [part for part in (brand, path) if part]
