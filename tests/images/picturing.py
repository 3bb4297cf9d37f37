"""Stored pictures of products for tests, straight into the tables and the store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray

from vitrina.objects import ObjectStore

Pixels = NDArray[np.uint8]


def shirt(color: tuple[int, int, int], background: tuple[int, int, int] = (255, 255, 255), size: int = 600) -> Pixels:
    """A plain T-shirt in the middle, with folds so that it is not blank."""
    rgb = np.full((size, size, 3), background, dtype=np.uint8)
    points = np.array([(150, 160), (240, 120), (360, 120), (450, 160), (500, 260), (430, 290), (420, 500), (180, 500),
                       (170, 290), (100, 260)]) * size // 600  # fmt: skip
    cv2.fillPoly(rgb, [points.astype(np.int32)], color)
    for place in range(200, 420, 40):
        x = place * size // 600
        cv2.line(rgb, (x, size // 3), (x, size * 4 // 5), tuple(max(0, c - 12) for c in color), 2)
    return rgb


def jpeg(rgb: Pixels, quality: int = 85) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()


def show(product: Any, store: ObjectStore, pictures: Sequence[bytes]) -> list[str]:
    """Let a product show pictures, as ``product_images`` leaves them; returns their hashes."""
    from vitrina.images.models import Picture, PictureUrl, ProductPicture

    hashes = []
    for position, data in enumerate(pictures):
        sha = hashlib.sha256(data).hexdigest()
        store.put(f"products/processed/{sha}.jpg", data)
        store.put(f"products/thumbs/{sha}.jpg", data)
        Picture.objects.get_or_create(
            sha256=sha,
            defaults={
                "state": "stored", "format": "jpeg", "size": len(data), "width": 600, "height": 600,
                "jpeg_key": f"products/processed/{sha}.jpg", "thumb_key": f"products/thumbs/{sha}.jpg",
            },
        )  # fmt: skip
        url = f"https://shop.example/{sha}.jpg"
        digest = UUID(bytes=hashlib.sha256(url.encode()).digest()[:16])
        address, _ = PictureUrl.objects.get_or_create(
            digest=digest, defaults={"url": url, "host": "shop.example:443", "state": "stored", "picture_id": sha}
        )
        ProductPicture.objects.update_or_create(product=product, position=position, defaults={"url": address})
        hashes.append(sha)
    return hashes


def decoded(data: bytes) -> Pixels:
    rgb = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    assert rgb is not None
    return np.asarray(rgb, dtype=np.uint8)
