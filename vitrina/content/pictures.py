"""What moderation reads of a product's pictures.

Belongs here: from analysed pictures to conflicts with a product's facts. Stays out: the judgement
(``picture_conflicts``), the analysis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vitrina.config import Settings
from vitrina.content.facts import ProductFacts
from vitrina.content.picture_conflicts import Conflict, Shown, find_conflict
from vitrina.images.analysis.measure import PictureFacts

_GROUP = 1000
#: Of ``vitrina.images.analysis.quality``: colours of such pictures are not to be trusted.
SPOILED = frozenset({"dark", "overexposed", "blank", "blurred", "tiny"})


def conflicts_of(facts: Mapping[int, ProductFacts], settings: Settings) -> dict[int, Conflict]:
    """Product id → how its pictures contradict its facts; products without a conflict are left out.

    A product without analysed pictures has none: it is judged by its text alone.
    """
    from vitrina.images.analysis.reading import seen_pictures

    found = {}
    for product, pictures in seen_pictures(list(facts)).items():
        shown = [shown_of(picture.facts, f"{settings.cdn_prefix or ''}{picture.thumb_key}") for picture in pictures]
        conflict = find_conflict(facts[product], shown)
        if conflict is not None:
            found[product] = conflict
    return found


def conflicts_of_products(product_ids: Sequence[int], settings: Settings) -> dict[int, Conflict]:
    """The same for products as they stand in the catalogue, whether they have a text or not."""
    from vitrina.catalog.models import Product
    from vitrina.content.product_facts import product_facts

    found: dict[int, Conflict] = {}
    for start in range(0, len(product_ids), _GROUP):
        group = Product.objects.select_related("category__category").filter(
            pk__in=product_ids[start : start + _GROUP], pictures__url__state="stored"
        )
        found |= conflicts_of(product_facts(group.distinct(), {}, settings.language), settings)
    return found


def shown_of(facts: PictureFacts, thumb: str) -> Shown:
    """The part of a picture's facts that speaks of its colour."""
    return Shown(
        thumb,
        tuple((color.key, color.hex, color.share) for color in facts.colors),
        facts.separation,
        bool(SPOILED & set(facts.quality.reasons)),
    )
