"""OKLab: a colour space in which distance is close to what people see.

Belongs here: the conversion and hexadecimal names of colours. Stays out: names of colours (``palette``).

Source of the formula: Björn Ottosson, "A perceptual color space for image processing" (2020). CIELAB, which OpenCV
has, turns saturated blues towards purple: a shirt of #1F3FD0 came out as violet.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)


@lru_cache(maxsize=1)
def _linear() -> Floats:
    """sRGB byte → linear light."""
    value = np.arange(256, dtype=np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def from_rgb(pixels: NDArray[np.uint8]) -> Floats:
    """sRGB bytes of shape (…, 3) → OKLab of the same shape: L 0 to 1, a and b about ±0.4."""
    return np.cbrt(_linear()[pixels] @ _TO_LMS.T) @ _TO_LAB.T


def from_hex(color: str) -> Floats:
    """``"#1F3FD0"`` → OKLab, shape (3,)."""
    return from_rgb(np.frombuffer(bytes.fromhex(color.removeprefix("#")), dtype=np.uint8))


def to_hex(rgb: NDArray[np.uint8] | Floats) -> str:
    """Mean sRGB, shape (3,) → ``"#RRGGBB"``."""
    return "#" + "".join(f"{round(float(value)):02X}" for value in rgb)
