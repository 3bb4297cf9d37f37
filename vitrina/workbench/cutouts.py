"""Pictures handed in at the desk to have their background taken off.

Belongs here: looking at a file in a process of its own before it is queued, and the small copies that pages show. Stays
out: the queue (``vitrina.images.background``), pages. The bytes as they came are never shown to a browser.
"""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

from django.utils.translation import gettext as _

from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.images.background.models import BackgroundRequest
from vitrina.images.background.queue import MAX_BYTES, MAX_PIXELS, SOURCES, submit
from vitrina.images.models import Picture
from vitrina.images.pool import Decoded, DecodePool
from vitrina.images.reasons import Reason
from vitrina.objects import ObjectMissing, ObjectStore

__all__ = ["MAX_BYTES", "MAX_PIXELS", "hand_in", "hand_in_stored", "original", "preview_key", "result"]
_TAKEN = {"jpeg", "png", "webp"}
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_SHOWN = 60_000_000


class NotTaken(PermanentError):
    """The file is no picture that is taken; the message is for the person who gave it, in their language."""


def hand_in(data: bytes, name: str, store: ObjectStore, settings: Settings, *, request_id: UUID) -> UUID:
    """Queue a picture, looked at first. The same id again is the same request.

    Raises:
        NotTaken: No picture, damaged, too large, or made to harm.
        VitrinaError: The object store does not answer.
    """
    if not data or len(data) > MAX_BYTES:
        raise NotTaken(_("The file is empty or larger than %(mb)d MB.") % {"mb": MAX_BYTES // 1_000_000})
    decoded = _decoded(data, settings)
    if decoded.reason is not None:
        raise NotTaken(_why(decoded.reason))
    if decoded.format not in _TAKEN:
        raise NotTaken(_("This is %(format)s; JPEG, PNG and WebP are taken.") % {"format": decoded.format.upper()})
    store.put(preview_key(hashlib.sha256(data).hexdigest()), decoded.jpeg, content_type="image/jpeg")
    return submit(data, store, name=name, request_id=request_id)


def hand_in_stored(picture: Picture, name: str, store: ObjectStore, settings: Settings, *, request_id: UUID) -> UUID:
    """The same for a picture of a product.

    Raises:
        NotTaken: Its original is not there any more, or of a kind that is not taken.
    """
    try:
        data = store.get(picture.original_key, limit=MAX_BYTES)
    except ObjectMissing as error:
        raise NotTaken(_("The original of this picture is not there any more.")) from error
    return hand_in(data, name, store, settings, request_id=request_id)


def original(request: BackgroundRequest, store: ObjectStore) -> bytes | None:
    """A JPEG of our own making of what was handed in; kept for some days."""
    return _read(preview_key(request.sha256), store, b"\xff\xd8\xff")


def result(request: BackgroundRequest, store: ObjectStore) -> bytes | None:
    """The PNG without background."""
    return _read(request.result_key, store, _PNG) if request.result_key else None


def _read(key: str, store: ObjectStore, begins: bytes) -> bytes | None:
    try:
        data = store.get(key, limit=_MOST_SHOWN)
    except VitrinaError:
        return None
    return data if data.startswith(begins) else None


def preview_key(sha256: str) -> str:
    """Where the JPEG of :func:`original` lies, by the hash of what was handed in."""
    return f"{SOURCES}{sha256}-shown.jpg"


def _decoded(data: bytes, settings: Settings) -> Decoded:
    """In a process with limits of memory, time and files, without our environment."""

    async def decode() -> Decoded:
        memory, seconds = settings.image_decode_memory_mb, settings.image_decode_seconds
        async with DecodePool(1, memory_mb=memory, seconds=seconds) as pool:
            return await pool.decode(data)

    return asyncio.run(decode())


def _why(reason: Reason) -> str:
    words = {
        Reason.NOT_AN_IMAGE: _("The file is no picture, whatever its name says."),
        Reason.EMPTY: _("The file is empty."),
        Reason.FORMAT_NOT_TAKEN: _("This kind of picture is not taken; JPEG, PNG and WebP are."),
        Reason.BOMB: _("The picture has too many pixels, or unpacks to too much."),
        Reason.TRUNCATED: _("The picture is cut off: its end is missing."),
        Reason.DAMAGED: _("The picture is damaged."),
        Reason.DECODE_TOO_LONG: _("Decoding the picture took too long."),
        Reason.DECODE_TOO_MUCH_MEMORY: _("Decoding the picture takes too much memory."),
        Reason.DECODER_CRASHED: _("The picture makes the decoder crash."),
    }
    return words.get(reason, _("The picture cannot be read (%(reason)s).") % {"reason": reason.value})
