"""JSON of every outer shape gives its records; what is nested comes up as columns."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.feeds.feed_opening import open_one
from tests.feeds.json_goods import GOODS, titles
from vitrina.feeds.records import DropUnreadable, NoProducts, SourceConfig


@pytest.mark.parametrize(
    "document",
    [
        GOODS,
        {"products": GOODS},
        {"items": GOODS, "total": 5},
        {"data": {"products": GOODS}, "state": 0},
        {"data": {"cards": GOODS, "cursor": {"total": 5}}},
        {"data": {"items": GOODS}, "filters": [{"name": "Бренд", "key": "b", "values": [1, 2]}] * 20},
        {"name": "Shop", "url": "https://x.example", "result": {"goods": GOODS}},
        {"women": GOODS[:3], "men": GOODS[3:]},
        {
            "categories": [
                {"name": "A", "url": "/a", "products": GOODS[:2]},
                {"name": "B", "url": "/b", "products": GOODS[2:]},
            ]
        },
        [{"data": {"products": GOODS[:3]}}, {"data": {"products": GOODS[3:]}}],
        {f"sku-{n}": good for n, good in enumerate(GOODS)},
    ],
)
def test_the_list_of_products_is_found_wherever_it_stands(tmp_path: Path, document: object) -> None:
    opened = open_one(tmp_path, json.dumps(document, ensure_ascii=False), "whatever.bin")
    assert titles(opened) == [good["name"] for good in GOODS]
    assert [row.number for row in opened.rows] == [1, 2, 3, 4, 5]
    assert opened.broken == []


@pytest.mark.parametrize(
    "between", ["\n", "\r\n", "\n***********\n", ",\n", "", "\n\n\n", "\n-----\n", " ; ", "\n=====\r\n"]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_may_be_separated_by_anything(tmp_path: Path, between: str, indent: int | None) -> None:
    text = between.join(json.dumps(good, ensure_ascii=False, indent=indent) for good in GOODS)
    opened = open_one(tmp_path, text, "drop.json")
    assert titles(opened) == [good["name"] for good in GOODS]
    assert opened.broken == []
    assert opened.format == "jsonl"


def test_lines_that_are_answers_of_a_shop_give_their_products(tmp_path: Path) -> None:
    lines = [json.dumps({"page": page, "data": {"products": GOODS}}) for page in range(3)]
    opened = open_one(tmp_path, "\n".join(lines))
    assert len(opened.rows) == 15


@pytest.mark.parametrize("text", ["[]", "[1, 2, 3]", "null", '"text"', '{"products": []}', "[[], [[]]]", "{}"])
def test_json_without_objects_holds_no_products(tmp_path: Path, text: str) -> None:
    try:
        opened = open_one(tmp_path, text, "drop.json")
    except NoProducts:
        return
    assert [row.values for row in opened.rows] == [{}]


def test_a_mapping_in_source_yaml_tells_which_list_is_meant(tmp_path: Path) -> None:
    document = {"menu": [{"name": "Раздел"}] * 30, "rows": [{"nm": "Платье", "cst": 5}] * 3}
    config = SourceConfig(mapping={"nm": "title", "cst": "price"})
    opened = open_one(tmp_path, json.dumps(document), config=config)
    assert len(opened.rows) == 3
    assert opened.headers == ["nm", "cst"]


def test_variants_are_not_taken_for_products(tmp_path: Path) -> None:
    product = {
        "id": 1,
        "title": "Shirt",
        "vendor": "ACME",
        "variants": [
            {"id": 10, "title": "S", "price": "19.90", "sku": "a", "barcode": "4006381333931"},
            {"id": 11, "title": "M", "price": "17.90", "compare_at_price": "25.00", "sku": "b"},
        ],
        "images": [{"src": "https://x.example/1.jpg"}, {"src": "https://x.example/2.jpg"}],
    }
    opened = open_one(tmp_path, json.dumps({"products": [product] * 3}))
    assert len(opened.rows) == 3
    values = opened.rows[0].values
    assert (values["price"], values["old_price"], values["barcode"]) == ("17.90", "25.00", ["4006381333931"])
    assert values["images"] == ["https://x.example/1.jpg", "https://x.example/2.jpg"]


def test_what_shops_nest_comes_up_as_columns(tmp_path: Path) -> None:
    product = {
        "id": 5,
        "name": "Pamuklu Elbise",
        "brand": {"id": 7, "name": "Moda"},
        "price": {"sellingPrice": 199.9, "originalPrice": 299.9, "currency": "TRY"},
        "category": {"id": 3, "name": "Elbise"},
        "attributes": [{"key": "Renk", "value": "Mavi"}, {"key": "Kumaş", "value": "Pamuk"}],
        "breadcrumbs": [{"name": "Kadın"}, {"name": "Giyim"}],
    }
    (row,) = open_one(tmp_path, json.dumps({"result": {"products": [product]}})).rows
    values = row.values
    assert values["brand"] == "Moda"
    assert (values["price"], values["old_price"], values["currency"]) == (Decimal("199.9"), Decimal("299.9"), "TRY")
    assert values["category"] == "Elbise"
    assert not any(key.startswith("price.") for key in values)
    assert values["attributes.Renk"] == "Mavi"
    assert values["breadcrumbs"] == "Kadın > Giyim"


@pytest.mark.parametrize("wrapper", ["node", "_source", "product", "attributes"])
def test_records_in_envelopes_are_unwrapped(tmp_path: Path, wrapper: str) -> None:
    variants = {"edges": [{"node": {"title": size, "price": "9"}} for size in "SML"]}
    records = [{"_id": str(n), wrapper: {**good, "variants": variants}} for n, good in enumerate(GOODS)]
    opened = open_one(tmp_path, json.dumps({"data": {"edges": records}}))
    assert titles(opened) == [good["name"] for good in GOODS]
    assert opened.rows[0].values["price"] == Decimal("1.5")


@pytest.mark.parametrize("script", ["window.__STATE__ = {};", "callback({})", "const data={};\n"])
def test_json_inside_a_script_is_read(tmp_path: Path, script: str) -> None:
    text = script.replace("{}", json.dumps({"products": GOODS}, ensure_ascii=False))
    assert titles(open_one(tmp_path, text, "state.js")) == [good["name"] for good in GOODS]


def test_one_record_of_nothing_but_objects_makes_no_list_of_the_other_records(tmp_path: Path) -> None:
    odd = {"id": {}, "name": {"id": None, "name": "A", "price": 5}}
    assert titles(open_one(tmp_path, json.dumps([*GOODS, odd])))[: len(GOODS)] == [good["name"] for good in GOODS]


_VOCABULARY = """
id name price priceU salePriceU sizes colors brand supplier subjectId root kindId nmID nm_id vendorCode title
characteristics options photos skus caption media_type shortcode url images variants attributes node product
currency sellingPrice barcode breadcrumbs category edge_media_to_caption sold_out hashtags product total basic
origName
"""
_KEYS = _VOCABULARY.split()
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=12,
)
_BASES = [
    {"id": 1, "name": "A", "priceU": 100, "salePriceU": 90},
    {"nmID": 1, "vendorCode": "v", "title": "A"},
    {"id": "1", "caption": "Платье 100 ₽", "media_type": "IMAGE"},
    {"id": 1, "name": "A", "price": 5},
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(_BASES),
    st.lists(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6), min_size=1, max_size=3),
    st.booleans(),
)
def test_values_of_any_type_under_known_keys_end_in_rows(tmp_path: Path, base: dict, odd: list, lines: bool) -> None:
    records = [base] * (len(odd) + 2) + [{**base, **one} for one in odd] + odd
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    try:
        opened = open_one(tmp_path, text)
    except DropUnreadable:
        return
    if lines or opened.notes == []:
        assert len(opened.rows) + len(opened.broken) == len(records)


def test_the_offer_of_json_ld_gives_price_and_currency(tmp_path: Path) -> None:
    offer = {"@type": "Offer", "price": "99.90", "priceCurrency": "TRY", "url": "https://x.example/1"}
    product = {"@type": "Product", "name": "Krem", "brand": {"@type": "Brand", "name": "Nivea"}, "offers": offer}
    (row,) = open_one(tmp_path, json.dumps([product])).rows
    values = {key: row.values[key] for key in ("name", "brand", "price", "currency", "offers.url")}
    assert values == {
        "name": "Krem", "brand": "Nivea", "price": "99.90", "currency": "TRY", "offers.url": "https://x.example/1"
    }  # fmt: skip
    assert not any("@" in key for key in row.values)


CELLS = [[1, "Крем для рук", 10.5], [2, "Гель для душа", None]]
HEADER = ["id", "name", "price"]


@pytest.mark.parametrize(
    "document",
    [
        {name: {str(n): row[at] for n, row in enumerate(CELLS)} for at, name in enumerate(HEADER)},
        {name: [row[at] for row in CELLS] for at, name in enumerate(HEADER)},
        {"columns": HEADER, "index": [0, 1], "data": CELLS},
        {"headers": HEADER, "rows": CELLS},
        [HEADER, *CELLS],
    ],
)
def test_a_table_by_its_columns_gives_its_rows(tmp_path: Path, document: object) -> None:
    opened = open_one(tmp_path, json.dumps(document, ensure_ascii=False))
    assert [dict(row.values) for row in opened.rows] == [
        {"id": 1, "name": "Крем для рук", "price": Decimal("10.5")},
        {"id": 2, "name": "Гель для душа", "price": None},
    ]


def test_rows_of_cells_that_do_not_fit_the_header_are_kept_aside(tmp_path: Path) -> None:
    opened = open_one(tmp_path, json.dumps([HEADER, *CELLS, [3, "Мыло"]], ensure_ascii=False))
    assert titles(opened) == ["Крем для рук", "Гель для душа"]
    assert [row.reason for row in opened.broken] == ["ragged_row"]


@pytest.mark.parametrize("document", [{"name": ["Крем"], "price": [1], "sizes": [1, 2]}, {"name": "Крем", "price": 1}])
def test_one_product_is_no_table_by_columns(tmp_path: Path, document: object) -> None:
    assert len(list(open_one(tmp_path, json.dumps(document)).rows)) == 1
