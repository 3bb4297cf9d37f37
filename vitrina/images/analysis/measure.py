"""The local analysis of one picture: everything that can be measured without a model.

Belongs here: the order of the measures, the record, its version. Stays out: each measure (its own module), reading
files, tables. Pure and deterministic: the same pixels give the same facts on every machine.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vitrina.images.analysis.colours import Color, dominant_colors
from vitrina.images.analysis.foreground import Background, separate
from vitrina.images.analysis.hashes import perceptual_hash
from vitrina.images.analysis.oklab import from_rgb
from vitrina.images.analysis.quality import Quality, measure

#: Raise it when a measure changes: pictures analysed by an older version are then analysed again.
ANALYSER_VERSION = 1
#: Colours and the mask are looked for at this size of the longer side.
_SMALL = 112


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What was measured of a picture.

    Attributes:
        width, height: Of the original.
        colors: Of the product, the largest first; shares are of the product's pixels.
        product_share: Share of the picture that the product takes.
        separation: How far product and background could be told apart, 0 to 1; at 0 the colours are the whole
            picture's.
        phash: Signed 64 bits.
    """

    width: int
    height: int
    colors: tuple[Color, ...]
    background: Background
    product_share: float
    separation: float
    quality: Quality
    phash: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the table keeps them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PictureFacts:
        """The reverse of :meth:`as_dict`, also of what went through JSON."""
        quality = {**data["quality"], "reasons": tuple(data["quality"]["reasons"])}
        return cls(
            **{
                **data,
                "colors": tuple(Color(**color) for color in data["colors"]),
                "background": Background(**data["background"]),
                "quality": Quality(**quality),
            }
        )


def analyse(rgb: NDArray[np.uint8], *, size: tuple[int, int] | None = None) -> PictureFacts:
    """Facts of a decoded picture.

    Args:
        rgb: (height, width, 3) of bytes: the processed picture (fit 1024).
        size: Width and height of the original; those of ``rgb`` when not given.

    Raises:
        ValueError: ``rgb`` is no such array.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise ValueError(f"A picture is (height, width, 3) of bytes, not {rgb.shape} of {rgb.dtype}.")
    width, height = size or (rgb.shape[1], rgb.shape[0])
    small = _shrunk(rgb, _SMALL)
    lab = from_rgb(small)
    mask, background, separation = separate(small, lab)
    return PictureFacts(
        width,
        height,
        dominant_colors(small, lab, mask),
        background,
        round(float(mask.mean()), 3),
        separation,
        measure(rgb, mask, width=width, height=height, uniformity=background.uniformity),
        perceptual_hash(_shrunk(rgb, 256)),
    )


def _shrunk(rgb: NDArray[np.uint8], longer: int) -> NDArray[np.uint8]:
    """A copy that fits ``longer``; a picture of one pixel in width becomes three, so that it has a middle."""
    scale = min(1.0, longer / max(rgb.shape[:2]))
    width, height = max(3, round(rgb.shape[1] * scale)), max(3, round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
