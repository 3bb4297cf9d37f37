"""Text tables of marketplaces' parsers, suppliers and shop systems.

Belongs here: columns and what they mean. Stays out: quoting, delimiters and encodings (``text_forms``).
"""

from __future__ import annotations

from decimal import Decimal as D

from tests.feeds.samples.goods import GOODS, TURKISH, ean, lines, one, ozon_rows
from tests.feeds.samples.sample import Sample
from vitrina.feeds.records import SourceConfig


def text_shops() -> list[Sample]:
    """All samples of this module."""
    wb_url = "https://www.wildberries.ru/catalog/{}/detail.aspx"
    turkish = [
        (name, ean(n), f"{1000 + n * 149},{n}0", "%10", n * 3, brand, colour, ("S", "M", "L")[n % 3])
        for n, (name, brand, colour) in enumerate(TURKISH)
    ]
    turkish_header = ("Ürün Adı", "Barkod", "Satış Fiyatı", "KDV", "Stok", "Marka", "Renk", "Beden")
    turkish_text = lines([turkish_header, *turkish], ";")
    turkish_first = {
        "title": "Kadın Pamuklu Gömlek",
        "price": D("1000.00"),
        "currency": "TRY",
        "brand": "Akçay",
        "barcodes": [ean(0)],
        "available": False,
        "attr:Renk": "Beyaz",
        "attr:Beden": "S",
    }
    tr = SourceConfig(currency="TRY")
    return [
        one(
            "ozon-with-header",
            lines(
                [("name", "price", "old_price", "rating", "reviews", "seller", "link", "image")]
                + [
                    (
                        GOODS[n][0],
                        f"{990 + n} ₽",
                        f"{1990 + n} ₽",
                        "4.8",
                        n,
                        "ООО Лавка",
                        f"https://www.ozon.ru/product/x-{1230000 + n}/",
                        f"https://cdn1.ozone.ru/s3/{n}.jpg",
                    )
                    for n in range(8)
                ]
            ),
            "csv",
            8,
            {
                "title": GOODS[0][0],
                "price": D(990),
                "old_price": D(1990),
                "currency": "RUB",
                "supplier": "ООО Лавка",
                "external_id": "1230000",
                "image_urls": ["https://cdn1.ozone.ru/s3/0.jpg"],
            },
        ),
        one(
            "ozon-without-header",
            lines(ozon_rows(12)),
            "csv",
            12,
            {
                "title": GOODS[0][0],
                "price": D(1200),
                "currency": "RUB",
                "external_id": "700100200",
                "identity": "url",
                "supplier": "Лавка 0",
            },
        ),
        one(
            "ozon-other-columns-without-header",
            lines(
                [
                    (
                        f"https://www.ozon.ru/product/t-{5550000 + n}/",
                        GOODS[n % 8][0],
                        f"{n + 1} 999 ₽",
                        f"{n + 2} 500 ₽",
                        "4.9",
                        f"{n * 7} отзывов",
                    )
                    for n in range(20)
                ]
            ),
            "csv",
            20,
            {"title": GOODS[0][0], "price": None, "price_note": "ambiguous", "external_id": "5550000"},
            notes=("may be the price",),
        ),
        one(
            "wb-search-kopecks-as-text",
            lines(
                [("id", "article", "name", "brand", "priceU", "salePriceU", "rating", "feedbacks")]
                + [(20000 + n, f"ART-{n}", *GOODS[n][:2], "349900", "199900", 5, n) for n in range(8)]
            ),
            "csv",
            8,
            {"external_id": "20000", "price": D(1999), "old_price": D(3499), "currency": "RUB", "brand": "Лён и Ко"},
        ),
        one(
            "wb-search-russian-parser",
            lines(
                [("Артикул", "Название", "Бренд", "Цена", "Цена со скидкой", "Скидка, %", "Рейтинг", "Ссылка")]
                + [
                    (9100 + n, *GOODS[n][:2], 3000 + n, 1500 + n, "50%", "4,7", wb_url.format(9100 + n))
                    for n in range(8)
                ],
                ";",
            ),
            "csv",
            8,
            {"external_id": "9100", "price": D(1500), "old_price": D(3000), "url": wb_url.format(9100)},
        ),
        one(
            "clothing-stock-without-header",
            lines(
                [
                    (
                        f"{3100 + n // 3}-{n // 3:02d}",
                        f"{('Блузка', 'Юбка', 'Брюки', 'Туфли')[n // 3 % 4]} женская {('Анна', 'Вера', 'Инга')[n % 3]}",
                        str(42 + 2 * (n % 3)),
                        ("белый", "черный", "красный")[n % 3],
                        n % 5,
                        f"{1900 + 100 * n},00",
                    )
                    for n in range(24)
                ],
                ";",
            ),
            "csv",
            24,
            {"title": "Блузка женская Анна", "price": D(1900), "attr:size": "42", "attr:color": "белый"},
        ),
        one("turkish-headers", turkish_text, "csv", 6, turkish_first, config=tr),
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
