"""Makes the supplier's price list of the samples (XLSX in the manner of 1C) from ``price_list.csv``.

Belongs here: the sheet's layout, with what makes real price lists hard: title lines above the table, a header in two
rows with merged cells, group rows between the goods, prices as text where the supplier has none. Stays out: the goods
themselves (``price_list.csv``).

Run: ``python samples/make_price_list.py [TARGET]``
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
SOURCE = HERE / "price_list.csv"
TARGET = HERE / "drops" / "moda-tekstil" / "2026-05-18_price.xlsx"
HEADER_ROW = 6
#: Header, key in the CSV, width in characters. The two prices stand under one merged cell.
COLUMNS = (
    ("№", "", 5),
    ("Артикул", "article", 10),
    ("Штрихкод", "barcode", 16),
    ("Номенклатура", "name", 46),
    ("Торговая марка", "brand", 16),
    ("Состав", "composition", 30),
    ("Цвет", "color", 14),
    ("Размеры", "size", 34),
    ("Страна производства", "country", 14),
    ("Оптовая", "wholesale", 11),
    ("Розничная", "retail", 11),
    ("Описание", "description", 80),
    ("Фото", "image", 40),
)
PRICES = (10, 11)
SIDE = Side(style="thin", color="999999")
LINE = Border(left=SIDE, right=SIDE, top=SIDE, bottom=SIDE)


def main(target: Path = TARGET) -> None:
    """Write the price list.

    Raises:
        OSError: ``price_list.csv`` cannot be read or ``target`` cannot be written.
    """
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  a new workbook has one sheet
    sheet.title = "TDSheet"
    _title(sheet)
    _header(sheet)
    with SOURCE.open(encoding="utf-8", newline="") as file:
        _goods(sheet, list(csv.DictReader(file, delimiter=";")))
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 2, 1)
    book.properties.creator = "Мода-Текстиль"
    book.properties.created = dt.datetime(2026, 5, 18, 9, 0)
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)


def _title(sheet: Worksheet) -> None:
    lines = (
        "ООО «Мода-Текстиль», оптовый склад",
        "Прайс-лист на 18.05.2026",
        "Валюта: рубли. Оптовая цена действует при заказе от 30 000 руб.",
        "Цены и наличие уточняйте у менеджера.",
    )
    for row, text in enumerate(lines, 1):
        cell = sheet.cell(row, 1, text)
        cell.font = Font(bold=row < 3, size=14 if row == 1 else 11)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=6)


def _header(sheet: Worksheet) -> None:
    for column, (name, _, width) in enumerate(COLUMNS, 1):
        if column in PRICES:
            sheet.cell(HEADER_ROW + 1, column, name)
        else:
            sheet.cell(HEADER_ROW, column, name)
            sheet.merge_cells(start_row=HEADER_ROW, end_row=HEADER_ROW + 1, start_column=column, end_column=column)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.cell(HEADER_ROW, PRICES[0], "Цена, руб.")
    sheet.merge_cells(start_row=HEADER_ROW, end_row=HEADER_ROW, start_column=PRICES[0], end_column=PRICES[1])
    for cells in sheet.iter_rows(HEADER_ROW, HEADER_ROW + 1, 1, len(COLUMNS)):
        for cell in cells:
            cell.font, cell.border = Font(bold=True), LINE
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)


def _goods(sheet: Worksheet, goods: list[dict[str, str]]) -> None:
    row, group = HEADER_ROW + 2, ""
    for number, good in enumerate(goods, 1):
        if good["group"] != group:
            group = good["group"]
            cell = sheet.cell(row, 1, group)
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8E8E8")
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(COLUMNS))
            row += 1
        for column, (_, key, _) in enumerate(COLUMNS, 1):
            text = good.get(key, "")
            value = number if not key else int(text) if column in PRICES and text.isdecimal() else text or None
            cell = sheet.cell(row, column, value)
            cell.border = LINE
            if column in PRICES:
                cell.number_format = "#,##0.00"
        row += 1


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
