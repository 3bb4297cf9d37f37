"""Text tables that shop systems export and suppliers send.

Belongs here: columns and what they mean. Stays out: marketplaces' parsers (``text_shops``), quoting, delimiters and
encodings (``text_forms``).
"""

from __future__ import annotations

from decimal import Decimal as D

from tests.feeds.samples.goods import GOODS, TURKISH, lines, one
from tests.feeds.samples.sample import Sample


def text_systems() -> list[Sample]:
    """All samples of this module."""
    return [
        one(
            "bitrix-export",
            lines(
                [
                    (
                        "IE_XML_ID",
                        "IE_NAME",
                        "IE_ACTIVE",
                        "IE_DETAIL_PICTURE",
                        "IE_DETAIL_TEXT",
                        "IP_PROP12",
                        "IC_GROUP0",
                        "CV_PRICE_1",
                        "CV_CURRENCY_1",
                    ),
                    *(
                        (
                            500 + n,
                            GOODS[n][0],
                            "Y",
                            f"/upload/iblock/{n}.jpg",
                            "Из льна.",
                            "синий",
                            "Одежда",
                            f"{n + 1}90.00",
                            "RUB",
                        )
                        for n in range(6)
                    ),
                ],
                ";",
            ),
            "csv",
            6,
            {
                "external_id": "500",
                "title": GOODS[0][0],
                "description": "Из льна.",
                "price": D("190.00"),
                "currency": "RUB",
                "category_hint": "Одежда",
            },
        ),
        one(
            "english-dropship",
            lines(
                [
                    (
                        "Handle",
                        "Title",
                        "Vendor",
                        "Type",
                        "Variant SKU",
                        "Variant Price",
                        "Variant Compare At Price",
                        "Image Src",
                    )
                ]
                + [
                    (
                        f"linen-{n}",
                        f"Linen Dress No {n}",
                        "Nordic",
                        "Dresses",
                        f"LD-{n}",
                        f"{n}9.99",
                        f"{n}19.99",
                        f"https://cdn.example.com/{n}.jpg",
                    )
                    for n in range(1, 7)
                ]
            ),
            "csv",
            6,
            {
                "title": "Linen Dress No 1",
                "brand": "Nordic",
                "price": D("19.99"),
                "old_price": D("119.99"),
                "image_urls": ["https://cdn.example.com/1.jpg"],
            },
        ),
        one(
            "shopify-variant-rows",
            lines(
                [
                    (
                        "Handle",
                        "Title",
                        "Body (HTML)",
                        "Vendor",
                        "Option1 Name",
                        "Option1 Value",
                        "Variant SKU",
                        "Variant Price",
                        "Image Src",
                    )
                ]
                + [
                    row
                    for n in range(4)
                    for row in (
                        (
                            f"shirt-{n}",
                            f"Cotton Shirt {n}",
                            "<p>Soft.</p>",
                            "Nordic",
                            "Size",
                            "S",
                            f"CS{n}-S",
                            "25.00",
                            f"https://cdn.example.com/{n}a.jpg",
                        ),
                        (f"shirt-{n}", "", "", "", "", "M", f"CS{n}-M", "26.00", f"https://cdn.example.com/{n}b.jpg"),
                        (f"shirt-{n}", "", "", "", "", "", "", "", f"https://cdn.example.com/{n}c.jpg"),
                    )
                ]
            ),
            "csv",
            4,
            {
                "title": "Cotton Shirt 0",
                "price": D("25.00"),
                "description": "Soft.",
                "external_id": "shirt-0",
                "image_urls": [f"https://cdn.example.com/0{x}.jpg" for x in "abc"],
            },
            merged=8,
        ),
        one(
            "discounts-and-words-for-nothing",
            lines(
                [
                    ("Артикул", "Товар", "Цена", "Скидка", "Наличие"),
                    ("1", GOODS[0][0], "", "10%", "нет в наличии"),
                    ("2", GOODS[1][0], "нет в наличии", "", "есть"),
                    ("3", GOODS[2][0], "от 1 200 ₽", "", "да"),
                    ("4", GOODS[3][0], "1 299,00 руб.", "5 %", "5"),
                    ("5", GOODS[4][0], "100 - 200 руб", "", "0"),
                ],
                ";",
            ),
            "csv",
            5,
            {"price": None, "price_note": "missing", "available": False},
            others={
                1: {"price": None, "price_note": "filler"},
                2: {"price": None, "price_note": "ambiguous"},
                3: {"price": D("1299.00"), "currency": "RUB"},
                4: {"price": None, "price_note": "ambiguous", "available": False},
            },
        ),
        one(
            "currency-of-the-shop",
            lines(
                [
                    ("name", "price", "url"),
                    *((TURKISH[n][0], f"{n}49.90", f"https://www.trendyol.com/a/b-p-{90010 + n}") for n in range(6)),
                ]
            ),
            "csv",
            6,
            {"price": D("49.90"), "currency": "TRY", "price_note": "currency_assumed", "external_id": "90010"},
        ),
        one(
            "currency-of-the-shop-ukraine",
            lines(
                [
                    ("Назва", "Ціна", "Посилання"),
                    *((GOODS[n][0], f"{n + 1}49", f"https://lavka.com.ua/p/{90010 + n}") for n in range(6)),
                ]
            ),
            "csv",
            6,
            {"price": D("149"), "currency": "UAH", "price_note": "currency_assumed"},
        ),
        one(
            "title-lines-above-and-totals-below",
            "Прайс-лист ООО «Лён»;;;\nна 01.03.2024;;;\n;;;\n"
            + lines(
                [
                    ("Артикул", "Номенклатура", "Цена розн.", "Цена опт"),
                    *((f"L{n}", GOODS[n][0], f"{n}00,00", f"{n}0,00") for n in range(1, 8)),
                ],
                ";",
            )
            + "Итого;;2800,00;280,00\n",
            "csv",
            7,
            {"external_id": "L1", "title": GOODS[1][0], "price": D("100.00")},
            quarantined=1,
        ),
        one(
            "apostrophe-in-image-link",
            lines(
                [
                    ("id", "name", "price", "image"),
                    *((n, GOODS[n][0], f"{n}00", f"https://cdn.example.com/l'eau/{n}.jpg") for n in range(1, 8)),
                ]
            ),
            "csv",
            7,
            {"image_urls": ["https://cdn.example.com/l'eau/1.jpg"]},
        ),
    ]
