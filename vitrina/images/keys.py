"""Where the bytes of pictures lie in the object store, and how the world reaches them.

Belongs here: the four prefixes, keys made from hashes, public addresses. Pure. The recipe is part of a derivative's
key: what is cached for a year under an address must never change.
"""

from __future__ import annotations

from typing import Final

from vitrina.images.recipe import RECIPE

ORIGINALS: Final = "products/original/"
PROCESSED: Final = "products/processed/"
THUMBS: Final = "products/thumbs/"
#: What processing needs for a while; cleaned after IMAGE_TEMP_KEEP_DAYS.
TEMP: Final = "temp/ai_processing/"
CACHE_CONTROL: Final = "max-age=31536000"
_SUFFIXES = {"jpeg": "jpg"}


def original_key(sha256: str, kind: str) -> str:
    """Of the bytes as they came; ``kind`` is the format's name."""
    return f"{ORIGINALS}{sha256[:2]}/{sha256}.{_SUFFIXES.get(kind, kind)}"


def jpeg_key(sha256: str, recipe: str = RECIPE) -> str:
    """Of the processed JPEG."""
    return f"{PROCESSED}{sha256[:2]}/{sha256}-r{recipe}.jpg"


def webp_key(sha256: str, recipe: str = RECIPE) -> str:
    """Of the same as WebP."""
    return f"{PROCESSED}{sha256[:2]}/{sha256}-r{recipe}.webp"


def thumb_key(sha256: str, recipe: str = RECIPE) -> str:
    """Of the thumbnail."""
    return f"{THUMBS}{sha256[:2]}/{sha256}-r{recipe}.jpg"


def public_url(key: str, cdn_prefix: str | None) -> str | None:
    """The address of an object for the world; ``None`` where objects are not public."""
    return f"{cdn_prefix}{key}" if cdn_prefix and key else None
