"""The derivatives' recipe: figures and version. No Pillow here, so that keys and queries can name the version."""

from __future__ import annotations

from typing import Final

#: A new version makes every derivative again, under new keys. Raise it when a figure below changes, or the way of
#: decoding, or that of making keys.
RECIPE: Final = "2"
SHOWN_SIDE: Final = 1024
THUMB_SIDE: Final = 320
JPEG_QUALITY: Final = 85
WEBP_QUALITY: Final = 82
#: 4 is libwebp's own default; 6 costs twice the time for 2 % fewer bytes.
WEBP_METHOD: Final = 4
THUMB_QUALITY: Final = 82
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 12_000
