"""What may go: addresses and pictures that nothing names any more, and what processing left below ``temp/``.

Belongs here: choosing and deleting. Stays out: when (the job ``log_cleanup``), objects without a row (``strays``). A
picture on show stays, whatever the lists say: a publication that a gate holds back may point at what its product no
longer names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from vitrina.config import Settings
from vitrina.images.keys import TEMP
from vitrina.images.models import LEAVING, Picture, PictureUrl, ProductPicture
from vitrina.images.strays import remove_strays
from vitrina.objects import ObjectStore

_GROUP = 500
_ON_SHOW = """
SELECT DISTINCT e ->> 'jpeg' FROM catalog_publication b CROSS JOIN jsonb_array_elements(b.pictures) e
"""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What went. ``strays`` are objects that nothing named: of older recipes and names, or left by a kill."""

    addresses: int
    pictures: int
    objects: int
    temporary: int
    strays: int = 0


def clean(store: ObjectStore, settings: Settings, now: datetime) -> Cleaned:
    """Delete what has been nobody's for IMAGE_KEEP_DAYS, and what lies in ``temp/`` for IMAGE_TEMP_KEEP_DAYS."""
    before = now - timedelta(days=settings.image_keep_days)
    shown = ProductPicture.objects.filter(url=OuterRef("pk"))
    addresses, _ = PictureUrl.objects.filter(~Exists(shown), updated_at__lt=before).delete()
    pictures, objects = _pictures(store, before)
    strays = remove_strays(store, settings, now, before)
    temporary = _temporary(store, now - timedelta(days=settings.image_temp_keep_days))
    return Cleaned(addresses, pictures, objects, temporary, strays.deleted)


def _unnamed() -> QuerySet[Picture]:
    return Picture.objects.filter(~Exists(PictureUrl.objects.filter(picture=OuterRef("pk"))))


def _pictures(store: ObjectStore, before: datetime) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_ON_SHOW)
        on_show = {row[0] for row in cursor.fetchall()}
    rows = _unnamed().filter(updated_at__lt=before)
    leaving = [pk for pk, jpeg in rows.values_list("pk", "jpeg_key").iterator() if not jpeg or jpeg not in on_show]
    pictures = objects = 0
    for start in range(0, len(leaving), _GROUP):
        group = _unnamed().filter(pk__in=leaving[start : start + _GROUP])
        group.update(recipe=LEAVING)
        # Objects before rows: a run that is killed in between finds the rows again, and deletes what is left.
        for row in group.filter(recipe=LEAVING).select_related("analysis"):
            for key in (row.original_key, row.jpeg_key, row.webp_key, row.thumb_key, _cutout(row)):
                if key:
                    store.delete(key)
                    objects += 1
        pictures += group.filter(recipe=LEAVING).delete()[1].get("images.Picture", 0)
    return pictures, objects


def _cutout(picture: Picture) -> str:
    analysis = getattr(picture, "analysis", None)
    return analysis.cutout_key if analysis is not None else ""


def _temporary(store: ObjectStore, before: datetime) -> int:
    old = [info.key for info in store.list(TEMP.rstrip("/")) if info.modified < before]
    for key in old:
        store.delete(key)
    return len(old)
