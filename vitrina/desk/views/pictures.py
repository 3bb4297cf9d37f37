"""Pictures of products, from the object store through the desk: its pages may show files of their own address only.

Belongs here: the bytes of a stored picture. Stays out: which product shows which picture (``vitrina.images``).
"""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access
from vitrina.config import get_settings
from vitrina.desk.asked import plain
from vitrina.errors import VitrinaError
from vitrina.images.models import Picture
from vitrina.objects import open_store

_log = logging.getLogger(__name__)
#: Name in the address → field with the object's key. Both are JPEG of our own making, never the file that came.
SIZES = {"small": "thumb_key", "large": "jpeg_key"}
_MOST_BYTES = 8_000_000


def _mark(_request: HttpRequest, sha256: str, size: str) -> str | None:
    """The recipe names what was made of the bytes, so that a new recipe is fetched anew."""
    stored = Picture.objects.filter(pk=plain(sha256), state=Picture.State.STORED)
    recipe = stored.values_list("recipe", flat=True).first() if size in SIZES else None
    return f'"{recipe}-{size}"' if recipe is not None else None


@opens_for(Access.SIGNED_IN)
@condition(etag_func=_mark)
def picture(request: HttpRequest, sha256: str, size: str) -> HttpResponse:  # noqa: ARG001
    """A picture by the hash of its original: ``small`` fits 320 pixels, ``large`` 1024."""
    field = SIZES.get(size)
    found = Picture.objects.filter(pk=plain(sha256), state=Picture.State.STORED).first()
    key = getattr(found, field) if found is not None and field is not None else ""
    if not key:
        raise Http404
    try:
        data = open_store(get_settings()).get(key, limit=_MOST_BYTES)
    except VitrinaError as error:
        _log.warning("picture %s could not be read: %s", key, error)
        raise Http404 from error
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})
