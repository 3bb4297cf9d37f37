"""Workbooks: headers of several rows, groups between goods, instructions, odd cells."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from openpyxl import Workbook

from vitrina.feeds.groups import GroupPath
from vitrina.feeds.records import DropUnreadable, NoProducts, SourceConfig


def saved(workbook):
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def sheet_of(*rows, merge=()):
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    for area in merge:
        sheet.merge_cells(area)
    return saved(workbook)


@pytest.fixture
def read_sheet(read_bytes):
    return lambda content, **options: read_bytes(content, "list.xlsx", **options)


def test_a_price_list_with_groups_gives_category_paths(read_sheet):
    goods = [["Крем дневной", "К1", 100, 4.0], ["Крем ночной", "К2", 200, None]]
    content = sheet_of(
        ["Прайс-лист на 1 мая"],
        ["Номенклатура", "Артикул", "Цена, руб.", "Остаток"],
        ["01. Косметика"],
        ["  1. Кремы"],
        *goods,
        ["  2. Гели"],
        ["Гель", "Г1", 50, 1],
        ["02. Одежда"],
        ["Платье", "П1", 900, 0],
    )
    drop = read_sheet(content)
    assert [(p.external_id, p.category_hint, p.available) for p in drop.products] == [
        ("К1", "01. Косметика > 1. Кремы", True),
        ("К2", "01. Косметика > 1. Кремы", None),
        ("Г1", "01. Косметика > 2. Гели", True),
        ("П1", "02. Одежда", False),
    ]
    assert drop.report.rows == 4
    assert drop.products[0].number == 5


def test_a_group_that_no_goods_follow_is_kept_in_quarantine(read_sheet):
    rows = [[f"Крем {i}", f"К{i}", 100 + i] for i in range(5)]
    drop = read_sheet(sheet_of(["Название", "Артикул", "Цена"], *rows, ["Крем без цены"]))
    assert drop.report.reasons == {"group_without_goods": 1}
    assert drop.quarantine[0].raw == "Крем без цены"


def test_a_header_of_two_rows_is_joined(read_sheet):
    content = sheet_of(
        ["Штрихкод", "Наименование", "Цена", None, None],
        [None, None, "опт", "дилер", "розница"],
        [4006381333931.0, "Крем", 10, 12, 20],
        [4006381333931.0, "Гель", 11, 13, 21],
        merge=["A1:A2", "B1:B2", "C1:E1"],
    )
    drop = read_sheet(content)
    first = drop.products[0]
    assert (first.price, first.barcodes) == (20, ["4006381333931"])
    assert first.attributes == {"Цена опт": "10", "Цена дилер": "12"}


def test_the_title_of_a_list_is_no_parent_and_its_total_no_product(read_sheet):
    rows = [[i, f"Кабель {i}", f"{i}0,5"] for i in range(1, 6)]
    drop = read_sheet(sheet_of(["Цена"], ["№", "Наименование товара", "Цена с НДС, $"], *rows, ["", "Итого", "50"]))
    assert [str(product.price) for product in drop.products] == ["10.5", "20.5", "30.5", "40.5", "50.5"]
    assert {(product.currency, product.price_note) for product in drop.products} == {("USD", None)}
    assert drop.report.reasons == {"no_title": 1}


def test_a_template_with_hints_and_instructions_gives_only_its_goods(read_sheet):
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "Товары"
    sheet.append(["", "Основная информация"])
    sheet.append(["Артикул продавца", "Наименование", "Цена", "Баркоды"])
    sheet.append(
        ["Номер, если вы его знаете", "Укажите название", "Единица измерения: руб.", "Максимальное количество: 5"]
    )
    sheet.append(["A-1", "Платье", 100, "4006381333931"])
    sheet.append(["A-2", "", 100, ""])
    other = workbook.create_sheet("Инструкция")
    other.append(["Артикул продавца", "Наименование"])
    other.append(["2524", "Шлепанцы"])
    drop = read_sheet(saved(workbook))
    assert [p.title for p in drop.products] == ["Платье"]
    assert drop.report.reasons == {"no_title": 1}
    assert any("Инструкция" in note for note in drop.report.notes)


def test_each_sheet_with_goods_is_read_and_names_the_category(read_sheet):
    workbook = Workbook()
    for title in ("Кремы", "Гели"):
        sheet = workbook.create_sheet(title)
        sheet.append(["Название", "Артикул", "Цена"])
        sheet.append([f"{title} для лица", title[0], 5])
    drop = read_sheet(saved(workbook))
    assert [(p.title, p.category_hint) for p in drop.products] == [
        ("Кремы для лица", "Кремы"),
        ("Гели для лица", "Гели"),
    ]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_left_out_and_said(read_sheet, state):
    workbook = Workbook()
    for title in ("Кремы", "Черновик"):
        sheet = workbook.create_sheet(title)
        sheet.append(["Название", "Артикул", "Цена"])
        sheet.append([f"{title} для лица", title[0], 5])
    workbook["Черновик"].sheet_state = state
    drop = read_sheet(saved(workbook))
    assert [product.title for product in drop.products] == ["Кремы для лица"]
    assert any('hidden sheet "Черновик" was left out' in note for note in drop.report.notes)


def test_numbers_dressed_as_dates_and_error_cells_do_no_harm(read_sheet):
    content = sheet_of(
        ["Название", "Артикул", "Характеристика", "Цена"],
        ["Крем", "К1", dt.date(1900, 1, 2), "#DIV/0!"],
        ["Гель", "Г1", dt.date(2024, 5, 1), 3.5],
    )
    drop = read_sheet(content)
    assert drop.products[0].attributes["Характеристика"] == "2"
    assert drop.products[0].price is None
    assert drop.products[1].attributes["Характеристика"] == "2024-05-01"


def test_a_workbook_without_a_title_is_refused(read_sheet):
    with pytest.raises(DropUnreadable, match="title"):
        read_sheet(sheet_of(["a", "b"], [1, 2]))


def test_an_empty_workbook_holds_no_products(read_sheet):
    with pytest.raises(NoProducts):
        read_sheet(sheet_of())


def test_a_damaged_workbook_is_refused(read_sheet):
    content = sheet_of(["Название", "Цена"], ["Крем", 1])
    with pytest.raises(DropUnreadable):
        read_sheet(content[: len(content) // 2])


def test_a_bomb_is_refused_before_it_is_unpacked(read_sheet):
    stream = io.BytesIO(sheet_of(["Название", "Цена"], ["Крем", 1]))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", b"\0" * 120_000_000)
    with pytest.raises(DropUnreadable):
        read_sheet(stream.getvalue())


def test_a_list_without_header_follows_its_mapping(read_sheet):
    config = SourceConfig(has_header=False, mapping={"1": "id", "2": "title", "3": "price"})
    drop = read_sheet(sheet_of(["К1", "Крем", 10], ["Г1", "Гель", 20]), config=config)
    assert [(p.external_id, p.title, p.price) for p in drop.products] == [("К1", "Крем", 10), ("Г1", "Гель", 20)]


def test_levels_of_groups_follow_numbering_and_order():
    path = GroupPath()
    seen = []
    for line in ("01. A", "  1. B", "C", "*", "D", "*", "  2. E", "*", "10. F", "*", "02. G", "*", "H", "*", "I", "*"):
        if line == "*":
            seen.append(path.goods())
        else:
            assert path.enter(1, line) == []
    assert seen == [
        "01. A > 1. B > C", "01. A > 1. B > D", "01. A > 2. E", "01. A > 10. F", "02. G", "02. G > H", "02. G > I"
    ]  # fmt: skip
