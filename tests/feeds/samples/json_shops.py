"""Answers and exports of shops and marketplaces.

Belongs here: keys and nesting. Stays out: Wildberries (``json_wildberries``), posts (``json_posts``).
"""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

from tests.feeds.samples.goods import GOODS, TURKISH, ean, js
from tests.feeds.samples.sample import Sample
from vitrina.feeds.records import SourceConfig


def trendyol(number: int) -> dict[str, Any]:
    return {
        "id": 800100 + number,
        "name": TURKISH[number][0],
        "images": [f"/ty1/prod/{number}.jpg"],
        "imageAlt": "x",
        "brand": {"id": 4, "name": TURKISH[number][1]},
        "categoryName": "Gömlek",
        "tax": 10,
        "ratingScore": {"averageRating": 4.5, "totalCount": 12},
        "winnerVariant": "M",
        "url": f"/akcay/gomlek-p-{800100 + number}?boutiqueId=61",
        "merchantId": 99,
        "price": {
            "sellingPrice": 299.9 + number,
            "originalPrice": 399.9,
            "manipulatedOriginalPrice": 299.9,
            "discountedPrice": 249.9 + number,
            "buyingPrice": 0,
        },
    }


def json_shops() -> list[Sample]:
    """All samples of this module."""
    tr = SourceConfig(currency="TRY")
    return [
        js(
            "trendyol-search",
            {
                "isSuccess": True,
                "statusCode": 200,
                "result": {"slugName": "x", "products": [trendyol(n) for n in range(6)], "totalCount": 900},
            },
            "json",
            6,
            {
                "external_id": "800100",
                "title": TURKISH[0][0],
                "brand": "Akçay",
                "price": D("249.9"),
                "old_price": D("399.9"),
            },
            config=tr,
        ),
        js(
            "hepsiburada",
            {
                "data": {
                    "products": [
                        {
                            "productId": f"HB{n}",
                            "name": TURKISH[n][0],
                            "brand": TURKISH[n][1],
                            "customerReviewCount": 3,
                            "variantList": [
                                {
                                    "sku": f"HBV{n}",
                                    "listing": {
                                        "priceInfo": {"price": 199.9 + n, "originalPrice": 299.9, "currency": "TRY"}
                                    },
                                }
                            ],
                        }
                        for n in range(6)
                    ]
                }
            },
            "json",
            6,
            {
                "external_id": "HB0",
                "title": TURKISH[0][0],
                "price": D("199.9"),
                "old_price": D("299.9"),
                "currency": "TRY",
            },
        ),
        js(
            "n11",
            {
                "items": [
                    {
                        "id": 500 + n,
                        "title": TURKISH[n][0],
                        "displayPrice": f"{n + 1}.299,90 TL",
                        "oldPrice": f"{n + 2}.299,90 TL",
                        "sellerNickname": "magaza",
                        "imageUrl": f"https://n11scdn.example.com/{n}.jpg",
                        "url": f"https://www.n11.com/urun/x-{500500 + n}",
                    }
                    for n in range(5)
                ]
            },
            "json",
            5,
            {
                "external_id": "500",
                "price": D("1299.90"),
                "old_price": D("2299.90"),
                "currency": "TRY",
                "image_urls": ["https://n11scdn.example.com/0.jpg"],
            },
        ),
        js(
            "lcw",
            {
                "CatalogList": {
                    "Items": [
                        {
                            "ModelId": 77 + n,
                            "Title": TURKISH[n][0],
                            "ProductCode": f"W{n}",
                            "Price": f"{n + 1}99,99 TL",
                            "DiscountPrice": f"{n + 1}49,99 TL",
                            "ModelUrl": f"/tr-TR/x-o-{77 + n}",
                            "BrandName": "LCW",
                        }
                        for n in range(5)
                    ]
                }
            },
            "json",
            5,
            {
                "title": TURKISH[0][0],
                "price": D("149.99"),
                "old_price": D("199.99"),
                "currency": "TRY",
                "external_id": "W0",
                "brand": "LCW",
            },
        ),
        js(
            "json-ld",
            [
                {
                    "@context": "https://schema.org",
                    "@type": "Product",
                    "name": GOODS[n][0],
                    "sku": f"J{n}",
                    "gtin13": ean(n),
                    "brand": {"@type": "Brand", "name": "Лён"},
                    "offers": {
                        "@type": "Offer",
                        "price": f"{n}99.00",
                        "priceCurrency": "RUB",
                        "availability": "https://schema.org/InStock",
                        "url": "https://shop.example/1",
                    },
                }
                for n in range(1, 6)
            ],
            "json",
            5,
            {
                "external_id": "J1",
                "price": D("199.00"),
                "currency": "RUB",
                "barcodes": [ean(1)],
                "available": True,
                "brand": "Лён",
            },
        ),
        js(
            "json-ld-sold-out",
            [
                {
                    "@type": "Product",
                    "name": g[0],
                    "productID": f"sku:{n}",
                    "gtin14": "0" + ean(n),
                    "offers": [
                        {
                            "@type": "Offer",
                            "price": 99 + n,
                            "priceCurrency": "EUR",
                            "availability": "http://schema.org/OutOfStock",
                        }
                    ],
                }
                for n, g in enumerate(GOODS)
            ],
            "json",
            8,
            {"price": D(99), "currency": "EUR", "available": False},
        ),
        js(
            "shopify-products",
            {
                "products": [
                    {
                        "id": 4400 + n,
                        "title": TURKISH[n][0],
                        "handle": f"h-{n}",
                        "body_html": "<p>Keten</p>",
                        "vendor": "Nordic",
                        "product_type": "Shirts",
                        "variants": [
                            {
                                "id": 1,
                                "title": "S",
                                "price": "25.00",
                                "sku": f"S{n}",
                                "compare_at_price": "30.00",
                                "available": True,
                            },
                            {"id": 2, "title": "M", "price": "26.00"},
                        ],
                        "images": [{"id": 9, "src": f"https://cdn.example.com/{n}.jpg"}],
                    }
                    for n in range(5)
                ]
            },
            "json",
            5,
            {
                "external_id": "4400",
                "title": TURKISH[0][0],
                "price": D("25.00"),
                "old_price": D("30.00"),
                "brand": "Nordic",
                "description": "Keten",
                "image_urls": ["https://cdn.example.com/0.jpg"],
                "category_hint": "Shirts",
            },
        ),
        js(
            "woocommerce",
            [
                {
                    "id": 60 + n,
                    "name": GOODS[n][0],
                    "permalink": f"https://shop.example/p{n}/",
                    "sku": f"W{n}",
                    "prices": {
                        "price": "129900",
                        "regular_price": "159900",
                        "sale_price": "129900",
                        "currency_code": "RUB",
                        "currency_minor_unit": 2,
                    },
                    "images": [{"src": f"https://shop.example/{n}.jpg"}],
                    "is_in_stock": n > 0,
                }
                for n in range(5)
            ],
            "json",
            5,
            {
                "external_id": "60",
                "price": D("1299.00"),
                "old_price": D("1599.00"),
                "currency": "RUB",
                "available": False,
            },
        ),
        js(
            "site-of-getir",
            [
                {"id": f"ab{n}", "name": TURKISH[n][0], "price": 49.9 + n, "url": f"https://getir.com/urun/x-{n}"}
                for n in range(6)
            ],
            "json",
            6,
            {"price": D("49.9"), "currency": "TRY", "price_note": "currency_assumed"},
        ),
    ]
