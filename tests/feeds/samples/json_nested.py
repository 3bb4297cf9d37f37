"""JSON whose prices lie deep: the currency stands beside the amount, wherever that is.

Belongs here: objects inside objects. Stays out: single shops (``json_shops``).
"""

from __future__ import annotations

from decimal import Decimal as D

from tests.feeds.samples.goods import GOODS, js
from tests.feeds.samples.sample import Sample


def json_nested() -> list[Sample]:
    """All samples of this module."""
    return [
        js(
            "currency-beside-a-deep-price",
            {
                "mods": {
                    "itemList": [
                        {
                            "productId": str(n),
                            "title": {"displayTitle": GOODS[n][0]},
                            "prices": {"salePrice": {"minPrice": 12.5 + n, "currencyCode": "USD"}},
                        }
                        for n in range(6)
                    ]
                }
            },
            "json",
            6,
            {"title": GOODS[0][0], "price": D("12.5"), "currency": "USD", "price_note": None},
        ),
        js(
            "graphql-money",
            {
                "data": {
                    "search": {
                        "edges": [
                            {
                                "node": {
                                    "id": f"gid://shop/{n}",
                                    "name": GOODS[n][0],
                                    "pricing": {"range": {"start": {"gross": {"amount": 10 + n, "currency": "EUR"}}}},
                                }
                            }
                            for n in range(6)
                        ]
                    }
                }
            },
            "json",
            6,
            {"title": GOODS[0][0], "price": D(10), "currency": "EUR"},
        ),
        js(
            "what-is-no-currency-beside-a-price",
            [
                {"id": n, "name": GOODS[n][0], "cost": {"shown": {"price": 100 + n, "currency": f"note {n}"}}}
                for n in range(6)
            ],
            "json",
            6,
            {"price": D(100), "currency": "RUB", "price_note": "currency_assumed"},
        ),
    ]
