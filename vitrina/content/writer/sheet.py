"""What the writer knows of a product, said in the target language: the step between facts and sentences.

Belongs here: plain records. Stays out: finding facts (``reading``) and wording (``russian``, ``english``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vitrina.lexicon import Entry


@dataclass(slots=True, frozen=True)
class Share:
    """A material and its share: ``percent`` is the number as written (``"95"``) or ``None``."""

    entry: Entry
    percent: str | None = None


@dataclass(slots=True, frozen=True)
class Spec:
    """A characteristic that is said as a label and a value: ``Длина``, ``95 см``."""

    label: str
    value: str


@dataclass(slots=True, frozen=True)
class Quantity:
    """How much there is: the unit's dimension (``volume``, ``mass``, ``count``, …) and the text, ``200 мл``."""

    dimension: str
    text: str


@dataclass(slots=True)
class Sheet:
    """Everything that may be said, each thing once.

    Attributes:
        name: The source's title when it is in the target language, cleaned; else ``None``.
        kind: What it is (a lexicon entry of a garment or of pharmacy and cosmetics goods).
        category: The last name of the category path.
        material_text: The composition as the source has it, when that is in the target language.
        without: Things that the facts say are absent.
        specs: What has no sentence of its own.
        source: Whole clean sentences of the shop's own text.
        care, size_notes, usage: Sentences that are facts of the category.
    """

    product_id: int
    language: str
    group: str = "goods"
    name: str | None = None
    kind: Entry | None = None
    brand: str | None = None
    category: str | None = None
    category_path: tuple[str, ...] = ()
    genders: list[Entry] = field(default_factory=list)
    ages: list[Entry] = field(default_factory=list)
    seasons: list[Entry] = field(default_factory=list)
    colors: list[Entry] = field(default_factory=list)
    materials: list[Share] = field(default_factory=list)
    material_text: str | None = None
    countries: list[Entry] = field(default_factory=list)
    patterns: list[Entry] = field(default_factory=list)
    closures: list[Entry] = field(default_factory=list)
    sleeves: list[Entry] = field(default_factory=list)
    necklines: list[Entry] = field(default_factory=list)
    fits: list[Entry] = field(default_factory=list)
    skins: list[Entry] = field(default_factory=list)
    ingredients: list[Entry] = field(default_factory=list)
    without: list[Entry] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    sizes: str | None = None
    specs: list[Spec] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    care: list[str] = field(default_factory=list)
    size_notes: list[str] = field(default_factory=list)
    usage: list[str] = field(default_factory=list)
