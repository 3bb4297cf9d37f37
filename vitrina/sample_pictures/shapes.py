"""Outlines of goods, in a square of 100 by 100.

Belongs here: geometry and which part is which. Stays out: colours and shading (``drawing``). Parts are painted in
order; ``main`` has the product's colour, ``trim`` a darker one, ``light`` a lighter one, ``second`` the second colour,
``label`` is paper, ``dark`` nearly black, ``metal`` grey.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Role = Literal["main", "trim", "light", "second", "label", "dark", "metal"]
Kind = Literal["polygon", "ellipse", "box", "line"]


@dataclass(frozen=True, slots=True)
class Part:
    """One painted part. ``size`` is the radius of a box's corners, or the width of a line."""

    kind: Kind
    role: Role
    points: tuple[float, ...]
    size: float = 0.0


def _poly(role: Role, *points: float) -> Part:
    return Part("polygon", role, points)


def _oval(role: Role, *points: float) -> Part:
    return Part("ellipse", role, points)


def _box(role: Role, *points: float, r: float = 2.0) -> Part:
    return Part("box", role, points, r)


def _line(role: Role, *points: float, w: float = 0.6) -> Part:
    return Part("line", role, points, w)


def _mirrored(*points: float) -> tuple[float, ...]:
    """The right half of an outline from its left one, top to bottom."""
    pairs = list(zip(points[0::2], points[1::2], strict=True))
    other = [(100 - x, y) for x, y in reversed(pairs)]
    return tuple(value for pair in pairs + other for value in pair)


def t_shirt() -> list[Part]:
    return [
        _poly("main", *_mirrored(42, 17, 34, 20, 13, 34, 21, 48, 30, 42, 30, 86)),
        _oval("trim", 41, 13, 59, 25), _oval("light", 42.5, 13, 57.5, 23),
        _line("trim", 30, 82, 70, 82), _line("trim", 16, 39, 24, 45), _line("trim", 84, 39, 76, 45),
    ]  # fmt: skip


def shirt() -> list[Part]:
    buttons = [_oval("label", 49.2, y, 50.8, y + 1.6) for y in range(30, 84, 10)]
    return [
        _poly("main", *_mirrored(43, 15, 33, 19, 22, 30, 12, 76, 21, 79, 30, 46, 30, 88)),
        _poly("trim", 43, 15, 50, 23, 57, 15, 62, 19, 54, 29, 50, 24, 46, 29, 38, 19),
        _line("trim", 50, 24, 50, 88), _box("trim", 56, 40, 65, 51, r=0.8), *buttons,
    ]  # fmt: skip


def sweater() -> list[Part]:
    ribs = [_line("trim", x, 84, x, 90, w=0.5) for x in range(31, 70, 3)]
    return [
        _poly("main", *_mirrored(42, 16, 32, 20, 20, 31, 10, 80, 21, 82, 29, 50, 30, 90)),
        _oval("trim", 40, 11, 60, 23), _oval("light", 42, 12, 58, 20),
        _line("trim", 11, 76, 22, 78), _line("trim", 89, 76, 78, 78), *ribs,
    ]  # fmt: skip


def hoodie() -> list[Part]:
    return [
        _oval("trim", 34, 6, 66, 32),
        _poly("main", *_mirrored(40, 22, 30, 24, 19, 34, 10, 80, 21, 82, 29, 54, 30, 90)),
        _oval("dark", 41, 12, 59, 29), _poly("trim", 36, 66, 64, 66, 68, 82, 32, 82),
        _line("label", 46, 28, 45, 44), _line("label", 54, 28, 55, 44),
    ]  # fmt: skip


def coat() -> list[Part]:
    return [
        _poly("main", *_mirrored(42, 8, 31, 13, 19, 24, 11, 70, 21, 73, 29, 44, 27, 94)),
        _poly("trim", 42, 8, 50, 34, 58, 8, 66, 14, 55, 40, 50, 36, 45, 40, 34, 14),
        _line("trim", 50, 36, 50, 94), _box("trim", 29, 50, 71, 54, r=0.5), _box("metal", 47, 49.5, 53, 54.5, r=1),
    ]  # fmt: skip


def quilted() -> list[Part]:
    seams = [_line("trim", 29, y, 71, y, w=0.9) for y in range(28, 86, 9)]
    return [
        _poly("main", *_mirrored(42, 14, 31, 18, 19, 29, 11, 78, 22, 81, 29, 48, 29, 88)),
        _oval("trim", 38, 8, 62, 22), *seams, _line("metal", 50, 20, 50, 88, w=1.0),
    ]  # fmt: skip


def dress() -> list[Part]:
    return [
        _poly("main", *_mirrored(43, 8, 36, 10, 26, 24, 33, 29, 38, 24, 39, 42, 22, 94)),
        _oval("light", 43, 5, 57, 15), _box("trim", 38.6, 41, 61.4, 45, r=0.6),
        _line("trim", 45, 46, 37, 93), _line("trim", 55, 46, 63, 93), _line("trim", 50, 46, 50, 93),
    ]  # fmt: skip


def trousers() -> list[Part]:
    return [
        _poly("main", 32, 8, 68, 8, 73, 93, 55, 93, 50, 38, 45, 93, 27, 93),
        _box("trim", 32, 7, 68, 12, r=0.5), _line("trim", 50, 12, 50, 36), _line("trim", 38, 14, 33, 90),
        _line("trim", 62, 14, 67, 90), _oval("metal", 49, 8.4, 51.4, 10.8),
    ]  # fmt: skip


