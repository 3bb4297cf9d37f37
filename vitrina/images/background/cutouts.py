"""Cut-outs of products' own pictures: an optional derivative beside JPEG and WebP.

Belongs here: which pictures lack one, making it. Stays out: cutting (``remove``), requests by people (``queue``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.errors import PermanentError
from vitrina.images.analysis.analysing import batched_ids, decode, stored_pictures
from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.background.remove import SURE, png, remove_background, version
from vitrina.images.keys import CACHE_CONTROL, cutout_key
from vitrina.objects import ObjectStore


@dataclass(slots=True)
class CutoutResult:
    """Counts of one pass. An unsure cut is not kept: a shop shows the picture as it is instead."""

    made: int = 0
    unsure: int = 0
    unchanged: int = 0
    failed: int = 0


def cut_out(product_ids: Sequence[int], store: ObjectStore) -> CutoutResult:
    """Cut out every analysed picture of the products that this back end has not seen.

    Raises:
        RetryableError: the object store does not answer; what was cut stands.
    """
    result, mark = CutoutResult(), version()
    for group in batched_ids(stored_pictures(product_ids)):
        rows = list(
            PictureAnalysis.objects.filter(picture__in=group, state=PictureAnalysis.State.DONE)
            .exclude(cutout_mark=mark)
            .select_related("picture")
        )
        result.unchanged += len(group) - len(rows)
        for row in rows:
            _cut(row, store, mark, result)
    return result


def _cut(row: PictureAnalysis, store: ObjectStore, mark: str, result: CutoutResult) -> None:
    key, confidence = "", 0.0
    try:
        removed = remove_background(decode(store.get(row.picture.jpeg_key)))
    except (PermanentError, ValueError):
        result.failed += 1
        return
    confidence = removed.confidence
    if confidence >= SURE:
        key = cutout_key(row.picture_id, mark)
        store.put(key, png(removed.rgba), content_type="image/png", cache_control=CACHE_CONTROL)
        result.made += 1
    else:
        result.unsure += 1
    PictureAnalysis.objects.filter(pk=row.pk).update(cutout_key=key, cutout_mark=mark, cutout_confidence=confidence)
