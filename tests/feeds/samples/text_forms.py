"""One small list in every quoting, delimiter, encoding and packing that exporters have.

Belongs here: how a table is written. Stays out: what its columns mean (``text_shops``).
"""

from __future__ import annotations

from decimal import Decimal as D

from tests.feeds.samples.goods import GOODS, TURKISH, ean, lines, one, ozon_rows, zipped
from tests.feeds.samples.sample import Sample
from vitrina.feeds.records import SourceConfig


def text_forms() -> list[Sample]:
    """All samples of this module."""
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
            "tab-separated-called-csv",
            lines(
                [("sku", "title", "price", "currency", "availability")]
                + [(f"S{n}", GOODS[n][0], f"{n + 10}.50", "USD", "in stock") for n in range(6)],
                "\t",
            ),
            "tsv",
            6,
            {"external_id": "S0", "price": D("10.50"), "currency": "USD", "available": True},
        ),
        one(
            "semicolon-decimal-comma",
            lines(
                [("Код", "Наименование", "Цена", "Остаток")]
                + [(f"00{n}", GOODS[n][0], f"{n + 1},{n}5", n) for n in range(8)],
                ";",
            ),
            "csv",
            8,
            {
                "external_id": "000",
                "price": D("1.05"),
                "available": False,
                "currency": "RUB",
                "price_note": "currency_assumed",
            },
        ),
        one(
            "semicolon-and-space",
            "".join(
                f'"{c[0]}"; "{c[1]}"; "{c[2]}"; "{c[3]}"\n'
                for c in [
                    ("Артикул", "Товар", "Бренд", "Цена"),
                    *((f"A{n}", f"{GOODS[n][0]}; новый", GOODS[n][1], f"{n}99") for n in range(1, 8)),
                ]
            ),
            "csv",
            7,
            {"external_id": "A1", "title": "Крем для рук с ромашкой 75 мл; новый", "price": D(199)},
        ),
        one(
            "pipe",
            lines(
                [
                    ("Product Code", "Product Name", "Brand", "Unit Price"),
                    *((f"P-{n}", TURKISH[n][0], TURKISH[n][1], f"{n}9.90 EUR") for n in range(6)),
                ],
                "|",
            ),
            "psv",
            6,
            {"external_id": "P-0", "title": TURKISH[0][0], "price": D("9.90"), "currency": "EUR"},
        ),
        one(
            "semicolons-in-quotes-under-commas",
            lines(
                [("id", "название", "описание", "цена")]
                + [(n, GOODS[n][0], "Состав: хлопок; лён; шёлк", f"{n}00") for n in range(1, 8)]
            )
            .replace("Состав", '"Состав')
            .replace("шёлк", 'шёлк"'),
            "csv",
            7,
            {"external_id": "1", "description": "Состав: хлопок; лён; шёлк", "price": D(100)},
        ),
        one(
            "cr-only",
            lines([("article", "name", "price"), *((n, GOODS[n][0], f"{n}50") for n in range(1, 8))], ";", "\r"),
            "csv",
            7,
            {"external_id": "1", "price": D(150)},
        ),
        one("turkish-windows-1254", turkish_text.encode("cp1254"), "csv", 6, turkish_first, config=tr),
        one(
            "whole-lines-quoted",
            "".join(
                '"' + ",".join(row) + '"\n'
                for row in [
                    ("sku", "name", "price"),
                    *((f"Q{n}", GOODS[n][0].replace(",", ""), f"{n}90") for n in range(1, 8)),
                ]
            ),
            "csv",
            7,
            {"external_id": "Q1", "title": GOODS[1][0], "price": D(190)},
        ),
        one(
            "whole-lines-quoted-with-quotes-inside",
            "".join(
                '"' + ";".join(f'""{cell}""' for cell in row) + '"\r\n'
                for row in [
                    ("Артикул", "Наименование", "Цена"),
                    *((f"Q{n}", GOODS[n][0], f"{n}90,50") for n in range(1, 8)),
                ]
            ),
            "csv",
            7,
            {"external_id": "Q1", "title": GOODS[1][0], "price": D("190.50")},
        ),
        one(
            "single-quotes",
            lines(
                [
                    ("id", "name", "brand", "price"),
                    *((n, f"{GOODS[n][0]}, новинка", "Д'Арт", f"{n}00") for n in range(1, 8)),
                ],
                quote="'",
            ),
            "csv",
            7,
            {"external_id": "1", "title": "Крем для рук с ромашкой 75 мл, новинка", "brand": "Д'Арт", "price": D(100)},
        ),
        one("utf16-le-with-mark", ("\ufeff" + turkish_text).encode("utf-16-le"), "csv", 6, turkish_first, config=tr),
        one("utf16-le-without-mark", turkish_text.encode("utf-16-le"), "csv", 6, turkish_first, config=tr),
        one(
            "utf16-be-russian-without-mark",
            lines(
                [("Артикул", "Название", "Цена"), *((f"A{n}", GOODS[n][0], f"{n}10") for n in range(1, 8))], ";"
            ).encode("utf-16-be"),
            "csv",
            7,
            {"external_id": "A1", "title": GOODS[1][0], "price": D(110)},
        ),
        one(
            "windows-1250-polish",
            lines(
                [
                    ("Kod", "Nazwa", "Cena", "Kolor"),
                    *(
                        (f"K{n}", name, f"{n}9,90 zł", "Żółty")
                        for n, name in enumerate(
                            (
                                "Sukienka lniana krótka",
                                "Krem nawilżający",
                                "Żel pod prysznic",
                                "Spodnie męskie",
                                "Bluzka bawełniana w paski",
                                "Skarpety wełniane",
                            )
                        )
                    ),
                ],
                ";",
            ).encode("cp1250"),
            "csv",
            6,
            {"external_id": "K0", "title": "Sukienka lniana krótka", "price": D("9.90"), "currency": "PLN"},
        ),
        one(
            "nul-bytes",
            lines([("id", "name", "price"), *((n, GOODS[n][0] + "\0", f"{n}00") for n in range(1, 8))], ";"),
            "csv",
            7,
            {"external_id": "1", "title": GOODS[1][0], "price": D(100)},
        ),
        one(
            "mark-in-the-middle",
            "\ufeff"
            + lines([("id", "name", "price"), *((n, GOODS[n][0], f"{n}00") for n in range(1, 5))], ";")
            + "\ufeff"
            + lines([("id", "name", "price"), *((n, GOODS[n][0], f"{n}00") for n in range(5, 8))], ";"),
            "csv",
            7,
            {"external_id": "1"},
            quarantined=1,
            others={6: {"external_id": "7"}},
        ),
        Sample(
            "zip-of-several",
            {
                "prices.zip": zipped(
                    {
                        "a.csv": lines([("id", "name", "price"), *((n, GOODS[n][0], 100 + n) for n in range(4))], ";"),
                        "sub/b.csv": lines(
                            [("id", "name", "price"), *((n, GOODS[n][0], 100 + n) for n in range(3, 8))], ";"
                        ),
                    }
                )
            },
            "csv",
            8,
            {0: {"external_id": "0", "price": D(100)}, 7: {"external_id": "7"}},
            merged=1,
        ),
        Sample(
            "folder-by-category",
            {
                f"{slug}-{7500 + i}.csv": lines(ozon_rows(size, 10 * i)).encode()
                for i, (slug, size) in enumerate([("aksessuary", 1), ("platya-zhenskie", 8), ("krem-dlya-ruk", 6)])
            },
            "csv",
            15,
            {
                0: {"title": GOODS[0][0], "price": D(1200), "category_hint": "aksessuary"},
                1: {"category_hint": "platya-zhenskie"},
            },
        ),
        Sample(
            "small-file-first",
            {
                "a-filiny-1111.csv": "Филин-3,1 200 ₽,,,https://www.ozon.ru/product/x-991991991/\n".encode(),
                "platya-zhenskie-7502.csv": lines(ozon_rows(20)).encode(),
            },
            "csv",
            21,
            {20: {"external_id": "991991991", "price": D(1200)}},
        ),
        one("one-column", "\n".join(g[0].replace(",", "") for g in GOODS), "", 0, {}, refused="mapping"),
        one(
            "no-title",
            lines([("id", "price", "stock"), *((n, 100 + n, n) for n in range(8))]),
            "",
            0,
            {},
            refused="title",
        ),
        one(
            "log-of-a-parser",
            "2024-05-01 10:00:01 INFO start\n2024-05-01 10:00:02 ERROR timeout, retry\n2024-05-01 10:00:09 INFO done\n"
            * 5,
            "",
            0,
            {},
            refused="title",
        ),
    ]
