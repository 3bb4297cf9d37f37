"""Made-up products, drawn from a seed.

Belongs here: which product has which attributes, and how two sources write it: one in Russian, one in Turkish. Stays
out: files (``drops``), words (``vocabulary``). The same seed and number give the same product, whatever else is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulation.vocabulary import BRANDS, GLOSSARY, KINDS, LABELS, PUFF, SIZES, Kind, Value

RU, TR = 0, 1
#: Share of goods that come from the Turkish source.
TURKISH = 0.2
#: Share of attributes that a source leaves out.
MISSING = 0.1


@dataclass(frozen=True, slots=True)
class MadeProduct:
    """One product as its source has it.

    Attributes:
        language: :data:`RU` or :data:`TR`, index into pairs of :mod:`simulation.vocabulary`.
        attributes: Label → value, noise included.
    """

    number: int
    language: int
    title: str
    brand: str
    category: str
    price: int
    description: str
    attributes: dict[str, str]

    @property
    def external_id(self) -> str:
        """Unlike that of any other product of its source."""
        return f"{'TR' if self.language == TR else 'RU'}-{self.number:05d}"


def make_products(seed: int, count: int, *, first: int = 0) -> Iterator[MadeProduct]:
    """Products number ``first`` to ``first + count - 1`` of a seed."""
    for number in range(first, first + count):
        yield make_product(seed, number)


def make_product(seed: int, number: int) -> MadeProduct:
    """One product."""
    draw = random.Random(f"product/{seed}/{number}")  # noqa: S311 - believable, not secret
    kind = draw.choice(KINDS)
    language = TR if draw.random() < TURKISH else RU
    chosen = {name: _values(draw, name) for name in kind.attributes}
    brand = draw.choice(BRANDS)
    attributes = _attributes(draw, kind, chosen, language)
    return MadeProduct(
        number=number,
        language=language,
        title=_title(draw, kind, chosen, brand, language),
        brand=brand,
        category=kind.category[language],
        price=draw.randrange(190, 6000, 10),
        description=_description(draw, chosen, language),
        attributes=attributes,
    )


def _values(draw: random.Random, name: str) -> list[Value]:
    """One value, or two to four where a product has several."""
    known = GLOSSARY[name]
    most = {"ingredient": 4, "material": 2, "without": 2, "skin": 2}.get(name, 1)
    return draw.sample(known, draw.randint(1, most))


def _attributes(draw: random.Random, kind: Kind, chosen: dict[str, list[Value]], language: int) -> dict[str, str]:
    said = {LABELS[name][language]: _joined(draw, name, values, language) for name, values in chosen.items()}
    if kind.amounts:
        amount = draw.choice(kind.amounts)
        said[LABELS["amount"][language]] = amount if language == RU else amount.replace("мл", "ml")
    else:
        said[LABELS["sizes"][language]] = draw.choice(SIZES)
    said[LABELS["country"][language]] = ("Турция", "Türkiye")[language]
    kept = {label: value for label, value in said.items() if draw.random() >= MISSING}
    return {label: _noisy(draw, value) for label, value in draw.sample(sorted(kept.items()), len(kept))}


def _joined(draw: random.Random, name: str, values: Sequence[Value], language: int) -> str:
    words = [value.tr if language == TR else value.ru for value in values]
    if name != "material":
        return ", ".join(words)
    shares = [100] if len(words) == 1 else [(main := draw.randrange(50, 100, 5)), 100 - main]
    if language == TR:
        return " ".join(f"%{share} {word}" for word, share in zip(words, shares, strict=True))
    forms = ("{word} {share}%", "{share}% {word}", "{word} {share} %")
    form = draw.choice(forms)
    return ", ".join(form.format(word=word, share=share) for word, share in zip(words, shares, strict=True))


def _noisy(draw: random.Random, value: str) -> str:
    """As values come: capitals, spaces; never another meaning."""
    kind = draw.random()
    if kind < 0.1:
        return value.upper() if value.isascii() or ("ı" not in value and "i" not in value) else value
    if kind < 0.3:
        return value[:1].upper() + value[1:]
    return f" {value} " if kind < 0.4 else value


def _title(draw: random.Random, kind: Kind, chosen: dict[str, list[Value]], brand: str, language: int) -> str:
    words = [kind.tr if language == TR else kind.ru]
    if draw.random() < 0.5:
        words.insert(0 if language == TR else len(words), brand)
    if draw.random() < 0.35:
        name = draw.choice(sorted(chosen))
        if name in ("material", "color", "ingredient", "pattern"):
            value = chosen[name][0]
            words.append(value.tr if language == TR else value.ru)
    return " ".join(words)


def _description(draw: random.Random, chosen: dict[str, list[Value]], language: int) -> str:
    """Half of the sellers write something, most of it praise."""
    if draw.random() < 0.5:
        return ""
    said = [draw.choice(PUFF)[language]]
    if draw.random() < 0.5:
        name = draw.choice(sorted(chosen))
        value = chosen[name][0]
        said.append(f"{LABELS[name][language]}: {value.tr if language == TR else value.ru}.")
    return " ".join(said)
