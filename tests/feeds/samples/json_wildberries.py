"""Answers of Wildberries of all generations.

Belongs here: the marketplace's own keys. Stays out: other shops (``json_shops``).
"""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

from tests.feeds.samples.goods import GOODS, js
from tests.feeds.samples.sample import Sample


def wb_old(number: int) -> dict[str, Any]:
    return {
        "id": 30000 + number,
        "root": 5,
        "kindId": 0,
        "subjectId": 11,
        "name": GOODS[number][0],
        "brand": GOODS[number][1],
        "brandId": 7,
        "siteBrandId": 17,
        "supplierId": 3,
        "priceU": 349900,
        "salePriceU": 199900 + number,
        "sale": 40,
        "rating": 5,
        "feedbacks": number,
        "colors": [{"name": "красный", "id": 1}],
        "sizes": [{"name": "42", "origName": "S", "rank": 1, "optionId": 9}],
    }


def wb_new(number: int) -> dict[str, Any]:
    record = {key: value for key, value in wb_old(number).items() if "price" not in key.lower()}
    price = {"basic": 500000, "product": 250000 + number * 100, "total": 250000, "logistics": 0}
    record["sizes"] = [
        {"name": "42", "origName": "S", "price": {**price, "product": 999900}},
        {"name": "44", "origName": "M", "price": price},
    ]
    return {**record, "totalQuantity": number, "supplier": "ИП Лён"}


def json_wildberries() -> list[Sample]:
    """All samples of this module."""
    wb = {
        "external_id": "30000",
        "title": GOODS[0][0],
        "price": D(1999),
        "old_price": D(3499),
        "currency": "RUB",
        "brand": "Лён и Ко",
    }
    wb2 = {
        "external_id": "30000",
        "price": D(2500),
        "old_price": D(5000),
        "currency": "RUB",
        "available": False,
        "supplier": "ИП Лён",
    }
    wb_first = {"url": "https://www.wildberries.ru/catalog/30000/detail.aspx"}
    return [
        js(
            "wb-detail-v1",
            {"state": 0, "params": {"curr": "rub"}, "data": {"products": [wb_old(n) for n in range(5)]}},
            "wildberries",
            5,
            wb | wb_first,
        ),
        js("wb-detail-v2", {"state": 0, "data": {"products": [wb_new(n) for n in range(5)]}}, "wildberries", 5, wb2),
        js("wb-detail-v4", {"products": [wb_new(n) for n in range(5)]}, "wildberries", 5, wb2),
        js(
            "wb-detail-one",
            {"products": [wb_new(3)]},
            "wildberries",
            1,
            {"external_id": "30003", "price": D(2503), "available": True},
        ),
        js(
            "wb-catalogue",
            {
                "metadata": {"name": "платье"},
                "state": 0,
                "version": 2,
                "data": {"products": [wb_new(n) for n in range(8)], "total": 800},
            },
            "wildberries",
            8,
            wb2,
        ),
        js("wb-pages-in-a-list", [{"data": {"products": [wb_new(n)]}} for n in range(4)], "wildberries", 4, wb2),
        js(
            "wb-parser-own-keys",
            [
                {
                    "nm_id": 1 + n,
                    "imt_name": GOODS[n][0],
                    "vendor_code": f"V{n}",
                    "subj_name": "Платья",
                    "description": "Текст",
                    "options": [{"name": "Состав", "value": "лён"}],
                }
                for n in range(5)
            ],
            "wildberries",
            5,
            {"external_id": "1", "title": GOODS[0][0], "price": None, "attr:Состав": "лён"},
        ),
        js(
            "kopecks-keys",
            [{"id": n, "name": GOODS[n][0], "priceU": 150000 + n * 100, "brand": "Лён"} for n in range(1, 7)],
            "wildberries",
            6,
            {"price": D(1501)},
        ),
        js(
            "filters-only",
            {"filters": [{"name": "Бренд", "key": "fbrand", "maxselect": 5, "items": [{"id": 1, "name": "Лён"}]}]},
            "",
            0,
            {},
            refused="filters",
        ),
    ]
