"""Reader of workbooks: XLSX, XLS, ODS through python-calamine.

Belongs here: opening a workbook safely and choosing the sheets that hold goods. Stays out: headers (``sheet_layout``),
rows and groups (``sheet_rows``). Formulas are never run: the values that the file stores are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import python_calamine as calamine

from vitrina.feeds.dialect import MAX_COLUMNS
from vitrina.feeds.records import DropFile, DropUnreadable, Fault, NoProducts, SourceConfig, Table
from vitrina.feeds.sheet_layout import Layout, is_instructions, layout
from vitrina.feeds.sheet_rows import GROUP_HEADER, has_groups, sheet_rows
from vitrina.feeds.workbook_guard import MAX_CELLS, check_container

_HEAD_ROWS = 300
_MAX_SHEETS = 200


@dataclass(slots=True)
class _Sheet:
    name: str
    rows: list[Sequence[Any]]
    first_row: int
    layout: Layout


def read(file: DropFile, config: SourceConfig) -> Iterator[Table]:
    """One :class:`Table` for each sheet that holds goods.

    Raises:
        DropUnreadable: Encrypted, damaged, too large when unpacked.
        NoProducts: No sheet holds any rows.
    """
    kind = check_container(file)
    try:
        workbook = calamine.CalamineWorkbook.from_path(file.path)
        sheets, notes = _sheets(workbook, config, file.name)
    except calamine.PasswordError:
        raise DropUnreadable(
            f"{file.name} is protected by a password.",
            hint="Save it without a password and drop it again.",
            fault=Fault.ENCRYPTED,
        ) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise DropUnreadable(
            f"{file.name} cannot be opened as a workbook: {str(error)[:200]}",
            hint="Open it in a spreadsheet program and save it again as XLSX.",
            fault=Fault.CUT_OFF,
        ) from None
    if not sheets:
        raise NoProducts(f"{file.name}: no sheet holds rows.", hint="Check that the right file was exported.")
    chosen, more = _with_goods(sheets)
    notes += more
    for sheet in chosen:
        groups = has_groups(sheet.rows, sheet.layout)
        root = sheet.name if len(chosen) > 1 else None
        headers = [*sheet.layout.headers, GROUP_HEADER] if groups or root else list(sheet.layout.headers)
        table = Table(kind, (), "-", headers=headers, notes=[*notes, *sheet.layout.notes])
        if sheet.layout.has_header is False:
            table.notes.append(f'{file.name}: sheet "{sheet.name}" has no header row: columns are numbered')
            table.headers = list(sheet.layout.headers)
        numbered = ((sheet.first_row + i + 1, row) for i, row in enumerate(sheet.rows) if i >= sheet.layout.first)
        table.rows = sheet_rows(numbered, sheet.layout, table, file=file.name, groups=groups, root=root)
        notes = []
        yield table


def _sheets(workbook: Any, config: SourceConfig, name: str) -> tuple[list[_Sheet], list[str]]:
    sheets, notes = [], []
    hidden = {meta.name for meta in workbook.sheets_metadata if meta.visible != calamine.SheetVisibleEnum.Visible}
    for sheet_name in workbook.sheet_names[:_MAX_SHEETS]:
        if sheet_name in hidden:
            notes.append(f'{name}: the hidden sheet "{sheet_name}" was left out')
            continue
        try:
            sheet = workbook.get_sheet_by_name(sheet_name)
        except calamine.WorksheetNotFound:
            continue  # a chart sheet
        if sheet.width > MAX_COLUMNS or sheet.width * sheet.height > MAX_CELLS:
            raise DropUnreadable(
                f'{name}: sheet "{sheet_name}" is too large ({sheet.height:,} × {sheet.width:,} cells).',
                hint="Delete what stands far from the list, or save the list alone as CSV.",
                fault=Fault.TOO_LARGE,
            )
        rows = list(sheet.iter_rows())
        if not any(any(cell != "" for cell in row) for row in rows):
            continue
        width = max(map(len, rows))
        first_row = sheet.start[0] if sheet.start else 0
        sheets.append(
            _Sheet(sheet_name, rows, first_row, layout(rows[:_HEAD_ROWS], width, has_header=config.has_header))
        )
    return sheets, notes


def _with_goods(sheets: list[_Sheet]) -> tuple[list[_Sheet], list[str]]:
    """Sheets whose header names a title; if there is none, the largest one. Instructions only for want of others."""
    data = [sheet for sheet in sheets if not is_instructions(sheet.name)] or sheets
    titled = [sheet for sheet in data if sheet.layout.title_column is not None and len(sheet.rows) > sheet.layout.first]
    chosen = titled or [max(data, key=lambda sheet: sum(map(len, sheet.rows)))]
    left = [sheet.name for sheet in sheets if sheet not in chosen]
    notes = [f"sheets without goods were left out: {', '.join(left)}"] if left else []
    return chosen, notes
