"""Saying the sheet's entries in the target language: names, cases, agreement, lists.

Belongs here: everything that differs between Russian and English but patterns. Stays out: the order of a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from vitrina.content.writer import patterns_en, patterns_ru
from vitrina.content.writer.sheet import Share, Sheet
from vitrina.lexicon import Entry, morphology

#: Ages whose adjective is common ("детское платье"); the others stand behind the noun ("боди для младенцев").
_AGE_ADJECTIVES = frozenset({"children", "teenager", "school", "preschool"})
#: Groups of substances that Russian names in the plural: "без парабенов".
_MANY = frozenset(
    {"paraben", "parabens", "sulfate", "sulfates", "sulphates", "silicone", "silicones", "phthalates", "dye"}
)


class Wording:
    """Words of one language. ``patterns`` is the module with its sentence patterns."""

    patterns: ModuleType
    also: str
    #: The whole text where nothing at all is known.
    nothing: str

    def name(self, entry: Entry) -> str:
        """The entry's main name."""
        raise NotImplementedError

    def genitive(self, entry: Entry) -> str:
        """The name as it stands behind "без", "для" ("without", "for")."""
        raise NotImplementedError

    def thing(self, sheet: Sheet) -> str:
        """Noun phrase of the product without its brand: "женское платье"."""
        raise NotImplementedError

    def tail(self, sheet: Sheet) -> str:
        """What follows the thing and the brand in a title: " из хлопка"; may be empty."""
        raise NotImplementedError

    def colored(self, color: Entry, noun: Entry) -> str:
        """ "чёрное платье"; empty when the colour has no such form."""
        raise NotImplementedError

    def made_of(self, noun: Entry, material: Entry) -> str:
        """ "платье из хлопка"."""
        raise NotImplementedError

    def color_mark(self, color: Entry, noun: Entry | None) -> str:
        """The colour behind a comma in a title: "платье Koton, чёрное"."""
        raise NotImplementedError

    def place(self, countries: Sequence[Entry]) -> str:
        """ "в Турции"."""
        raise NotImplementedError

    def listing(self, names: Sequence[str]) -> str:
        """ "a, b и c"."""
        return " ".join(filter(None, [", ".join(names[:-1]), self.also if len(names) > 1 else "", names[-1]]))

    def share(self, share: Share) -> str:
        """A material with its percentage, "хлопок 95%"."""
        percent = f"{share.percent}%" if share.percent else ""
        return f"{self.name(share.entry)} {percent}".strip()


class Russian(Wording):
    """Russian by the lexicon's morphology."""

    patterns = patterns_ru
    also = "и"
    nothing = "Сведений о товаре пока нет."

    def name(self, entry: Entry) -> str:
        return entry.ru

    def genitive(self, entry: Entry) -> str:
        people = entry.kind in ("gender", "age")
        return morphology.inflect(entry.ru, "gent", number="plur" if people or entry.key in _MANY else None)

    def place(self, countries: Sequence[Entry]) -> str:
        names = [morphology.inflect(entry.ru, "loct") for entry in countries]
        before = "во" if names[0][:2] in ("Фр", "Вь") else "в"
        return f"{before} {self.listing(names)}"

    def thing(self, sheet: Sheet) -> str:
        if sheet.kind is None:
            return ""
        noun = sheet.kind.ru
        seasons = sheet.seasons if len(sheet.seasons) == 1 else []
        before, after = [], []
        for entry in [*sheet.genders[:1], *sheet.ages[:1], *seasons]:
            if entry.kind == "age" and entry.key not in _AGE_ADJECTIVES:
                after.append(f"для {self.genitive(entry)}")
            elif entry.ru_adj and entry.ru_adj.startswith("для "):
                after.append(entry.ru_adj)
            elif entry.ru_adj and " " not in entry.ru_adj and entry.ru_adj[:5] not in noun:
                before.append(self.agreed(entry.ru_adj, sheet.kind))
        return " ".join(dict.fromkeys([*before, noun, *after[:1]]))

    def agreed(self, adjective: str, noun: Entry) -> str:
        """An adjective in the gender and number of a noun, nominative."""
        if noun.gender is None:
            return morphology.agree(adjective, noun.ru)
        gender = str(noun.gender)
        number = "plur" if gender == "plur" else "sing"
        return morphology.adjective(adjective, case="nomn", number=number, gender=gender)

    def colored(self, color: Entry, noun: Entry) -> str:
        return f"{self.agreed(color.ru_adj, noun)} {noun.ru}" if color.ru_adj else ""

    def made_of(self, noun: Entry, material: Entry) -> str:
        return f"{noun.ru} из {morphology.inflect(material.ru, 'gent')}"

    def color_mark(self, color: Entry, noun: Entry | None) -> str:
        return self.agreed(color.ru_adj, noun) if color.ru_adj and noun is not None else self.name(color)

    def tail(self, sheet: Sheet) -> str:
        parts = []
        if sheet.group == "garment" and len(sheet.materials) == 1:
            parts.append(f" из {morphology.inflect(sheet.materials[0].entry.ru, 'gent')}")
        if len(sheet.colors) == 1:
            parts.append(f", цвет — {self.name(sheet.colors[0])}")
        return "".join(parts)


class English(Wording):
    """English; entries without an English name are left out by their callers."""

    patterns = patterns_en
    also = "and"
    nothing = "Nothing is known of this item yet."

    def name(self, entry: Entry) -> str:
        return entry.en[0] if entry.en else entry.key.replace("_", " ")

    def genitive(self, entry: Entry) -> str:
        plural = {"women": "women", "men": "men", "girl": "girls", "boy": "boys"}
        return plural.get(entry.key, self.name(entry)) if entry.kind == "gender" else self.name(entry)

    def place(self, countries: Sequence[Entry]) -> str:
        return f"in {self.listing([self.name(entry) for entry in countries])}"

    def thing(self, sheet: Sheet) -> str:
        if sheet.kind is None:
            return ""
        possessive = {"women": "women's", "men": "men's", "girl": "girls'", "boy": "boys'", "children": "children's"}
        before = [possessive[e.key] for e in [*sheet.genders[:1], *sheet.ages[:1]] if e.key in possessive]
        before += [self.name(entry) for entry in sheet.seasons[:1]] if len(sheet.seasons) == 1 else []
        return " ".join([*before, self.name(sheet.kind)])

    def colored(self, color: Entry, noun: Entry) -> str:
        return f"{self.name(color)} {self.name(noun)}"

    def made_of(self, noun: Entry, material: Entry) -> str:
        return f"{self.name(material)} {self.name(noun)}"

    def color_mark(self, color: Entry, noun: Entry | None) -> str:  # noqa: ARG002  Russian needs the noun
        return self.name(color)

    def tail(self, sheet: Sheet) -> str:
        color = f" in {self.name(sheet.colors[0])}" if len(sheet.colors) == 1 else ""
        garment = sheet.group == "garment" and len(sheet.materials) == 1
        return color + (f", made of {self.name(sheet.materials[0].entry)}" if garment else "")


WORDINGS: dict[str, Wording] = {"ru": Russian(), "en": English()}
