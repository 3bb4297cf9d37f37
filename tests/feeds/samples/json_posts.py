"""JSON of any framing, and exports of Instagram.

Belongs here: what stands between records, and posts. Stays out: shops' keys (``json_shops``).
"""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

from tests.feeds.samples.goods import GOODS, js
from tests.feeds.samples.sample import Sample


def posts(captions: list[str], **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": f"17{n}",
            "shortCode": f"C{n}x",
            "caption": text,
            "url": f"https://www.instagram.com/p/C{n}x/",
            "displayUrl": f"https://cdn.example.com/{n}.jpg",
            "likesCount": n,
            "ownerUsername": "lavka",
            **more,
        }
        for n, text in enumerate(captions)
    ]


def json_posts() -> list[Sample]:
    """All samples of this module."""
    ru = [
        "Льняное платье миди 🌿\nЦена: 1 500 ₽\n#платье",
        "Крем для рук\n💰 2500 тг\nДоставка по РК",
        "Pamuklu gömlek\nFiyat: 499 TL",
        "Шёлковый платок. Стоимость 1.250 руб.",
        "Набор мыла — 3 за 990 ₽",
        "Keten pantolon\n1.299,90 TL yerine 999,90 TL",
        "🌸🌸🌸",
        "Bluza din bumbac\nPreț: 120 lei",
        "Свитер\nЦіна 799 грн",
        "Cotton scarf, price $19.99",
    ]
    graph = [
        {
            "node": {
                "id": f"5{n}",
                "shortcode": f"Z{n}",
                "display_url": f"https://cdn.example.com/{n}.jpg",
                "is_video": False,
                "taken_at_timestamp": 1700000000 + n,
                "edge_media_to_caption": {"edges": [{"node": {"text": text}}]},
            }
        }
        for n, text in enumerate(ru[:4])
    ]
    shop = [
        {"sku": f"H{n}", "title": GOODS[n][0], "price": f"{n + 1} 290 ₽", "url": f"https://shop.example/p/{n + 7000}"}
        for n in range(6)
    ]
    half = "\n".join(json.dumps(item, ensure_ascii=False) for item in shop)
    return [
        js(
            "stars-between",
            "\n**********\n".join(json.dumps(item, ensure_ascii=False, indent=1) for item in shop),
            "jsonl",
            6,
            {"external_id": "H0", "price": D(1290)},
        ),
        js(
            "dashes-between",
            "\n---\n".join(json.dumps(item, ensure_ascii=False) for item in shop),
            "jsonl",
            6,
            {"external_id": "H0", "price": D(1290)},
        ),
        js(
            "nothing-between",
            "".join(json.dumps(item, ensure_ascii=False) for item in shop),
            "jsonl",
            6,
            {"external_id": "H0"},
        ),
        js("half-a-last-line", half[:-25], "jsonl", 5, {"external_id": "H0"}, quarantined=1),
        js("half-a-list", json.dumps(shop, ensure_ascii=False)[:-30], "json", 5, {"external_id": "H0"}, quarantined=1),
        js(
            "cp1251-json",
            json.dumps(shop, ensure_ascii=False).replace("₽", "руб").encode("cp1251"),
            "json",
            6,
            {"title": GOODS[0][0], "price": D(1290), "currency": "RUB"},
        ),
        js(
            "instagram-captions",
            posts(ru),
            "instagram",
            9,
            {
                "title": "Льняное платье миди",
                "price": D(1500),
                "currency": "RUB",
                "external_id": "170",
                "supplier": "lavka",
            },
            quarantined=1,
            others={
                1: {"price": D(2500), "currency": "KZT"},
                2: {"title": "Pamuklu gömlek", "price": D(499), "currency": "TRY"},
                3: {"price": D(1250), "currency": "RUB"},
                4: {"price": None},
                5: {"price": None, "price_note": "ambiguous"},
                6: {"price": D(120), "currency": "RON"},
                7: {"price": D(799), "currency": "UAH"},
                8: {"price": D("19.99"), "currency": "USD"},
            },
        ),
        js(
            "instagram-graphql",
            {"data": {"user": {"edge_owner_to_timeline_media": {"count": 4, "edges": graph}}}},
            "instagram",
            4,
            {
                "title": "Льняное платье миди",
                "price": D(1500),
                "url": "https://www.instagram.com/p/Z0/",
                "image_urls": ["https://cdn.example.com/0.jpg"],
            },
        ),
        js(
            "instagram-filler-price",
            posts([f"Платье {w}" for w in ("лето", "осень", "зима", "весна", "дождь", "снег")], price=159.9),
            "instagram",
            6,
            {"price": None, "price_note": "filler"},
            notes=("filler",),
        ),
        js("error-answer", {"error": "rate limit", "code": 429}, "", 0, {}, refused="list of objects"),
    ]
