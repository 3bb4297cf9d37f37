"""What is known of the pictures of products, for those who use it.

Belongs here: reading tables into plain records. Stays out: analysing, judging.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.images.analysis.measure import ANALYSER_VERSION, PictureFacts
from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.models import Picture, ProductPicture


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """One analysed picture of a product, in the feed's order.

    Attributes:
        sha256, thumb_key, jpeg_key: Of the stored picture.
        facts: Measured.
        vision: The model's opinion (CAT-3), empty without one.
        merged: Both, joined.
    """

    sha256: str
    thumb_key: str
    jpeg_key: str
    facts: PictureFacts
    vision: dict[str, Any]
    merged: dict[str, Any]


def seen_pictures(product_ids: Sequence[int], *, most: int | None = None) -> dict[int, list[SeenPicture]]:
    """Product id → its analysed pictures, each once, the first ``most`` of them. Products without any are left out."""
    rows = (
        ProductPicture.objects.filter(
            product__in=list(product_ids),
            url__state="stored",
            url__picture__state=Picture.State.STORED,
            url__picture__analysis__state=PictureAnalysis.State.DONE,
            url__picture__analysis__analyser=ANALYSER_VERSION,
        )
        .select_related("url__picture__analysis")
        .order_by("product_id", "position")
    )
    found: dict[int, dict[str, SeenPicture]] = defaultdict(dict)
    for row in rows:
        picture = row.url.picture
        mine = found[row.product_id]
        if picture is None or picture.pk in mine or (most is not None and len(mine) >= most):
            continue
        analysis = picture.analysis
        mine[picture.pk] = SeenPicture(
            picture.pk,
            picture.thumb_key,
            picture.jpeg_key,
            PictureFacts.from_dict(analysis.facts),
            analysis.vision,
            analysis.merged,
        )
    return {product: list(pictures.values()) for product, pictures in found.items()}
