"""Which pixels of a small picture are the product, and what lies behind it.

Belongs here: the border's colours, uniformity, a rough mask. Stays out: cutting pictures out for show
(``vitrina.images.background``), which takes its time.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vitrina.images.analysis.oklab import Floats, to_hex

#: Share of the shorter side that counts as border.
BORDER = 0.05
#: OKLab distance within which pixels count as the background's own: JPEG noise and soft light on paper.
_NEAR = 0.045
#: Share of the border within that distance for a background that is one colour.
_UNIFORM = 0.8
#: GrabCut rounds on a small picture; 14 ms each call at 96 px, and further rounds moved under 1 % of the pixels.
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Background:
    """What the border of a picture looks like.

    Attributes:
        hex: Its median colour.
        uniformity: Share of the border's pixels that are close to that colour, 0 to 1.
        uniform: The background is one colour.
        share: Of all pixels that count as background.
    """

    hex: str
    uniformity: float
    uniform: bool
    share: float


def separate(rgb: NDArray[np.uint8], lab: Floats) -> tuple[NDArray[np.bool_], Background, float]:
    """Product and background of a small picture (some 100 pixels wide).

    Args:
        rgb: (height, width, 3).
        lab: The same in OKLab.

    Returns:
        Mask of the product (never empty), the background, and how far the two can be told apart, 0 to 1.
    """
    border = border_mask(rgb.shape[0], rgb.shape[1])
    edge = lab[border]
    middle = np.median(edge, axis=0)
    near = ((lab - middle) ** 2).sum(axis=2) < _NEAR**2
    uniformity = float(near[border].mean())
    uniform = uniformity >= _UNIFORM
    mask = _flooded(near, border) if uniform else _cut(rgb, border)
    if not 0.01 <= mask.mean() <= 0.97:  # nothing stands out: the picture is its product
        mask = np.ones(mask.shape, dtype=bool)
    color = to_hex(np.median(rgb[border & near] if near[border].any() else rgb[border], axis=0))
    background = Background(color, round(uniformity, 3), uniform, round(float(1 - mask.mean()), 3))
    return mask, background, _separation(mask, border, uniform)


def border_mask(height: int, width: int) -> NDArray[np.bool_]:
    """True for pixels of the frame that is :data:`BORDER` wide."""
    wide = max(1, round(min(height, width) * BORDER))
    mask = np.ones((height, width), dtype=bool)
    mask[wide:-wide, wide:-wide] = False
    return mask


def _flooded(near: NDArray[np.bool_], border: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is not background that hangs together with the border: a white print on a shirt stays with the shirt."""
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    outside = np.unique(labels[border & near])
    mask = ~np.isin(labels, outside[outside > 0])
    kernel = np.ones((3, 3), dtype=np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel).astype(bool)


def _cut(rgb: NDArray[np.uint8], border: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """GrabCut from the border inwards."""
    marks = np.where(border, cv2.GC_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    cv2.setRNGSeed(1)
    whole = (0, 0, rgb.shape[1], rgb.shape[0])  # not read in this mode
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(np.ascontiguousarray(rgb), marks, whole, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # too few pixels or one colour only
        return np.zeros(border.shape, dtype=bool)
    return (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)


def _separation(mask: NDArray[np.bool_], border: NDArray[np.bool_], uniform: bool) -> float:
    """Trust in the mask: a product that stands free in the middle is trusted, one that runs over the edge is less."""
    if mask.all():
        return 0.0
    rows, columns = np.nonzero(mask)
    off = float(np.hypot(rows.mean() / mask.shape[0] - 0.5, columns.mean() / mask.shape[1] - 0.5))
    touching = float(mask[border].mean())
    size = min(1.0, float(mask.mean()) / 0.1)
    return round(max(0.0, (1.0 if uniform else 0.75) * size * (1 - min(1.0, 3 * off)) * (1 - min(1.0, touching))), 3)
