"""Dominant colours of a product's picture.

Belongs here: clustering and naming. Stays out: which pixels are the product (``foreground``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vitrina.images.analysis.oklab import Floats, to_hex
from vitrina.images.analysis.palette import nearest_name

_CLUSTERS = 6
_SAMPLED = 6000
#: Clusters nearer than this are one colour with its shadows.
_MERGE = 0.06
#: Colours below this share are noise, seams and labels.
_LEAST = 0.04
MOST = 5


@dataclass(frozen=True, slots=True)
class Color:
    """A colour of the product: share of the product's pixels (0 to 1), the key of its name in the lexicon."""

    hex: str
    share: float
    key: str
    ru: str
    en: str


def dominant_colors(rgb: NDArray[np.uint8], lab: Floats, mask: NDArray[np.bool_]) -> tuple[Color, ...]:
    """At most :data:`MOST` colours, the largest first. The same picture gives the same colours.

    Args:
        rgb, lab: (height, width, 3).
        mask: True for the product; the rim of the mask is left out where enough is left, since it is mixed with the
            background.
    """
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), dtype=np.uint8)).astype(bool)
    chosen = inner if inner.sum() >= 0.5 * mask.sum() else mask
    pixels, points = rgb[chosen], lab[chosen]
    if len(points) > _SAMPLED:
        step = np.linspace(0, len(points) - 1, _SAMPLED).astype(int)
        pixels, points = pixels[step], points[step]
    count = min(_CLUSTERS, len(np.unique(points, axis=0)))
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.002)
    labels: NDArray[Any] = np.zeros(len(points), dtype=np.int32)
    if count > 1:  # a single row would be taken for a column of numbers
        samples = np.ascontiguousarray(points, dtype=np.float32)
        labels = cv2.kmeans(samples, count, np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS)[1].ravel()
    groups = _merged([np.flatnonzero(labels == number) for number in range(count)], points)
    shares: dict[str, list[tuple[float, str]]] = {}
    for group in groups:
        name = nearest_name(np.median(points[group], axis=0))
        shares.setdefault(name.key, []).append((len(group) / len(points), to_hex(np.median(pixels[group], axis=0))))
    colors = [_color(key, parts) for key, parts in shares.items()]
    colors.sort(key=lambda color: (-color.share, color.key))
    return tuple(color for color in colors if color.share >= _LEAST)[:MOST]


def _color(key: str, parts: list[tuple[float, str]]) -> Color:
    from vitrina.images.analysis.palette import BY_KEY

    name, largest = BY_KEY[key], max(parts)
    return Color(largest[1], round(sum(share for share, _ in parts), 3), key, name.ru, name.en)


def _merged(groups: list[NDArray[np.intp]], points: Floats) -> list[NDArray[np.intp]]:
    """Clusters joined while two of them are nearly one colour, the nearest pair first."""
    groups = [group for group in groups if len(group)]
    centers = [points[group].mean(axis=0) for group in groups]
    while len(groups) > 1:
        best, pair = _MERGE, (0, 0)
        for first in range(len(groups)):
            for second in range(first + 1, len(groups)):
                distance = float(np.linalg.norm(centers[first] - centers[second]))
                if distance < best:
                    best, pair = distance, (first, second)
        if best == _MERGE:
            break
        first, second = pair
        groups[first] = np.concatenate([groups[first], groups.pop(second)])
        centers.pop(second)
        centers[first] = points[groups[first]].mean(axis=0)
    return groups
