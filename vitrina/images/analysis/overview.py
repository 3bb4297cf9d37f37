"""Pictures of a drop at a glance: what a person looks at first.

Belongs here: choosing and counting for the contact sheet, tables and plots. Stays out: drawing them, Dagster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vitrina.errors import VitrinaError
from vitrina.images.analysis.hashes import near_groups
from vitrina.images.analysis.quality import REASONS
from vitrina.images.analysis.reading import SeenPicture, seen_pictures
from vitrina.images.contact_sheet import Cell
from vitrina.objects import ObjectStore

#: Products that are looked through for the tables of one run; a drop of 50,000 would else be held in memory.
LOOKED_AT = 5_000
CELLS = 40
ROWS = 30
#: Pictures below this score stand in the table.
POOR = 0.6


@dataclass(slots=True)
class Overview:
    """What stands out among the pictures of some products.

    Attributes:
        products: With at least one analysed picture, of those looked at.
        poor: (product id, score, reasons), the worst first.
        groups: Product ids whose first pictures look alike and have the same main colour.
        colors: Russian name of the main colour → products.
        shown: (product id, picture) for the contact sheet, what stands out first.
    """

    products: int = 0
    poor: list[tuple[int, float, str]] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)
    colors: Counter[str] = field(default_factory=Counter)
    shown: list[tuple[int, SeenPicture]] = field(default_factory=list)


def overview(product_ids: Sequence[int], first: Sequence[int] = ()) -> Overview:
    """Looks through the pictures of at most :data:`LOOKED_AT` products.

    Args:
        first: Products to be shown on the contact sheet whatever their pictures' quality (conflicts).
    """
    pictures = seen_pictures(list(product_ids)[:LOOKED_AT])
    found = Overview(products=len(pictures))
    hashes: dict[str, dict[str, int]] = {}
    for product, seen in pictures.items():
        facts = seen[0].facts
        worst = min(seen, key=lambda picture: picture.facts.quality.score).facts.quality
        if worst.score < POOR:
            found.poor.append((product, worst.score, ", ".join(REASONS[name][2] for name in worst.reasons)))
        if facts.colors:
            found.colors[facts.colors[0].ru] += 1
            # Goods of one cut in several colours are photographed alike: luminance alone would join them.
            hashes.setdefault(facts.colors[0].key, {})[str(product)] = facts.phash
    found.poor.sort(key=lambda row: (row[1], row[0]))
    alike = [group for names in hashes.values() for group in near_groups(names)]
    found.groups = sorted(([int(name) for name in group] for group in alike), key=lambda group: (-len(group), group))
    found.shown = _chosen(pictures, first, [row[0] for row in found.poor])
    del found.poor[ROWS:]
    return found


def cells(shown: Sequence[tuple[int, SeenPicture]], store: ObjectStore, marked: Sequence[int] = ()) -> list[Cell]:
    """The chosen pictures with their thumbnails; one that the store does not give is an empty frame."""
    made = []
    for product, picture in shown:
        try:
            data: bytes | None = store.get(picture.thumb_key)
        except VitrinaError:
            data = None
        swatches = [(color.hex, color.share) for color in picture.facts.colors]
        made.append(Cell(data, swatches, product in marked))
    return made


def _chosen(
    pictures: Mapping[int, Sequence[SeenPicture]], first: Sequence[int], poor: Sequence[int]
) -> list[tuple[int, SeenPicture]]:
    """Conflicts, then the poorest, then an even sample of the rest; at most :data:`CELLS`."""
    order = dict.fromkeys([*(pk for pk in first if pk in pictures), *poor[: CELLS // 4]])
    rest = [pk for pk in pictures if pk not in order]
    room = CELLS - len(order)
    if room > 0 and rest:
        step = max(1.0, len(rest) / room)
        order.update(dict.fromkeys(rest[int(place * step)] for place in range(min(room, len(rest)))))
    return [(pk, pictures[pk][0]) for pk in list(order)[:CELLS]]
