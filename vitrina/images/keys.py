"""Where the bytes of pictures lie in the object store, and how the world reaches them.

Belongs here: the prefixes, keys made from hashes, public addresses. Pure. The recipe is part of a derivative's key:
what is cached for a year under an address must never change. An original may tell where it was taken and by whom, so it
is never public: nothing public bears its hash, from which its own key could be made.
"""

from __future__ import annotations

import hashlib
from typing import Final

from vitrina.images.recipe import RECIPE

ORIGINALS: Final = "products/original/"
PROCESSED: Final = "products/processed/"
THUMBS: Final = "products/thumbs/"
CUTOUTS: Final = "products/cutouts/"
#: What the world may read: made by us, without metadata.
PUBLIC: Final = (PROCESSED, THUMBS, CUTOUTS)
#: What processing needs for a while; cleaned after IMAGE_TEMP_KEEP_DAYS.
TEMP: Final = "temp/ai_processing/"
CACHE_CONTROL: Final = "max-age=31536000"
#: Of originals: no cache that others share keeps one.
PRIVATE_CACHE_CONTROL: Final = f"private, {CACHE_CONTROL}"
_SUFFIXES = {"jpeg": "jpg"}


def shown_name(sha256: str) -> str:
    """The name that what is made of a file bears: a hash of its hash, which does not lead back to the file."""
    return hashlib.sha256(f"shown:{sha256}".encode()).hexdigest()


def original_key(sha256: str, kind: str) -> str:
    """Of the bytes as they came; ``kind`` is the format's name."""
    return f"{ORIGINALS}{sha256[:2]}/{sha256}.{_SUFFIXES.get(kind, kind)}"


def jpeg_key(sha256: str, recipe: str = RECIPE) -> str:
    """Of the processed JPEG."""
    return _made(PROCESSED, sha256, f"-r{recipe}.jpg")


def webp_key(sha256: str, recipe: str = RECIPE) -> str:
    """Of the same as WebP."""
    return _made(PROCESSED, sha256, f"-r{recipe}.webp")


def thumb_key(sha256: str, recipe: str = RECIPE) -> str:
    """Of the thumbnail."""
    return _made(THUMBS, sha256, f"-r{recipe}.jpg")


def cutout_key(sha256: str, mark: str) -> str:
    """Of the PNG without background; ``mark`` names what cut it."""
    return _made(CUTOUTS, sha256, f"-{mark}.png")


def public_url(key: str, cdn_prefix: str | None) -> str | None:
    """The address of an object for the world; ``None`` where objects are not public, and for all but :data:`PUBLIC`."""
    return f"{cdn_prefix}{key}" if cdn_prefix and key.startswith(PUBLIC) else None


def _made(prefix: str, sha256: str, ending: str) -> str:
    name = shown_name(sha256)
    return f"{prefix}{name[:2]}/{name}{ending}"
