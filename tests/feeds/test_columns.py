"""Columns told by header words and by content; the title is never guessed."""

from __future__ import annotations

import pytest

from vitrina.feeds.columns import recognise
from vitrina.feeds.records import DropUnreadable, SourceConfig
from vitrina.feeds.synonyms import match


def table(headers, *rows, config=None):
    return recognise(headers, [dict(zip(headers, row, strict=True)) for row in rows], config or SourceConfig())


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Product_Image_URL", "image"),
        ("productName", "title"),
        ("Ценовая группа/ Номенклатура/ Характеристика", "title"),
        ("Розничная цена, руб.", "price"),
        ("ÜRÜN ADI", "title"),
        ("İndirimli Fiyat", "price"),
        ("Штрих-код", "barcode"),
        ("Закупочная цена", "attribute"),
        ("weight_volume_price", "attribute"),
        ("Остаток", "available"),
        ("Наименование товаров", "title"),
        ("Название магазина", "attribute"),
        ("shipped from", None),
    ],
)
def test_a_header_is_matched_in_three_languages(header, field):
    found = match(header)
    assert (found.field if found else None) == field


def test_an_image_column_that_holds_product_pages_is_the_link():
    found = table(
        ["product_title", "product_price", "product_brand", "product_description", "product_image"],
        ["Veet", "169,90 TL", "Veet", "Erkek Krem 200 ml", "https://shop.example/veet/krem-p-4974299?b=1"],
        ["Clear", "39,90 TL", "Clear", "Şampuan 350 ml", "https://shop.example/clear/sampuan-p-65436"],
    )
    assert found.targets["product_image"] == "url"
    assert found.targets["product_description"] == "title"
    assert found.targets["product_title"] == "ignore"
    assert any("repeats the brand" in note for note in found.notes)


def test_the_retail_price_is_chosen_and_the_others_stay_attributes():
    found = table(["Наименование", "ОПТ от 30 000 руб", "Розничные"], ["Крем", "100", "200"], ["Гель", "50", "99"])
    assert found.targets["Розничные"] == "price"
    assert found.targets["ОПТ от 30 000 руб"].startswith("attribute:")


def test_the_undiscounted_turkish_price_is_the_old_one():
    found = table(["Ürün Adı", "Satış Fiyatı", "İndirimli Satış Fiyatı"], ["Krem", "189,90 TL", "149,90 TL"])
    assert found.of("old_price") == ["Satış Fiyatı"]
    assert found.of("price") == ["İndirimli Satış Fiyatı"]


def test_a_plain_price_beside_a_final_price_is_the_old_one():
    found = table(["name", "price", "finalPrice"], ["Krem", "100 TL", "80 TL"])
    assert found.targets["price"] == "old_price"
    assert found.targets["finalPrice"] == "price"


def test_the_regular_price_stands_where_no_sale_is_given(read_text):
    drop = read_text("Product ID,Name,Regular Price,Sale Price\n1,Dress,$12.00,\n2,Skirt,$30.00,$25.00\n")
    assert [(str(p.price), p.old_price) for p in drop.products] == [("12.00", None), ("25.00", 30)]


def test_a_header_is_not_believed_against_the_content():
    found = table(["Название", "Цена", "Бренд"], ["Крем", "по акции", "12"], ["Гель", "звоните", "7"])
    assert found.of("price") == []
    assert found.of("brand") == []


def test_row_numbers_are_no_ids():
    rows = [[str(i), str(i), f"Крем {i}", f"https://shop.example/p/{i}00000"] for i in range(1, 40)]
    found = table(["№ п/п", "id", "Название", "Ссылка"], *rows)
    assert found.of("id") == []


def test_a_running_number_is_the_id_only_for_want_of_another():
    found = table(["№ п/п", "id", "Название"], *[[str(i), str(i), f"Крем {i}"] for i in range(1, 40)])
    assert found.of("id") == ["id"]
    assert any("counts the rows" in note for note in found.notes)


def test_a_table_without_a_title_is_refused_with_a_mapping_to_write():
    with pytest.raises(DropUnreadable) as error:
        table(["a", "b"], ["1", "x"], ["2", "y"], config=SourceConfig(source="shop"))
    text = str(error.value)
    assert "drops/shop/source.yaml" in text
    assert "mapping:" in text
    assert "1. a: 1 · 2" in text


def test_source_yaml_wins_over_recognition():
    config = SourceConfig(mapping={"b": "title", "название": "attribute:старое", "Цена": "ignore"})
    found = table(["Название", "b", "Цена"], ["x", "Крем", "1"], config=config)
    assert found.targets == {"Название": "attribute:старое", "b": "title", "Цена": "ignore"}


def test_a_mapping_by_number_serves_a_table_without_header():
    found = table(["1", "2"], ["7", "q"], ["8", "w"], config=SourceConfig(mapping={"2": "title", "1": "price"}))
    assert found.targets == {"1": "price", "2": "title"}


def test_content_alone_tells_a_marketplace_list():
    rows = [
        [f"Рубашка мужская {i}", f"{i}99\u2009₽", f"{i} отзывов", "Завтра доставит Ozon, продавец Лён",
         f"https://shop.example/product/rubashka-{i}00000/?asb=1"]
        for i in range(1, 9)
    ]  # fmt: skip
    found = table(["1", "2", "3", "4", "5"], *rows)
    assert list(found.targets.values()) == ["title", "price", "attribute:reviews", "supplier", "url"]


def test_two_columns_that_may_be_the_price_leave_it_unknown():
    rows = [[f"А-{i}", f"Джемпер женский {i}", f"{i}4,5", f"{i}7,4"] for i in range(1, 30)]
    found = table(["1", "2", "3", "4"], *rows)
    assert found.of("title") == ["2"]
    assert found.doubtful_prices == ["3", "4"]


def test_plain_text_lines_are_no_list_of_goods():
    with pytest.raises(DropUnreadable):
        table(["1"], *[[f"some line of prose number {i}"] for i in range(30)])
