"""Single facts as sentences and as list items.

Belongs here: filling the patterns slot by slot. Stays out: which statement goes where (``compose``).
"""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.content.writer.choice import Choice
from vitrina.content.writer.sheet import Sheet
from vitrina.content.writer.wording import Wording
from vitrina.lexicon import Entry


@dataclass(slots=True, frozen=True)
class Statement:
    """One fact, said in two ways; ``slot`` names the kind of fact."""

    slot: str
    sentence: str
    bullet: str


def statements(sheet: Sheet, wording: Wording, choice: Choice) -> list[Statement]:
    """What the sheet knows beyond the name, each fact once, the most telling first."""
    found: list[Statement] = []
    subject = subject_fields(sheet, wording, choice)

    def say(slot: str, value: str, genitive: str = "", locative: str = "") -> None:
        fields = {**subject, "v": value, "g": genitive, "l": locative}
        sentence = choice.pick(f"sentence/{slot}", wording.patterns.SENTENCES[slot]).format_map(fields)
        bullet = choice.pick(f"bullet/{slot}", wording.patterns.BULLETS[slot]).format_map(fields)
        found.append(Statement(slot, sentence, bullet))

    def names(entries: list[Entry]) -> str:
        return wording.listing([wording.name(entry) for entry in entries])

    def genitives(entries: list[Entry]) -> str:
        return wording.listing([wording.genitive(entry) for entry in entries])

    if sheet.materials or sheet.material_text:
        shares = sheet.material_text or wording.listing([wording.share(share) for share in sheet.materials])
        say("material_garment" if sheet.group == "garment" else "material_care", shares)
    for quantity in sheet.quantities[:3]:
        slot = quantity.dimension if quantity.dimension in wording.patterns.SENTENCES else "mass"
        say(slot, quantity.text)
    if sheet.skins:
        say("skin", names(sheet.skins[:4]), genitives(sheet.skins[:4]))
    if sheet.ingredients:
        say("ingredients" if len(sheet.ingredients) > 1 else "ingredient", names(sheet.ingredients[:8]))
    if sheet.without:
        say("without", names(sheet.without[:5]), genitives(sheet.without[:5]))
    if sheet.colors:
        one = len(sheet.colors) == 1
        say("color" if one else "colors", names(sheet.colors), color_genitive(sheet.colors[0]) if one else "")
    if sheet.sizes:
        several = any(mark in sheet.sizes for mark in ",-–")
        say("sizes" if several else "size", sheet.sizes)
    if details := [*sheet.fits, *sheet.necklines, *sheet.sleeves]:
        say("details", names(details[:6]))
    if sheet.closures:
        say("closure", names(sheet.closures[:3]))
    if sheet.patterns:
        say("pattern", names(sheet.patterns[:3]))
    if sheet.genders and any(entry.key != "unisex" for entry in sheet.genders):
        say("gender", names(sheet.genders), genitives(sheet.genders))
    if sheet.ages:
        say("age", names(sheet.ages), genitives(sheet.ages))
    if sheet.seasons:
        say("season", names(sheet.seasons))
    if sheet.countries:
        say("country", names(sheet.countries[:2]), locative=wording.place(sheet.countries[:2]))
    return found


def subject_fields(sheet: Sheet, wording: Wording, choice: Choice) -> dict[str, str]:
    """The word that stands for the product in this text, in the forms that patterns ask for."""
    nominative, genitive, accusative, meant, made = choice.pick("subject", wording.patterns.SUBJECTS[sheet.group])
    return {
        "subject": nominative,
        "Subject": nominative[:1].upper() + nominative[1:],
        "subject_g": genitive,
        "subject_a": accusative,
        "meant": meant,
        "made": made,
    }


def color_genitive(color: Entry) -> str:
    """The colour before "цвета": ``чёрного``."""
    from vitrina.lexicon import morphology

    return morphology.adjective(color.ru_adj or color.ru, case="gent", number="sing", gender="masc")
