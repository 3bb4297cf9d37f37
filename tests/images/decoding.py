"""Made-up files, and how their derivatives are looked at."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from vitrina.images.codec import Derived, Refused, derive
from vitrina.images.pool import Decoded
from vitrina.images.reasons import Reason


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def near(pixel: object, colour: tuple[int, int, int], by: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= by for one, other in zip(pixel, colour, strict=True))


def refusal(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        derive(data)
    return caught.value.reason


def clean(made: Derived | Decoded) -> None:
    """Three derivatives, as they must always be."""
    for data, kind, side in ((made.jpeg, "JPEG", 1024), (made.webp, "WEBP", 1024), (made.thumb, "JPEG", 320)):
        image = opened(data)
        assert (image.format, image.mode) == (kind, "RGB")
        assert max(image.size) <= side
        assert not image.getexif()
        assert {"icc_profile", "exif", "xmp", "comment", "XML:com.adobe.xmp"}.isdisjoint(image.info)


def judged(data: bytes) -> Derived | Reason:
    try:
        return derive(data)
    except Refused as refused:
        return refused.reason
