"""Where the header of a table is, and clean unique names for its columns.

Belongs here: choosing the header among the first rows, for text tables and sheets alike. Stays out: meaning of columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vitrina.feeds.synonyms import ATTRIBUTE, IGNORE, match
from vitrina.feeds.text import as_text, clean_line

_SEARCH = 30
_DATA_LIKE = re.compile(
    r"[^\w\s]{0,2}\s?\d[\d\s.,:/-]*\s?(?:₽|руб\.?|р\.?|tl|₺|грн\.?|\$|€|%|шт\.?)?|https?://.*|.*\d{5,}.*", re.IGNORECASE
)


def find_header(rows: Sequence[Sequence[Any]]) -> int | None:
    """Index of the header among the first rows, or ``None`` when the table has none.

    A row is a header when its cells are words of the synonym table (two of them, or half of the filled cells), or when
    it holds only short distinct texts and the rows below hold numbers or links in the same columns.
    """
    best, best_score = None, 0.0
    for index, row in enumerate(rows[:_SEARCH]):
        score = _header_score(row)
        if score > best_score * 1.2:
            best, best_score = index, score
    if best is not None:
        return best
    first = next((i for i, row in enumerate(rows[:_SEARCH]) if _filled(row)), None)
    if first is None:
        return None
    return first if _differs_from_data(rows[first], rows[first + 1 : first + 30]) else None


def _filled(row: Sequence[Any]) -> list[str]:
    return [text for cell in row if (text := as_text(cell).strip())]


def _header_score(row: Sequence[Any]) -> float:
    cells = _filled(row)
    if not cells or any(len(cell) > 200 for cell in cells):
        return 0.0
    matches = [m for cell in cells if len(cell) <= 80 and (m := match(cell)) is not None and m.field != IGNORE]
    score = sum(m.score for m in matches if m.score >= 0.6 and m.field != ATTRIBUTE)
    score += sum(0.5 for m in matches if m.field == ATTRIBUTE)
    data_like = sum(1 for cell in cells if _DATA_LIKE.fullmatch(cell))
    if data_like > len(cells) / 3:
        return 0.0
    known = sum(1 for m in matches if m.score >= 0.9)
    return score if known >= 2 or (known == 1 and len(cells) <= 3) else 0.0


def _differs_from_data(first: Sequence[Any], below: Sequence[Sequence[Any]]) -> bool:
    """Texts above numbers: a header in words we do not know."""
    cells = [as_text(cell).strip() for cell in first]
    filled = [cell for cell in cells if cell]
    if len(filled) < max(1, len(cells) / 2) or len(set(filled)) < len(filled):
        return False
    if any(len(cell) > 60 or _DATA_LIKE.fullmatch(cell) for cell in filled):
        return False
    changed = 0
    for column in range(len(cells)):
        values = [text for row in below if column < len(row) and (text := as_text(row[column]).strip())]
        numbers = sum(1 for value in values if _DATA_LIKE.fullmatch(value))
        changed += bool(values) and numbers >= 0.8 * len(values)
    return changed >= 1


def unique_names(cells: Sequence[Any]) -> list[str]:
    """Header cells as keys: cleaned, a blank one named by its 1-based number, a repeated one with " (2)"."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(cells, 1):
        name = clean_line(cell, 200) or str(number)
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1:
            name = f"{name} ({seen[name]})"
            seen[name] = seen.get(name, 0) + 1
        names.append(name)
    return names
