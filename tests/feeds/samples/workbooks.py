"""Workbooks of sellers, suppliers and 1C.

Belongs here: XLSX made with openpyxl where that is there. Stays out: damaged workbooks (``test_sheets``).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal as D
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from tests.feeds.samples.goods import GOODS, TURKISH, ean, zipped
from tests.feeds.samples.sample import Sample

#: When it was saved, which a workbook says of itself.
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def book(sheets: dict[str, Sequence[Sequence[Any]]], style: Callable[[Any], None] | None = None) -> bytes:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if style:
            style(sheet)
    buffer = io.BytesIO()
    workbook.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        parts = {name: _MOMENT.sub(b"2026-01-01T00:00:00Z", archive.read(name)) for name in archive.namelist()}
    return zipped(parts)


def xl(name: str, content: bytes, accepted: int, first: dict[str, Any], **more: Any) -> Sample:
    return Sample(name, {f"{name}.xlsx": content}, "xlsx", accepted, {0: first, **more.pop("others", {})}, **more)


def _merged_titles(sheet: Any) -> None:
    sheet.merge_cells("A1:F1")
    sheet["A1"].font = Font(bold=True)
    sheet.merge_cells("D4:E4")


def _indented_groups(sheet: Any) -> None:
    for row in sheet.iter_rows(min_row=2, max_col=2):
        if row[0].value is None and row[1].value:
            row[1].font = Font(bold=True)
            row[1].alignment = Alignment(indent=1)


def workbooks() -> list[Sample]:
    """All samples of this module."""
    list_1c = [
        ["Прайс-лист на 01.03.2024"],
        ["ООО «Лён и Ко», тел. 123"],
        [],
        ["Артикул", "Номенклатура", "Ед.", "Цена", None, "Остаток"],
        [None, None, None, "розн.", "опт", None],
        [None, "Одежда"],
        ["L1", GOODS[0][0], "шт", 1990, 990, 3],
        ["L2", GOODS[2][0], "шт", 990.5, 500, 0],
        [None, "Аптека"],
        ["L3", GOODS[1][0], "шт", 190, 90, ">10"],
        ["L4", GOODS[3][0], "шт", 290, 100, None],
        [None, None, None, None, None, None],
        [None, "Итого", None, 3460.5, 1680, 13],
    ]
    indented = [
        ["Код", "Наименование", "Цена розн.", "Цена опт", "Остаток"],
        [None, "Одежда"],
        [None, "  Платья"],
        ["1", GOODS[0][0], 100, 50, 1],
        ["2", "Платье трикотажное", 110, 60, 1],
        [None, "  Куртки"],
        ["3", GOODS[7][0], 900, 500, 2],
        [None, "Аптека"],
        ["4", GOODS[1][0], 90, 50, 2],
        ["5", GOODS[6][0], 95, 55, 0],
    ]
    three = [
        ["Товар", None, "Цены, руб.", None, "Склад"],
        ["Код", "Наименование", "Розничные", "Оптовые", "Остаток"],
    ] + [[f"K{n}", GOODS[n][0], 100 + n, 50 + n, n] for n in range(8)]
    ozon = [
        [
            "Артикул",
            "Ozon Product ID",
            "SKU",
            "Barcode",
            "Название товара",
            "Контент-рейтинг",
            "Бренд",
            "Статус товара",
            "Доступно на складе Ozon, шт",
            "Текущая цена с учетом скидки, ₽",
            "Цена до скидки (перечеркнутая цена), ₽",
            "Цена Premium, ₽",
            "Размер НДС, %",
            "Ссылка на товар",
        ],
        *[
            [
                f"'A-{n}",
                100500 + n,
                900500 + n,
                ean(n),
                *GOODS[n][:1],
                95,
                GOODS[n][1],
                "Продается",
                n,
                f"{1500 + n}.00",
                f"{3000 + n}.00",
                None,
                "20%",
                f"https://www.ozon.ru/product/{900500 + n}",
            ]
            for n in range(8)
        ],
    ]
    stock = [
        [
            f"{3100 + n // 3}",
            f"{('Блузка', 'Юбка', 'Брюки', 'Туфли')[n // 3 % 4]} женская",
            42 + 2 * (n % 3),
            ("белый", "черный", "красный")[n % 3],
            n % 5,
            1900.5 + 100 * n,
        ]
        for n in range(24)
    ]
    sheets = {
        name: [["Артикул", "Наименование", "Цена"], *[[f"{name[0]}{n}", GOODS[n + s][0], 100 + n] for n in range(4)]]
        for s, name in ((0, "Одежда"), (4, "Разное"))
    }
    turkish = [
        ["STOK LİSTESİ"],
        ["Ürün Kodu", "Ürün Adı", "Barkod", "Satış Fiyatı (TL)", "KDV", "Stok Miktarı", "Marka"],
        *[[f"U{n}", name, int(ean(n)), 149.9 + n, 0.1, n, brand] for n, (name, brand, _) in enumerate(TURKISH)],
    ]
    return [
        xl(
            "price-list-1c",
            book({"TDSheet": list_1c}, _merged_titles),
            4,
            {
                "external_id": "L1",
                "title": GOODS[0][0],
                "price": D(1990),
                "category_hint": "Одежда",
                "available": True,
                "attr:Цена опт": "990",
            },
            quarantined=1,
            others={2: {"category_hint": "Аптека", "available": True}},
        ),
        xl(
            "price-list-indented",
            book({"Лист1": indented}, _indented_groups),
            5,
            {"external_id": "1", "price": D(100), "category_hint": "Одежда > Платья"},
            others={2: {"category_hint": "Одежда > Куртки"}, 3: {"category_hint": "Аптека"}},
        ),
        xl(
            "two-header-rows",
            book({"Лист1": three}),
            8,
            {"external_id": "K0", "title": GOODS[0][0], "price": D(100), "currency": "RUB", "available": False},
        ),
        xl(
            "ozon-seller",
            book({"Товары и цены": ozon, "Инструкция": [["Как заполнить"], ["Название товара обязательно"]]}),
            8,
            {
                "title": GOODS[0][0],
                "price": D("1500.00"),
                "old_price": D("3000.00"),
                "currency": "RUB",
                "brand": "Лён и Ко",
                "barcodes": [ean(0)],
                "available": False,
            },
        ),
        xl(
            "stock-without-header",
            book({"Лист1": stock}),
            24,
            {
                "title": "Блузка женская",
                "price": None,
                "price_note": "ambiguous",
                "attr:color": "белый",
                "attr:size": "42",
            },
            notes=("may be the price",),
        ),
        xl(
            "several-sheets",
            book({**sheets, "Контакты": [["Телефон", "123"]]}),
            8,
            {"external_id": "О0", "category_hint": "Одежда"},
            others={4: {"category_hint": "Разное"}},
        ),
        xl(
            "turkish-workbook",
            book({"Sayfa1": turkish}),
            6,
            {
                "external_id": "U0",
                "title": TURKISH[0][0],
                "price": D("149.9"),
                "currency": "TRY",
                "barcodes": [ean(0)],
                "brand": "Akçay",
            },
        ),
        Sample("empty-workbook", {"e.xlsx": book({"A": []})}, refused="exported"),
    ]
