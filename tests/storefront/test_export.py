"""What leaves for shops: no formula in CSV, JSON Lines that parse back, a market feed that keeps its rules."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from lxml import etree

from tests.catalog.making import approve_all, catalogue, day, parsed, take
from vitrina.catalog.models import Publication
from vitrina.catalog.publishing import publish
from vitrina.categories.models import Category
from vitrina.objects import open_store
from vitrina.storefront.export import EXPORT_PREFIX, export_storefront
from vitrina.storefront.items import StorefrontItem, published_items
from vitrina.storefront.tables import safe_cell, to_csv, to_jsonl
from vitrina.storefront.yml_feed import DESCRIPTION_MAX, build_feed, check_feed

ITEM = StorefrontItem(
    product_id=1, source="shop", external_id="A-1", title="Платье летнее", description_html="<p>Лёгкое.</p>",
    benefits=("Лёгкое",), seo_title="Платье", seo_description="Купить платье", keywords=("платье", "лето"),
    brand="Ada", price=Decimal("100.50"), old_price=Decimal(200), currency="RUB", available=True,
    category_path=((1, "Одежда"), (2, "Платья")), url="https://a.example/1",
    image_urls=("https://a.example/1.jpg", "javascript:alert(1)"), barcodes=("4600000000008",),
    attributes={"Цвет": "синий"}, version=1, written_by="test",
)  # fmt: skip


def feed_of(*items: StorefrontItem) -> tuple[bytes, list[Any]]:
    return build_feed(
        items, shop="Лавка", company="ООО", url="https://shop.example", now=datetime(2026, 5, 1, tzinfo=UTC)
    )


def cells_of(item: StorefrontItem) -> dict[str, str]:
    [row] = csv.DictReader(io.StringIO(to_csv([item]).decode("utf-8-sig"), newline=""))
    return row


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0 ", "\0"])
def test_a_text_that_looks_like_a_formula_is_made_safe(start, before):
    text = f"{before}{start}cmd|' /C calc'!A0"
    cell = cells_of(replace(ITEM, title=text, brand=text, external_id=text))
    for column in ("title", "brand", "external_id"):
        assert cell[column] == "'" + text.replace("\0", "")


@pytest.mark.parametrize(
    ("value", "cell"),
    [(Decimal("-5.10"), "-5.10"), (-5, "-5"), (0, "0"), (None, ""), (True, "True"), ("a=b", "a=b"), ("", "")],
)
def test_numbers_and_plain_texts_stay_as_they_are(value, cell):
    assert safe_cell(value) == cell


def test_csv_has_a_mark_for_excel_and_reads_back():
    data = to_csv([replace(ITEM, title='Кавычки " и ; , \n строка')])
    assert data.startswith(b"\xef\xbb\xbf")
    row = cells_of(replace(ITEM, title='Кавычки " и ; , \n строка'))
    assert row["title"] == 'Кавычки " и ; , \n строка'
    assert (row["price"], row["category"], row["available"]) == ("100.50", "Одежда > Платья", "yes")
    assert "<p>" not in row["description"]


def test_json_lines_parse_back_one_product_a_line():
    lines = to_jsonl([ITEM, replace(ITEM, product_id=2, title="a\nb\u2028c", price=None)]).split(b"\n")
    assert lines.pop() == b""
    first, second = (orjson.loads(line) for line in lines)
    assert (first["price"], first["category_path"], first["title"]) == (
        "100.50",
        [[1, "Одежда"], [2, "Платья"]],
        ITEM.title,
    )
    assert (second["price"], second["title"]) == (None, "a\nb\u2028c")


def test_our_own_feed_keeps_every_rule():
    data, left_out = feed_of(ITEM, replace(ITEM, product_id=2, currency="USD", old_price=Decimal(1), brand=None))
    assert (check_feed(data), left_out) == ([], [])
    offers = etree.fromstring(data).findall(".//offer")
    assert [picture.text for picture in offers[0].findall("picture")] == ["https://a.example/1.jpg"]
    assert [offer.findtext("oldprice") for offer in offers] == ["200", None]


DAMAGES = [
    (b'<offer id="1"', b'<offer id="a b"', "id is wrong"),
    (b'<offer id="2"', b'<offer id="1"', "id is wrong or repeats"),
    ("<name>Платье летнее".encode(), b"<name> ", "name of"),
    ("<name>Платье летнее".encode(), b"<name>" + b"n" * 257, "name of"),
    (b"<price>100.5<", b"<price>0<", "price '0'"),
    (b"<price>100.5<", b"<price>1e3<", "price '1e3'"),
    (b"<price>100.5<", b"<price>100,50<", "price '100,50'"),
    (b"<price>100.5</price>", b"", "price ''"),
    (b"<oldprice>200<", b"<oldprice>100<", "old price is not above"),
    (b"<oldprice>200<", b"<oldprice>dear<", "old price 'dear'"),
    (b"<currencyId>RUB<", b"<currencyId>XXX<", "unknown currency"),
    (b"<categoryId>2<", b"<categoryId>77<", "unknown category"),
    (b"<![CDATA[", b"<![CDATA[" + b"d" * DESCRIPTION_MAX, "description is too long"),
    (b"<picture>", b"<picture/>" * 20 + b"<picture>", "too many pictures"),
    (b'parentId="1"', b'parentId="55"', "unknown parent"),
    ("<name>Лавка".encode(), b"<name>", "shop has no name"),
    (b'date="', b'day="', "yml_catalog with a date"),
]


@pytest.mark.parametrize(("sound", "damaged", "sentence"), DAMAGES)
def test_each_broken_rule_is_found(sound, damaged, sentence):
    data, _ = feed_of(ITEM, replace(ITEM, product_id=2))
    assert sound in data
    found = check_feed(data.replace(sound, damaged, 1))
    assert any(sentence in line for line in found), found


HOSTILE = "\x00\x01\x1b\ufffe]]><script>alert(1)</script>&amp;<!-- 👗 \ud800 \"'"


def test_hostile_texts_do_not_break_the_feed():
    item = replace(
        ITEM, title=HOSTILE, brand=HOSTILE, description_html=f"<p>{HOSTILE}</p>", barcodes=(HOSTILE,),
        attributes={HOSTILE: HOSTILE}, category_path=((1, HOSTILE),), url=HOSTILE, image_urls=(HOSTILE,),
    )  # fmt: skip
    data, left_out = feed_of(item)
    assert (check_feed(data), left_out) == ([], [])
    root = etree.fromstring(data)
    assert root.find(".//script") is None
    assert "👗" in (root.findtext(".//offer/name") or "")
    assert root.find(".//offer/url") is None


def test_a_description_that_escaping_makes_too_long_is_cut_and_not_refused():
    part = "<p>" + "]]>" * 100 + "</p>"
    data, left_out = feed_of(replace(ITEM, description_html=part * (DESCRIPTION_MAX // len(part))))
    assert (check_feed(data), left_out) == ([], [])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"price": None}, "price is not above zero"),
        ({"price": Decimal(0)}, "price is not above zero"),
        ({"currency": "GBP"}, "currency GBP is not taken"),
        ({"currency": None}, "currency None is not taken"),
        ({"category_path": ()}, "no category"),
        ({"title": " \x01\x02"}, "name is empty"),
    ],
)
def test_what_the_feed_cannot_carry_is_left_out_with_its_rule(changes, rule):
    data, left_out = feed_of(ITEM, replace(ITEM, product_id=2, **changes))
    assert [(left.product_id, left.rule) for left in left_out] == [(2, rule)]
    assert check_feed(data) == []
    assert len(etree.fromstring(data).findall(".//offer")) == 1


@pytest.fixture
def shown(settings):
    """Two products on show in one category."""
    attributes = {"Цвет": "синий", "Оптовая цена": "11.77", "wholesale_price": "12.77", "Закупка": "13.77"}
    take(day(1), [parsed("1", price=500, attributes=attributes), parsed("2", price=600)], full_list=True)
    approve_all()
    publish(settings)
    node = Category.objects.create(slug="x", name_ru="Платья", path_ru="Платья")
    Publication.objects.update(category=node)
    return catalogue()


def written(settings) -> dict[str, Any]:
    store = open_store(settings)
    return {
        info.key.removeprefix(EXPORT_PREFIX): (info.modified, store.get(info.key)) for info in store.list(EXPORT_PREFIX)
    }


def test_an_export_writes_three_files_without_wholesale_prices(settings, shown):
    result = export_storefront(open_store(settings), settings)
    assert (result.products, result.changed, result.left_out) == (2, True, [])
    files = written(settings)
    assert set(files) == {"products.jsonl", "products.csv", "market.yml", "manifest.json"}
    for _, data in files.values():
        assert not any(price in data for price in (b"11.77", b"12.77", b"13.77"))
    assert "синий".encode() in files["market.yml"][1]
    assert [item.external_id for item in published_items()] == ["1", "2"]


def test_an_unchanged_export_rewrites_nothing_and_a_new_shop_name_does(settings, shown):
    store = open_store(settings)
    export_storefront(store, settings)
    before = written(settings)
    assert export_storefront(store, settings).changed is False
    assert written(settings) == before
    assert export_storefront(store, settings.model_copy(update={"shop_name": "Новая"})).changed is True
    assert "Новая".encode() in written(settings)["market.yml"][1]


def test_delisted_products_leave_the_export(settings, shown):
    export_storefront(open_store(settings), settings)
    Publication.objects.filter(product=shown["2"]).update(state=Publication.State.DELISTED)
    assert export_storefront(open_store(settings), settings).products == 1
    files = written(settings)
    assert files["products.jsonl"][1].count(b"\n") == 1
    assert files["market.yml"][1].count(b"<offer ") == 1
