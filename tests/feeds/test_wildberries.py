"""Wildberries: both price shapes, seller cards, and answers without products."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_one
from vitrina.feeds.records import NoProducts

OLD = {
    "id": 101, "root": 1, "name": "Насос", "brand": "KLONK", "subjectId": 5, "supplierId": 7, "feedbacks": 3,
    "priceU": 181500, "salePriceU": 145200, "rating": 0,
    "colors": [{"name": "черный", "id": 0}], "sizes": [{"name": "", "origName": "0"}],
}  # fmt: skip
NEW = {
    "id": 202, "root": 2, "name": "Ветровка", "brand": "MODA", "supplier": "ИП Мода", "supplierId": 9, "subjectId": 6,
    "reviewRating": 4.8, "feedbacks": 30, "totalQuantity": 4,
    "colors": [{"name": "синий"}, {"name": "белый"}],
    "sizes": [
        {"origName": "46 XS", "price": {"basic": 659000, "product": 270100, "total": 271000}},
        {"origName": "44 XXS", "price": {"basic": 649000, "product": 266000, "total": 266000}},
        {"origName": "48 S"},
    ],
}  # fmt: skip


def read(tmp_path: Path, products: list, **more: object):
    return open_one(tmp_path, json.dumps({"state": 0, "data": {"products": products}, **more}, ensure_ascii=False))


def test_old_prices_are_kopecks_at_the_top_level(tmp_path: Path) -> None:
    opened = read(tmp_path, [OLD])
    values = opened.values[0]
    assert opened.format == "wildberries"
    assert opened.canonical
    assert (values["price"], values["old_price"], values["currency"]) == (Decimal(1452), Decimal(1815), "RUB")
    assert values["url"] == "https://www.wildberries.ru/catalog/101/detail.aspx"
    assert values["id"] == "101"
    assert "size" not in values  # "0" means "no sizes"
    assert "attr:rating" not in values  # 0 means "not rated"


def test_new_prices_stand_in_the_sizes_and_the_lowest_is_taken(tmp_path: Path) -> None:
    values = read(tmp_path, [NEW]).values[0]
    assert (values["price"], values["old_price"]) == (Decimal(2660), Decimal(6490))
    assert values["supplier"] == "ИП Мода"
    assert values["size"] == ["46 XS", "44 XXS", "48 S"]
    assert values["color"] == ["синий", "белый"]
    assert values["available"] is True


def test_both_shapes_may_stand_in_one_answer(tmp_path: Path) -> None:
    assert [value["id"] for value in read(tmp_path, [OLD, NEW]).values] == ["101", "202"]


def test_the_currency_of_the_request_is_kept(tmp_path: Path) -> None:
    assert read(tmp_path, [OLD], params={"curr": "byn"}).values[0]["currency"] == "BYN"


def test_a_product_without_a_price_stays(tmp_path: Path) -> None:
    bare = {key: value for key, value in NEW.items() if key != "sizes"}
    values = read(tmp_path, [bare]).values[0]
    assert values["title"] == "Ветровка"
    assert "price" not in values


def test_cards_of_the_seller_are_read(tmp_path: Path) -> None:
    card = {
        "nmID": 303, "imtID": 1, "vendorCode": "A-1", "subjectName": "Платья", "brand": "Moda",
        "title": "Платье летнее", "description": "Лёгкое", "photos": [{"big": "https://x.example/b.webp"}],
        "characteristics": [{"id": 1, "name": "Состав", "value": ["хлопок 95%"]}],
        "sizes": [{"techSize": "42", "skus": ["2000000000017"]}],
    }  # fmt: skip
    values = open_one(tmp_path, json.dumps({"cards": [card], "cursor": {"total": 1}})).values[0]
    assert values["title"] == "Платье летнее"
    assert values["barcode"] == ["2000000000017"]
    assert values["attr:Состав"] == ["хлопок 95%"]
    assert values["image"] == ["https://x.example/b.webp"]


FILTER = {"name": "Бренд", "key": "fbrand", "maxselect": 20, "items": [{"id": 1, "name": "A", "count": 3}]}
MENU = {"id": 1, "name": "Женщинам", "url": "/w", "shard": "s", "childs": [{"id": 2, "name": "B", "url": "/b"}]}


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ([{"dt": 1, "price": {"RUB": 100}}, {"dt": 2, "price": {"RUB": 90}}], "price history"),
        ({"data": {"filters": [FILTER]}, "metadata": {"name": "платья"}}, "filters"),
        ([MENU], "menu"),
        ({"feedbacks": [{"id": "a", "text": "Хорошо"}], "feedbackCount": 1, "valuation": "4.8"}, "reviews"),
    ],
)
def test_other_answers_say_what_they_are(tmp_path: Path, answer: object, what: str) -> None:
    with pytest.raises(NoProducts, match=what):
        open_one(tmp_path, json.dumps(answer))


def test_filters_beside_products_do_not_hide_them(tmp_path: Path) -> None:
    text = json.dumps({"data": {"filters": [FILTER] * 9, "products": [OLD, NEW]}})
    assert len(open_one(tmp_path, text).rows) == 2
