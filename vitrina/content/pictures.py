"""What moderation reads of a product's pictures.

Belongs here: from analysed pictures to conflicts with a version's facts. Stays out: the judgement
(``picture_conflicts``), the analysis.
"""

from __future__ import annotations

from collections.abc import Iterable

from vitrina.config import Settings
from vitrina.content.facts import ProductFacts
from vitrina.content.models import ContentVersion
from vitrina.content.picture_conflicts import Shown, find_conflict
from vitrina.images.analysis.measure import PictureFacts

#: Of ``vitrina.images.analysis.quality``: colours of such pictures are not to be trusted.
SPOILED = frozenset({"dark", "overexposed", "blank", "blurred", "tiny"})


def conflicts_of(versions: Iterable[ContentVersion], settings: Settings) -> dict[int, tuple[str, ...]]:
    """Product id → lines that say how its pictures contradict its text; products without a conflict are left out.

    A product without analysed pictures has none: it is judged by its text alone.
    """
    from vitrina.images.analysis.reading import seen_pictures

    by_product = {version.product_id: version for version in versions}
    found = {}
    for product, pictures in seen_pictures(list(by_product)).items():
        shown = [shown_of(picture.facts, f"{settings.cdn_prefix or ''}{picture.thumb_key}") for picture in pictures]
        conflict = find_conflict(ProductFacts.from_dict(by_product[product].facts), shown)
        if conflict is not None:
            found[product] = conflict.details()
    return found


def shown_of(facts: PictureFacts, thumb: str) -> Shown:
    """The part of a picture's facts that speaks of its colour."""
    return Shown(
        thumb,
        tuple((color.key, color.hex, color.share) for color in facts.colors),
        facts.separation,
        bool(SPOILED & set(facts.quality.reasons)),
    )
