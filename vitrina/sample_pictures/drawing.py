"""Drawing a product: parts, colours, folds, light, paper.

Belongs here: pixels. Stays out: which product is drawn how (``choosing``). The same order gives the same bytes on one
Pillow version. The mask of the product comes with the picture: what background removal is measured against.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vitrina.images.analysis.palette import BY_KEY
from vitrina.sample_pictures.packages import PACKAGES
from vitrina.sample_pictures.shapes import GARMENTS, Part

if TYPE_CHECKING:
    from PIL import ImageDraw

SIZE = 420
#: Drawn twice as large and made smaller: Pillow's shapes have no smooth edges.
_SCALE = 2
#: Paper and walls behind the goods, top and bottom.
PAPERS = (
    ((255, 255, 255), (255, 255, 255)), ((250, 250, 250), (238, 238, 240)), ((244, 240, 232), (230, 224, 212)),
    ((236, 240, 244), (220, 226, 232)), ((246, 238, 238), (232, 222, 222)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What is drawn.

    Attributes:
        shape: Of :data:`GARMENTS` or :data:`PACKAGES`.
        color, second: Keys of the palette, or hexadecimal.
        paper: Number of one of :data:`PAPERS`.
        seed: Light, place and size vary with it.
        pattern: ``""``, ``"stripes"``, ``"check"`` or ``"dots"`` in the second colour.
    """

    shape: str
    color: str
    second: str = "white"
    paper: int = 0
    seed: int = 0
    pattern: str = ""


def draw(order: Order, size: int = SIZE) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """RGB picture (size, size, 3) and mask of the product (size, size).

    Raises:
        KeyError: an unknown shape or colour.
    """
    from PIL import Image, ImageDraw, ImageFilter

    rng = np.random.default_rng(order.seed)
    parts = (GARMENTS.get(order.shape) or PACKAGES[order.shape])()
    wide = size * _SCALE
    scale = rng.uniform(0.8, 0.96) * wide / 100
    shift = (wide - 100 * scale) / 2 + rng.uniform(-0.02, 0.02, 2) * wide
    mask, main = Image.new("L", (wide, wide)), Image.new("L", (wide, wide))
    color = Image.new("RGB", (wide, wide))
    brushes = [ImageDraw.Draw(layer) for layer in (mask, main, color)]
    for part in parts:
        _paint(brushes, part, scale, shift, _roles(order)[part.role])
    goods = np.asarray(color.resize((size, size), Image.Resampling.BOX), dtype=np.float32)
    cover = np.asarray(mask.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / 255
    cloth = np.asarray(main.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / 255
    # What is mixed with the black outside of the parts becomes the part's own colour again.
    goods = np.minimum(goods / np.maximum(cover, np.float32(1e-3))[..., None], np.float32(255))
    if order.pattern:
        print_ = _pattern(order.pattern, size)[..., None] * cloth[..., None]
        goods += (np.array(rgb_of(order.second), dtype=np.float32) - goods) * print_
    goods = goods * _folds(rng, size)[..., None]
    shadow = Image.fromarray((cover * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(size / 50))
    dark = np.roll(np.asarray(shadow, dtype=np.float32) / 255, (size // 60, size // 80), axis=(0, 1))[..., None]
    top, bottom = (np.array(value, dtype=np.float32) for value in PAPERS[order.paper % len(PAPERS)])
    paper = top + (bottom - top) * np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    picture = paper * (1 - 0.16 * dark) * (1 - cover[..., None]) + goods * cover[..., None]
    picture += 1.3 * rng.standard_normal((size, size, 1), dtype=np.float32)
    return picture.clip(0, 255).astype(np.uint8), cover > 0.5


def jpeg(rgb: NDArray[np.uint8], quality: int = 82) -> bytes:
    """The picture as a JPEG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()


def rgb_of(color: str) -> tuple[int, int, int]:
    """A palette's key or ``#RRGGBB`` as bytes."""
    text = (color if color.startswith("#") else BY_KEY[color].samples[0]).removeprefix("#")
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


def _roles(order: Order) -> dict[str, tuple[int, int, int]]:
    main, second = rgb_of(order.color), rgb_of(order.second)
    return {
        "main": main, "second": second,
        "trim": _mixed(main, (0, 0, 0), 0.18), "light": _mixed(main, (255, 255, 255), 0.2),
        "label": (250, 249, 246), "dark": (38, 38, 42), "metal": (168, 170, 176),
    }  # fmt: skip


def _mixed(color: Sequence[int], other: Sequence[int], share: float) -> tuple[int, int, int]:
    first, second, third = (round(a * (1 - share) + b * share) for a, b in zip(color, other, strict=True))
    return first, second, third


def _paint(
    brushes: Sequence[ImageDraw.ImageDraw], part: Part, scale: float, shift: NDArray[np.float64], rgb: tuple[int, ...]
) -> None:
    points = [float(value) * scale + shift[number % 2] for number, value in enumerate(part.points)]
    cloth = 255 if part.role in {"main", "light", "trim"} else 0
    fills: tuple[int | tuple[int, ...], ...] = (255, cloth, rgb)
    for brush, fill in zip(brushes, fills, strict=True):
        if part.kind == "polygon":
            brush.polygon(points, fill=fill)
        elif part.kind == "ellipse":
            brush.ellipse(points, fill=fill)
        elif part.kind == "box":
            brush.rounded_rectangle(points, radius=part.size * scale, fill=fill)
        else:
            brush.line(points, fill=fill, width=max(1, round(part.size * scale)), joint="curve")


def _folds(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Light from one side and soft vertical folds, a factor around 1."""
    place = np.linspace(0, 1, size, dtype=np.float32)
    waves = sum(
        float(rng.uniform(0.008, 0.022)) * np.sin(2 * np.pi * (place * float(rng.uniform(2, 9)) + float(rng.random())))
        for _ in range(4)
    )
    side = 0.04 * (0.5 - place) * float(rng.choice([-1, 1]))
    down = 0.03 * (0.5 - place)
    return np.asarray(1 + (waves + side)[None, :] + down[:, None], dtype=np.float32)


def _pattern(name: str, size: int) -> NDArray[np.float32]:
    step = size / 16
    rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
    if name == "stripes":
        found = (rows % step) < step * 0.4
    elif name == "check":
        found = ((rows % step) < step * 0.35) ^ ((columns % step) < step * 0.35)
    else:
        found = np.hypot(rows % step - step / 2, columns % step - step / 2) < step * 0.22
    return np.broadcast_to(found, (size, size)).astype(np.float32)
