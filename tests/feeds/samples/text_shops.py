"""Text tables of marketplaces' parsers and of shops without a system.

Belongs here: columns and what they mean. Stays out: exports of shop systems and suppliers' lists (``text_systems``),
quoting, delimiters and encodings (``text_forms``).
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
    ]