def shorts() -> list[Part]:
    return [
        _poly("main", 27, 22, 73, 22, 80, 76, 53, 78, 50, 52, 47, 78, 20, 76),
        _box("trim", 27, 20, 73, 27, r=0.6), _line("trim", 50, 27, 50, 52), _line("light", 46, 27, 43, 40),
        _line("light", 54, 27, 57, 40),
    ]  # fmt: skip


def skirt() -> list[Part]:
    pleats = [_line("trim", 50 + (x - 50) * 0.45, 20, x, 86) for x in range(24, 80, 8)]
    return [_poly("main", 35, 14, 65, 14, 82, 88, 18, 88), _box("trim", 35, 12, 65, 19, r=0.6), *pleats]


def suit() -> list[Part]:
    return [
        _poly("main", 20, 12, 14, 18, 6, 52, 13, 54, 18, 34, 18, 62, 50, 62, 50, 34, 55, 54, 62, 52, 54, 18, 48, 12),
        _oval("trim", 28, 8, 40, 17), _line("trim", 34, 17, 34, 62),
        _poly("main", 60, 34, 86, 34, 92, 92, 79, 92, 73, 56, 67, 92, 54, 92), _box("trim", 60, 33, 86, 37, r=0.5),
    ]  # fmt: skip


def bodysuit() -> list[Part]:
    return [
        _poly("main", *_mirrored(42, 16, 33, 19, 16, 34, 24, 46, 31, 39, 30, 68, 44, 84)),
        _oval("trim", 40, 12, 60, 26), _oval("light", 42, 12, 58, 23), _line("trim", 44, 80, 56, 80),
        _oval("metal", 46, 81, 48, 83), _oval("metal", 52, 81, 54, 83),
    ]  # fmt: skip


def bra() -> list[Part]:
    return [
        _poly("main", 14, 46, 28, 34, 46, 50, 54, 50, 72, 34, 86, 46, 86, 66, 60, 70, 50, 64, 40, 70, 14, 66),
        _line("trim", 28, 34, 26, 12, w=1.6), _line("trim", 72, 34, 74, 12, w=1.6), _line("trim", 14, 64, 86, 64),
    ]  # fmt: skip


def socks() -> list[Part]:
    one = (22, 12, 44, 12, 44, 56, 52, 74, 46, 86, 34, 86, 22, 60)
    two = tuple(value + (26 if number % 2 == 0 else 4) for number, value in enumerate(one))
    return [
        _poly("trim", *two), _poly("main", *one), _box("trim", 22, 11, 44, 18, r=0.6),
        _poly("light", 40, 76, 52, 74, 46, 86, 38, 86), _line("trim", 22, 54, 44, 54),
    ]  # fmt: skip


def sneaker() -> list[Part]:
    laces = [_line("label", 44 + step * 5, 42 + step * 3.4, 52 + step * 5, 38 + step * 3.4, w=1.3) for step in range(4)]
    return [
        _poly("main", 12, 40, 26, 30, 40, 38, 62, 54, 82, 60, 90, 70, 90, 76, 10, 76),
        _box("label", 8, 74, 92, 82, r=4), _poly("trim", 12, 40, 26, 30, 30, 50, 14, 62), *laces,
        _line("trim", 30, 50, 60, 70, w=1.2),
    ]  # fmt: skip


def boot() -> list[Part]:
    return [
        _poly("main", 30, 12, 58, 12, 58, 54, 82, 66, 88, 80, 30, 80), _box("dark", 28, 79, 89, 84, r=1),
        _poly("dark", 28, 82, 42, 82, 42, 92, 28, 92), _box("trim", 30, 10, 58, 16, r=0.6),
        _line("metal", 44, 18, 44, 70, w=1.0),
    ]  # fmt: skip


def bag() -> list[Part]:
    return [
        Part("line", "trim", (30, 46, 36, 18, 50, 11, 64, 18, 70, 46), 3.0), _box("main", 16, 42, 84, 88, r=6),
        _poly("trim", 16, 46, 84, 46, 78, 64, 22, 64), _box("metal", 46, 60, 54, 68, r=1),
    ]  # fmt: skip


def folded() -> list[Part]:
    return [
        _box("trim", 14, 62, 86, 78, r=5), _box("main", 14, 46, 86, 64, r=5), _box("light", 14, 30, 86, 48, r=5),
        _box("main", 14, 26, 86, 34, r=4), _line("trim", 22, 47, 80, 47), _line("trim", 22, 63, 80, 63),
    ]  # fmt: skip


def scarf() -> list[Part]:
    fringe = [_line("main", x, 84, x + 0.6, 92, w=0.8) for x in range(26, 75, 3)]
    return [
        _poly("main", 24, 10, 76, 10, 76, 85, 24, 85), _line("trim", 37, 10, 37, 85), _line("trim", 50, 10, 50, 85),
        _line("trim", 63, 10, 63, 85), _box("second", 24, 18, 76, 22, r=0), _box("second", 24, 73, 76, 77, r=0),
        *fringe,
    ]  # fmt: skip


def hat() -> list[Part]:
    ribs = [_line("trim", x, 60, x, 74, w=0.6) for x in range(24, 78, 4)]
    return [
        _poly("main", *_mirrored(44, 18, 30, 26, 22, 44, 21, 62)), _oval("light", 43, 10, 57, 24),
        _box("main", 19, 58, 81, 76, r=4), _line("trim", 19, 59, 81, 59), *ribs,
    ]  # fmt: skip


GARMENTS: dict[str, Callable[[], list[Part]]] = {
    shape.__name__: shape
    for shape in (
        t_shirt, shirt, sweater, hoodie, coat, quilted, dress, trousers, shorts, skirt, suit, bodysuit, bra, socks,
        sneaker, boot, bag, folded, scarf, hat,
    )
}  # fmt: skip
