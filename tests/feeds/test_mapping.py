"""Rows to products: identity, prices of a row, cells that are more than text, and source.yaml."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.feeds import cells, identity, source_config
from vitrina.feeds.mapping import Mapper
from vitrina.feeds.plans import category_of_file
from vitrina.feeds.records import CANONICAL_FIELDS, ParsedProduct, QuarantinedRow, RawRow, SourceConfig, Table


def mapped(rows, config=None, canonical=True, **options):
    raw = [RawRow(number, row) for number, row in enumerate(rows, 1)]
    return list(Mapper(Table("test", raw, canonical=canonical), config or SourceConfig(), **options))


@pytest.mark.parametrize(
    ("link", "number"),
    [
        ("https://www.ozon.ru/product/zhelatin-p11-500-gr-280489636/?advert=7Q-999999/", "280489636"),
        ("https://www.ozon.ru/product/280489636", "280489636"),
        ("https://www.wildberries.ru/catalog/30143139/detail.aspx?targetUrl=GP", "30143139"),
        ("https://www.trendyol.com/veet/krem-200ml-x-2-adet-p-4974299?boutiqueId=61&merchantId=430463", "4974299"),
        ("https://www.trendyol.com/veet/krem-p-4974299/yorumlar", "4974299"),
        ("https://us.shein.com/Belt,-Retro-p-39962322.html", "39962322"),
        ("https://shop.example/item.php?utm_source=x&id=77", "77"),
        ("https://www.hepsiburada.com/krem-pm-HBC00000ABCDE", "HBC00000ABCDE"),
        ("https://shop.example/krem-dlya-lica/", None),
        ("https://shop.example/blog-24", None),
    ],
)
def test_the_article_number_of_a_link_is_the_id(link, number):
    assert identity.from_url(link) == number


@given(st.text(max_size=200))
def test_no_link_raises(link):
    identity.from_url(link)
    identity.page(link)
    cells.url(link)
    cells.urls(link)


def test_a_derived_id_is_stable_against_typing_and_differs_by_size():
    one = identity.derived("Крем  «Лён», 50 мл", "Мёд", "S")
    assert one == identity.derived("крем лён 50 МЛ", "МЕД", "s")
    assert one != identity.derived("Крем «Лён», 50 мл", "Мёд", "M")


def test_identity_is_the_id_then_the_link_then_the_title():
    products = mapped(
        [
            {"id": 7, "title": "Крем", "url": "https://a.example/x-123456"},
            {"title": "Крем", "url": "https://a.example/x-123456?utm_source=1"},
            {"title": "Крем", "brand": "Мёд"},
        ]
    )
    assert [(p.external_id, p.identity) for p in products[:2]] == [("7", "id"), ("123456", "url")]
    assert products[2].identity == "derived"
    assert products[2].notes == ["id derived from title and brand"]


def test_one_row_per_size_gives_one_product_per_size():
    rows = [
        {"Артикул": "1038", "Название": "Джемпер женский", "Размер": size, "Цена": "10"} for size in ("42", "44", "44")
    ]
    products = mapped(rows, canonical=False)
    assert [p.external_id for p in products] == ["1038/42", "1038/44", "1038/44"]


def test_several_columns_mapped_to_the_id_are_joined():
    config = SourceConfig(mapping={"a": "id", "b": "id"})
    (product,) = mapped([{"a": "1", "b": "2", "title": "Крем"}], config, canonical=False)
    assert product.external_id == "1/2"


def test_canonical_rows_keep_their_attributes():
    (product,) = mapped(
        [
            {
                "id": "1", "title": "Платье", "price": Decimal("10.5"), "currency": "TL", "old_price": "12,00",
                "image": ["https://a.example/1.jpg", "//a.example/2.jpg"], "category": "Одежда / Платья",
                "size": ["S", "M"],
                "barcode": "4006381333931", "available": "нет в наличии", "attr:Ткань": "лён", "attr:пусто": "",
            }
        ]
    )  # fmt: skip
    assert (product.price, product.currency, product.old_price) == (Decimal("10.5"), "TRY", Decimal("12.00"))
    assert product.image_urls == ["https://a.example/1.jpg", "https://a.example/2.jpg"]
    assert product.category_hint == "Одежда > Платья"
    assert product.attributes == {"size": ["S", "M"], "Ткань": "лён"}
    assert (product.barcodes, product.available, product.price_note) == (["4006381333931"], False, None)


def test_prices_without_currency_say_that_it_was_assumed():
    (product,) = mapped([{"title": "Крем", "price": "10"}], SourceConfig(currency="TRY"))
    assert (product.currency, product.price_note) == ("TRY", "currency_assumed")


def test_filler_prices_and_minor_units_follow_the_settings():
    config = SourceConfig(filler_prices=("159.9",), price_unit="minor")
    filler, real = mapped([{"title": "A", "price": "15990"}, {"title": "B", "price": 12345}], config)
    assert (filler.price, filler.price_note) == (None, "filler")
    assert real.price == Decimal("123.45")


@pytest.mark.parametrize("title", ["", None, "---", "null", "🎉", "<br>", "   "])
def test_a_record_without_a_title_goes_to_quarantine_with_its_raw_text(title):
    (row,) = mapped([{"id": "1", "title": title, "price": 5}])
    assert isinstance(row, QuarantinedRow)
    assert row.reason == "no_title"
    assert '"price":5' in row.raw


def test_json_inside_cells_is_understood():
    rows = [
        {
            "id": "1",
            "name": "Belt",
            "price": "1 USD",
            "images": '["https://a.example/1.jpg","https://a.example/2.jpg"]',
            "category tree": '[{"name":"Men"},{"name":"Belts"}]',
            "other attributes": '[{"name":"Material","value":"Leather"}]',
            "offers": "null",
        }
    ]
    (product,) = mapped(rows, canonical=False)
    assert len(product.image_urls) == 2
    assert product.category_hint == "Men > Belts"
    assert product.attributes == {"Material": "Leather"}


def test_dangerous_links_are_dropped():
    assert cells.url("javascript:alert(1)") is None
    assert cells.url("/relative") is None
    assert cells.urls("https://a.example/1.jpg, https://a.example/2.jpg|https://a.example/1.jpg") == [
        "https://a.example/1.jpg",
        "https://a.example/2.jpg",
    ]


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=20)
NESTED = st.recursive(VALUES, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3))
KEYS = st.sampled_from(["title", "title", "title", "attr:x", *CANONICAL_FIELDS])


@given(st.lists(st.dictionaries(KEYS, NESTED, max_size=8), max_size=5))
def test_every_record_comes_out_as_one_item_whatever_it_holds(rows):
    items = mapped(rows)
    assert len(items) == len(rows)
    for item in items:
        assert isinstance(item, ParsedProduct | QuarantinedRow)
        if isinstance(item, ParsedProduct):
            assert item.external_id
            assert item.title
            assert (item.price is None) == (item.currency is None)


def test_the_file_name_says_the_category():
    assert category_of_file("ozon/dzhinsy-zhenskie-7503.csv.gz") == "dzhinsy-zhenskie"
    assert category_of_file("export-20220516.csv") is None
    assert category_of_file("products-12.csv") is None


def test_source_yaml_is_read():
    config = source_config.load(
        "name: Магазин\ncurrency: TL\nmapping: {1: title, 'Цена': price}\nfull_list: yes", "shop"
    )
    assert (config.source, config.name, config.currency, config.full_list) == ("shop", "Магазин", "TRY", True)
    assert config.mapping == {"1": "title", "Цена": "price"}
    assert source_config.load("", "shop") == SourceConfig(source="shop")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour: red", "`colour` is not a setting"),
        ("mapping: {a: titel}", "must be one of"),
        ("currency: gold", "no currency we know"),
        ("price_unit: penny", "price_unit"),
        ("- a\n- b", "must be a list of"),
        ("a: [", "not valid YAML"),
        ("name: 2026-99-99", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        (b"\xff\xfe", r"not UTF-8 \(byte 0\)"),
        ("x: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_wrong_source_yaml_is_refused_with_the_reason(text, message):
    with pytest.raises(source_config.SourceConfigError, match=message):
        source_config.load(text, "shop")


def test_a_missing_source_yaml_means_defaults(tmp_path):
    assert source_config.load(tmp_path / "source.yaml", "shop") == SourceConfig(source="shop")
