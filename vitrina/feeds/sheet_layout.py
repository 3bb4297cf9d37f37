"""The layout of one sheet: its header of one to three rows, hint rows under it, and whether it holds goods at all.

Belongs here: judging the first rows. Stays out: opening workbooks (``sheets``), rows of goods (``sheet_rows``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.feeds.headers import find_header, unique_names
from vitrina.feeds.synonyms import match
from vitrina.feeds.text import as_text

_HINT = re.compile(
    r"максимальн|единица измерения|укажите|заполн|например|обязательн|если вы|список |поставьте|выбирается|"
    r"zorunlu|örnek|doldur|maximum|required|optional|example|enter |must be",
    re.IGNORECASE,
)
_INSTRUCTIONS = re.compile(
    r"инструкц|справк|пример|как заполн|описание пол|легенд|instruction|help|readme|example|legend|guide|talimat|"
    r"yardım|açıklama",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d[\d\s.,]*")
_MAX_HEADER_TEXT = 60


@dataclass(slots=True)
class Layout:
    """Header names ("1", "2", … without header), the index of the first row after it, and how sure the title is."""

    headers: list[str]
    first: int
    has_header: bool
    title_column: int | None
    notes: list[str]


def is_instructions(name: str) -> bool:
    """Whether a sheet's name says that it explains how to fill in another one."""
    return _INSTRUCTIONS.search(name) is not None


def layout(rows: Sequence[Sequence[Any]], width: int, *, has_header: bool | None = None) -> Layout:
    """Find the header of a sheet.

    Args:
        rows: Its first rows.
        width: Number of columns.
        has_header: As the source's settings say; ``None`` to detect.
    """
    index = None if has_header is False else find_header(rows)
    if index is None and has_header:
        index = next((i for i, row in enumerate(rows) if any(not blank(cell) for cell in row)), None)
    if index is None:
        return Layout([str(number) for number in range(1, width + 1)], 0, False, None, [])
    cells = [as_text(cell).strip() for cell in rows[index]] + [""] * (width - len(rows[index]))
    cells = _with_parents(cells, rows[index - 1] if index else [])
    first = index + 1
    for row in rows[index + 1 : index + 3]:
        if _is_second_header(row, cells):
            cells = _with_children(cells, row)
        elif any(not blank(cell) for cell in row):
            break
        first += 1
    notes = []
    if first < len(rows) and _is_hint(rows[first]):
        notes.append(f"row {first + 1} explains the columns and was left out")
        first += 1
    return Layout(unique_names(cells), first, True, _title_column(cells), notes)


def blank(cell: Any) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def plain_cell(cell: Any) -> Any:
    """A cell as text or number. Small numbers that were formatted as dates become numbers again: calamine gives
    1900-01-02 for a 2 in a column with a date format."""
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ") if cell.time() != dt.time() else plain_cell(cell.date())
    if isinstance(cell, dt.date):
        if cell.year < 1910:
            return (cell - dt.date(1899, 12, 31 if cell < dt.date(1900, 3, 1) else 30)).days
        return cell.isoformat()
    if isinstance(cell, dt.time | dt.timedelta):
        return str(cell)
    return cell


def _title_column(cells: Sequence[str]) -> int | None:
    found = [(m.score, -i) for i, cell in enumerate(cells) if (m := match(cell)) is not None and m.field == "title"]
    return -max(found)[1] if found and max(found)[0] >= 0.75 else None


def _with_parents(cells: list[str], above: Sequence[Any]) -> list[str]:
    """Under a merged "Цена", "Розница" reads "Цена Розница": only where the cell alone says nothing."""
    parents = [as_text(cell).strip() for cell in above]
    first = next((column for column, parent in enumerate(parents) if parent), None)
    # A text over the first column is the title of the whole list, not the parent of columns.
    if first is None or not any(cells[:first]) or any(len(parent) > _MAX_HEADER_TEXT for parent in parents):
        return cells
    result, parent = list(cells), ""
    for column, cell in enumerate(cells):
        parent = (parents[column] if column < len(parents) else "") or parent
        if match(cell) is None and parent and (found := match(f"{parent} {cell}")) is not None and found.score >= 0.6:
            result[column] = f"{parent} {cell}".strip()
    return result


def _is_second_header(row: Sequence[Any], cells: Sequence[str]) -> bool:
    """Short texts that stand only under blank header cells or under the first cell of a merged one."""
    filled = [(column, as_text(cell).strip()) for column, cell in enumerate(row) if not blank(cell)]
    if not filled or any(len(text) > _MAX_HEADER_TEXT or _NUMBER.fullmatch(text) for _, text in filled):
        return False
    spans = {column for column in range(len(cells)) if _in_span(cells, column)}
    return len(filled) >= 2 and all(column in spans for column, _ in filled)


def _in_span(cells: Sequence[str], column: int) -> bool:
    following = column + 1 < len(cells) and not cells[column + 1]
    return not cells[column] or following


def _with_children(cells: list[str], row: Sequence[Any]) -> list[str]:
    result, parent = list(cells), ""
    for column in range(len(cells)):
        parent = cells[column] or parent
        child = as_text(row[column]).strip() if column < len(row) else ""
        if child:
            result[column] = f"{parent} {child}".strip()
    return result


def _is_hint(row: Sequence[Any]) -> bool:
    texts = [as_text(cell).strip() for cell in row if not blank(cell)]
    return len(texts) >= 2 and sum(1 for text in texts if _HINT.search(text)) >= 0.4 * len(texts)
