"""How good a picture is as a shop's picture: measures, a score, and the reasons when it is low.

Belongs here: sharpness, exposure, size. Stays out: watermarks, which cannot be told from prints without a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

#: Sharpness is measured at this size, so that a large picture is not sharper by its size alone.
_SIZE = 512


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of one picture.

    Attributes:
        score: 0 to 1.
        reasons: Names of what lowers the score, of :data:`REASONS`.
        sharpness: Variance of the Laplacian of luminance (0 to 255) at 512 px.
        brightness: Mean luminance of the product, 0 to 1.
        contrast: Standard deviation of luminance of the whole picture, 0 to 1.
        dark_clipped, light_clipped: Shares of the product's pixels at the ends of the scale.
    """

    score: float
    reasons: tuple[str, ...]
    sharpness: float
    brightness: float
    contrast: float
    dark_clipped: float
    light_clipped: float


#: name → what it takes from the score, and its words. Too small weighs most: nothing mends it.
REASONS: dict[str, tuple[float, str, str]] = {
    "tiny": (0.5, "слишком маленькое", "far too small"),
    "small": (0.25, "маленькое", "small"),
    "blurred": (0.4, "размыто", "blurred"),
    "soft": (0.15, "нерезкое", "soft"),
    "dark": (0.3, "тёмное", "dark"),
    "overexposed": (0.3, "пересвечено", "overexposed"),
    "flat": (0.2, "почти без контраста", "almost without contrast"),
    "blank": (0.9, "пустое", "blank"),
    "cluttered": (0.1, "пёстрый фон", "cluttered background"),
}
TINY, SMALL = 160, 400
_BLURRED, _SOFT = 12.0, 35.0


def measure(rgb: NDArray[np.uint8], mask: NDArray[np.bool_], *, width: int, height: int, uniformity: float) -> Quality:
    """Measures of a picture.

    Args:
        rgb: The processed picture.
        mask: The product, on a smaller copy; any size.
        width, height: Of the original, in pixels: a thumbnail that was made larger is still a thumbnail.
        uniformity: Of the background, 0 to 1.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    scale = _SIZE / max(grey.shape)
    if scale < 1:
        shape = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
        grey = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    product = cv2.resize(mask.astype(np.uint8), (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST) > 0
    values = grey[product] if product.any() else grey.ravel()
    brightness, contrast = float(values.mean()) / 255, float(grey.std()) / 255
    dark, light = float((values <= 4).mean()), float((values >= 251).mean())
    reasons = []
    side = min(width, height)
    if side < SMALL:
        reasons.append("tiny" if side < TINY else "small")
    if contrast < 0.004:
        reasons.append("blank")
    else:
        if sharpness < _SOFT:
            reasons.append("blurred" if sharpness < _BLURRED else "soft")
        if contrast < 0.04:
            reasons.append("flat")
        if brightness < 0.12 and contrast < 0.15:
            reasons.append("dark")
        if light > 0.5 and brightness > 0.93:
            reasons.append("overexposed")
        if uniformity < 0.3:
            reasons.append("cluttered")
    score = max(0.0, 1.0 - sum(REASONS[name][0] for name in reasons))
    return Quality(
        round(score, 2), tuple(reasons), round(sharpness, 1), round(brightness, 3), round(contrast, 3),
        round(dark, 3), round(light, 3),
    )  # fmt: skip
