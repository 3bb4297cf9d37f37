"""Outlines of packages, in a square of 100 by 100; the words of ``shapes``."""

from __future__ import annotations

from collections.abc import Callable

from vitrina.sample_pictures.shapes import Part, _box, _line, _oval, _poly


def _label(left: float, top: float, right: float, bottom: float) -> list[Part]:
    """A paper label with lines that stand for print."""
    lines = [
        _line("dark", left + 4, top + 5 + 5 * number, right - 4 - 6 * (number % 2), top + 5 + 5 * number, w=1.1)
        for number in range(int((bottom - top - 6) // 5))
    ]
    return [_box("label", left, top, right, bottom, r=1), _box("second", left, top, right, top + 3, r=0.5), *lines]


def jar() -> list[Part]:
    return [
        _box("second", 26, 30, 74, 46, r=3), _line("trim", 28, 42, 72, 42), _box("main", 22, 44, 78, 82, r=7),
        *_label(30, 52, 70, 76),
    ]  # fmt: skip


def tube() -> list[Part]:
    return [
        _poly("main", 32, 10, 68, 10, 64, 76, 36, 76), _box("trim", 32, 8, 68, 14, r=1), _box("second", 38, 76, 62, 92),
        *_label(39, 26, 61, 62),
    ]  # fmt: skip


def bottle() -> list[Part]:
    return [
        _box("second", 41, 6, 59, 20, r=2), _box("trim", 43, 18, 57, 26, r=1), _box("main", 30, 24, 70, 94, r=9),
        *_label(34, 42, 66, 80),
    ]  # fmt: skip


def pump() -> list[Part]:
    return [
        _box("second", 28, 8, 56, 13, r=2), _box("second", 46, 12, 54, 24, r=1), _box("trim", 40, 22, 60, 31, r=1),
        _box("main", 28, 30, 72, 94, r=8), *_label(33, 46, 67, 82),
    ]  # fmt: skip


def dropper() -> list[Part]:
    return [
        _oval("dark", 44, 6, 56, 24), _box("second", 41, 21, 59, 35, r=1), _box("main", 32, 34, 68, 92, r=6),
        *_label(35, 50, 65, 80),
    ]  # fmt: skip


def perfume() -> list[Part]:
    return [
        _box("metal", 42, 12, 58, 32, r=1), _box("main", 22, 32, 78, 90, r=6), _box("light", 30, 40, 70, 82, r=3),
        *_label(36, 50, 64, 72),
    ]  # fmt: skip


def stick() -> list[Part]:
    return [
        _box("dark", 40, 50, 60, 94, r=2), _box("metal", 41, 44, 59, 52, r=0.5), _box("main", 43, 14, 57, 46, r=5),
        _line("label", 44, 70, 56, 70, w=1.2),
    ]  # fmt: skip


def bar() -> list[Part]:
    return [
        _box("main", 14, 34, 86, 72, r=13), _box("trim", 24, 43, 76, 63, r=8),
        _box("main", 25.5, 44.5, 74.5, 61.5, r=7),
        _line("trim", 36, 50, 64, 50, w=1.2), _line("trim", 40, 56, 60, 56, w=1.2),
    ]  # fmt: skip


def sachet() -> list[Part]:
    return [
        _box("main", 24, 10, 76, 92, r=2), _box("trim", 24, 10, 76, 17, r=1), _box("trim", 24, 85, 76, 92, r=1),
        _oval("light", 34, 24, 66, 58), *_label(32, 62, 68, 80),
    ]  # fmt: skip


def carton() -> list[Part]:
    return [
        _poly("trim", 70, 20, 84, 12, 84, 78, 70, 88), _poly("light", 16, 20, 30, 12, 84, 12, 70, 20),
        _box("main", 16, 20, 70, 88, r=0.5), _box("second", 16, 64, 70, 74, r=0), *_label(24, 30, 62, 56),
    ]  # fmt: skip


def compact() -> list[Part]:
    return [
        _oval("dark", 16, 22, 84, 84), _oval("main", 23, 29, 77, 77), _oval("trim", 34, 40, 66, 66),
        _oval("main", 36, 42, 64, 64),
    ]  # fmt: skip


def brush() -> list[Part]:
    bristles = [_line("label", x, 12, x, 24, w=1.8) for x in range(44, 57, 3)]
    return [
        _box("main", 46, 22, 54, 94, r=4),
        _box("main", 42, 20, 58, 32, r=3),
        *bristles,
        _box("light", 47, 52, 53, 82),
    ]


PACKAGES: dict[str, Callable[[], list[Part]]] = {
    shape.__name__: shape
    for shape in (jar, tube, bottle, pump, dropper, perfume, stick, bar, sachet, carton, compact, brush)
}
