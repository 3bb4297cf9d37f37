"""Rows of one sheet: goods with the path of their groups; group rows, repeated headers and blank rows set apart.

Belongs here: telling a group row from a row of goods. Stays out: levels of groups (``groups``), headers
(``sheet_layout``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vitrina.feeds.groups import Group, GroupPath
from vitrina.feeds.records import QuarantinedRow, RawRow, Reason, Table
from vitrina.feeds.sheet_layout import Layout, blank, plain_cell
from vitrina.feeds.text import as_text

#: Header of the column that carries the path of group rows; the synonym table reads it as the category.
GROUP_HEADER = "category (groups)"
_MAX_CELL = 1_000_000
#: A list has group rows only when most of its rows fill at least this many cells, so that one cell alone stands out.
_GOODS_CELLS = 3


def has_groups(rows: Sequence[Sequence[Any]], layout: Layout) -> bool:
    """Whether a sheet mixes rows of goods with rows that fill one cell only."""
    counts = [_filled(row) for row in rows[layout.first :]]
    counts = [count for count in counts if count]
    if len(counts) < 3:
        return False
    goods = sum(1 for count in counts if count >= _GOODS_CELLS)
    return goods >= 0.5 * len(counts) and 1 in counts


def sheet_rows(
    rows: Iterable[tuple[int, Sequence[Any]]],
    layout: Layout,
    table: Table,
    *,
    file: str,
    groups: bool,
    root: str | None,
) -> Iterator[RawRow]:
    """Rows of goods of one sheet.

    Args:
        rows: Row number as a person sees it, and cells; those after the header.
        layout: The sheet's header.
        table: Takes what is set apart in ``broken``, and notes.
        file: Name for quarantine.
        groups: Whether rows with one filled cell are groups.
        root: First part of every category path (the sheet's name, where several sheets hold goods).
    """
    path = GroupPath(root)
    count = 0
    headers = layout.headers
    for number, cells in rows:
        values = {
            header: plain_cell(cell)
            for header, cell in zip(headers, cells, strict=False)
            if cell != "" and not blank(cell)
        }
        if not values:
            continue
        if groups and len(values) == 1 and _is_group(values, layout):
            count += 1
            table.broken.extend(
                _empty(group, file) for group in path.enter(number, as_text(next(iter(values.values()))))
            )
            continue
        if layout.has_header and _repeats_header(values):
            message = "The header row stands here again."
            table.broken.append(QuarantinedRow(number, Reason.BROKEN_RECORD.value, message, _raw(values), file))
            continue
        if any(isinstance(value, str) and len(value) > _MAX_CELL for value in values.values()):
            message = f"A cell is longer than {_MAX_CELL:,} characters."
            table.broken.append(QuarantinedRow(number, Reason.TOO_LARGE.value, message, _raw(values), file))
            continue
        if (category := path.goods()) is not None:
            values[GROUP_HEADER] = category
        yield RawRow(number, values, None, file)
    table.broken.extend(_empty(group, file) for group in path.close())
    if count:
        table.notes.append(f"{count} group rows became category paths")


def _is_group(values: dict[str, Any], layout: Layout) -> bool:
    """One text alone: in the title column where that is known, else anywhere."""
    (header, value), *_ = values.items()
    if not isinstance(value, str):
        return False
    return layout.title_column is None or layout.headers.index(header) <= layout.title_column


def _repeats_header(values: dict[str, Any]) -> bool:
    return len(values) > 1 and all(as_text(value).strip() == header for header, value in values.items())


def _filled(row: Sequence[Any]) -> int:
    return sum(1 for cell in row if not blank(cell))


def _empty(group: Group, file: str) -> QuarantinedRow:
    message = "Looks like a group of the price list, but no goods follow it."
    return QuarantinedRow(group.row, Reason.GROUP_WITHOUT_GOODS.value, message, group.name, file)


def _raw(values: dict[str, Any]) -> str:
    return " ¦ ".join(as_text(value)[:1_000] for value in values.values())[:20_000]
