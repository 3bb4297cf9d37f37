"""A contact sheet: many small pictures with the colours that were found in them, as one bounded JPEG.

Belongs here: layout and size. Stays out: which pictures are shown, where they come from, markdown.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

CELL = 92
_SWATCHES = 10
_GAP = 4
#: Tried one after another until the sheet is small enough; below 30 the pictures are no longer told apart.
_QUALITIES = (82, 70, 58, 45, 30)
_MARK = (192, 57, 43)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of the sheet.

    Attributes:
        data: An image file, the thumbnail as a rule; ``None`` or what cannot be read leaves an empty frame.
        swatches: (hexadecimal colour, share), drawn below it in proportion.
        marked: Framed in red.
    """

    data: bytes | None
    swatches: Sequence[tuple[str, float]] = ()
    marked: bool = False


def contact_sheet(cells: Sequence[Cell], *, columns: int = 8, most_bytes: int = 36_000) -> bytes:
    """A JPEG of at most ``most_bytes``; the last rows are left out when it would be larger. Empty without cells."""
    shown = list(cells)
    while shown:
        sheet = _drawn(shown, min(columns, len(shown)))
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            sheet.save(buffer, format="JPEG", quality=quality, optimize=True)
            if buffer.tell() <= most_bytes:
                return buffer.getvalue()
        shown = shown[: len(shown) * 2 // 3]
    return b""


def _drawn(cells: Sequence[Cell], columns: int) -> Image.Image:
    from PIL import Image, ImageDraw

    wide, high = CELL + _GAP, CELL + _SWATCHES + 2 * _GAP
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * wide + _GAP, rows * high + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, cell in enumerate(cells):
        left, top = _GAP + number % columns * wide, _GAP + number // columns * high
        picture = _small(cell.data)
        if picture is None:
            draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), outline=(170, 170, 170))
            draw.line((left, top, left + CELL - 1, top + CELL - 1), fill=(170, 170, 170))
        else:
            sheet.paste(picture, (left + (CELL - picture.width) // 2, top + (CELL - picture.height) // 2))
        if cell.marked:
            draw.rectangle((left - 2, top - 2, left + CELL + 1, top + CELL + 1), outline=_MARK, width=2)
        _swatches(draw, cell.swatches, left, top + CELL + 2)
    return sheet


def _swatches(draw: ImageDraw.ImageDraw, swatches: Sequence[tuple[str, float]], left: int, top: int) -> None:
    total = sum(share for _, share in swatches)
    place = float(left)
    for color, share in swatches:
        end = place + CELL * share / total
        draw.rectangle((round(place), top, round(end) - 1, top + _SWATCHES - 1), fill=color)
        place = end


def _small(data: bytes | None) -> Image.Image | None:
    from PIL import Image, UnidentifiedImageError

    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            picture.draft("RGB", (CELL, CELL))
            small = picture.convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return None
    small.thumbnail((CELL, CELL))
    return small
