"""Objects below the prefixes of pictures that nothing names: older recipes and names, what a kill left before its row.

Belongs here: finding and deleting them. Stays out: pictures that nobody shows (``cleaning``). What is named by a row,
by a publication, or by an address in a feed is never deleted; nor is what does not bear a name of our making.

An object goes when it was nobody's for IMAGE_KEEP_DAYS, counted from when a pass first found it so: shops and caches
may show an address for a while after we no longer name it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import connection
from django.db.models import QuerySet

from vitrina.config import Settings
from vitrina.images.addresses import BadAddress, parse
from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.background.models import BackgroundRequest
from vitrina.images.keys import CUTOUTS, ORIGINALS, PROCESSED, THUMBS
from vitrina.images.models import LEAVING, Picture, PictureUrl, StrayObject
from vitrina.images.running import rules_of
from vitrina.objects import ObjectInfo, ObjectStore
from vitrina.warehouse import copy_upsert

_LOG = logging.getLogger(__name__)

#: Names that we give or gave; whatever else lies there is not ours to delete.
_OURS = re.compile(r"products/(?:original|processed|thumbs|cutouts)/([0-9a-f]{2})/\1[0-9a-f]{62}[\w.-]*")
_GROUP = 5_000
_DELETED_AT_ONCE = 500
#: Where more of the originals are nobody's, the database is not that of this store: nothing is deleted.
_MOST_STRAYS, _FEW = 0.5, 100
_PUBLISHED = """
SELECT DISTINCT t.value FROM catalog_publication b CROSS JOIN jsonb_array_elements(b.pictures) e
CROSS JOIN jsonb_each_text(e) t WHERE t.value = ANY(%s)
"""


@dataclass(slots=True)
class Strays:
    """Counts of one pass: objects that nothing names, and those that were deleted."""

    found: int = 0
    deleted: int = 0


def remove_strays(store: ObjectStore, settings: Settings, now: datetime, before: datetime) -> Strays:
    """Write down what nothing names, and delete what was found so before ``before``."""
    result = Strays()
    ours = lost = 0
    for prefix in (ORIGINALS, PROCESSED, THUMBS, CUTOUTS):
        for group in _groups(store.list(prefix.rstrip("/"))):
            strays = _noted(group, settings, now)
            result.found += strays
            if prefix == ORIGINALS:
                ours, lost = ours + len(group), lost + strays
    if ours >= _FEW and lost > _MOST_STRAYS * ours:
        _LOG.warning(
            "%d of %d originals in %s are nobody's: is this database that of another store? Nothing was deleted.",
            lost, ours, store.describe(),
        )  # fmt: skip
        return result
    due = list(StrayObject.objects.filter(found_at__lt=before).values_list("key", flat=True))
    for start in range(0, len(due), _DELETED_AT_ONCE):
        result.deleted += _delete(due[start : start + _DELETED_AT_ONCE], store, settings)
    return result


def named(keys: set[str], settings: Settings) -> set[str]:
    """Those of the keys that a row, a publication or an address in a feed names."""
    found: set[str] = set()
    columns: list[tuple[QuerySet[Picture] | QuerySet[PictureAnalysis] | QuerySet[BackgroundRequest], str]] = [
        *((Picture.objects.all(), name) for name in ("original_key", "jpeg_key", "webp_key", "thumb_key")),
        (PictureAnalysis.objects.all(), "cutout_key"),
        (BackgroundRequest.objects.all(), "result_key"),
    ]
    for rows, column in columns:
        if left := list(keys - found):
            found |= set(rows.filter(**{f"{column}__in": left}).values_list(column, flat=True))
    if left := list(keys - found):
        with connection.cursor() as cursor:
            cursor.execute(_PUBLISHED, [left])
            found |= {row[0] for row in cursor.fetchall()}
    if settings.cdn_prefix and keys - found:
        digests = {}
        for key in keys - found:
            try:
                digests[parse(f"{settings.cdn_prefix}{key}", rules_of(settings)).digest] = key
            except BadAddress:  # a prefix that no feed can name
                continue
        rows_of = PictureUrl.objects.filter(digest__in=list(digests)).values_list("digest", flat=True)
        found |= {digests[digest] for digest in rows_of}
    return found


def _noted(group: list[ObjectInfo], settings: Settings, now: datetime) -> int:
    """Brings the table up to date for some objects; how many of them nothing names."""
    keys = {info.key for info in group}
    kept = named(keys, settings)
    StrayObject.objects.filter(key__in=list(kept)).delete()
    strays = keys - kept
    copy_upsert(StrayObject, ("key", "found_at"), [(key, now) for key in sorted(strays)], key=("key",), compare=())
    # What was put again since it was found is new: its row may be about to be written.
    times = dict(StrayObject.objects.filter(key__in=list(strays)).values_list("key", "found_at"))
    fresh = [info.key for info in group if info.modified > times.get(info.key, info.modified)]
    StrayObject.objects.filter(key__in=fresh).update(found_at=now)
    return len(strays)


def _delete(keys: list[str], store: ObjectStore, settings: Settings) -> int:
    """Objects before rows: a pass that is killed in between finds the rows again."""
    kept = named(set(keys), settings)
    gone = [key for key in keys if key not in kept]
    for key in gone:
        store.delete(key)
    StrayObject.objects.filter(key__in=keys).delete()
    # A run that put one of them in this very moment finds its picture wanting, and makes it anew from its address.
    for column in ("original_key", "jpeg_key", "webp_key", "thumb_key"):
        Picture.objects.filter(**{f"{column}__in": gone}).update(recipe=LEAVING)
    return len(gone)


def _groups(listed: Iterator[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    ours = (info for info in listed if _OURS.fullmatch(info.key))
    while group := list(islice(ours, _GROUP)):
        yield group
