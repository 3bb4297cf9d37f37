"""Group rows of price lists: "01. Техника", "  1. Телефоны", "XIAOMI" between the goods become category paths.

Belongs here: the level of a group row, and the path it makes. Stays out: which rows are groups (``sheet_rows``).

Lists exported from 1C lose their outline levels in most formats; what is left is indentation, numbering and order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vitrina.feeds.text import clean_line

_NUMBERED = re.compile(r"(?P<indent>\s*)(?P<number>\d{1,3})[.)]\s*(?=\D)")


@dataclass(slots=True)
class Group:
    """One group row: where it stands, its style (numbering and indentation), and whether goods followed it."""

    row: int
    name: str
    style: tuple[str, int]
    number: int | None
    indent: int
    has_goods: bool = False


class GroupPath:
    """The groups that are open at the current row, outermost first.

    A group that follows another one directly is its child. After goods, a group closes the innermost open group of the
    same style (a numbered one: whose number is lower), and all inside it.
    """

    def __init__(self, root: str | None = None) -> None:
        self._root = root
        self._open: list[Group] = []
        self._after_goods = True

    def enter(self, row: int, text: str) -> list[Group]:
        """A group row; gives the groups that it closes and that had no goods at all."""
        group = _parse(row, text)
        closed: list[Group] = []
        if self._after_goods:
            keep = self._level(group)
            closed = self._open[keep:]
            del self._open[keep:]
        self._open.append(group)
        self._after_goods = False
        return [old for old in closed if not old.has_goods]

    def goods(self) -> str | None:
        """A row of goods; gives its category path."""
        if not self._after_goods:
            for group in self._open:
                group.has_goods = True
            self._after_goods = True
        names = [self._root] if self._root else []
        return " > ".join([*names, *(group.name for group in self._open)]) or None

    def close(self) -> list[Group]:
        """The end of the list: groups that had no goods."""
        empty = [group for group in self._open if not group.has_goods]
        self._open.clear()
        return empty

    def _level(self, group: Group) -> int:
        same = [level for level, old in enumerate(self._open) if old.style == group.style]
        if group.number is not None:
            lower = [level for level in same if (self._open[level].number or 0) < group.number]
            same = lower or same[:1]
        if same:
            return same[-1]
        level = len(self._open)
        while (
            level
            and self._open[level - 1].number is None
            and (group.number is not None or self._open[level - 1].indent >= group.indent)
        ):
            level -= 1
        return level


def _parse(row: int, text: str) -> Group:
    name = clean_line(text, 200)
    found = _NUMBERED.match(text)
    if found is None:
        indent = len(text) - len(text.lstrip())
        return Group(row, name, ("text", indent), None, indent)
    digits = found["number"]
    style = "padded" if digits.startswith("0") else "numbered"
    return Group(row, name, (style, 0), int(digits), len(found["indent"]))
