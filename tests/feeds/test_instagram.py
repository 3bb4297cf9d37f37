"""Posts: titles from captions, fillers refused, real prices kept."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_one
from vitrina.feeds.captions import price_in, title_of
from vitrina.feeds.prices import Price


def post(number: int, caption: str | None, **more: object) -> dict:
    return {"id": f"P{number}", "media_type": "IMAGE", "instagram_url": f"https://www.instagram.com/p/P{number}/",
            "image_url": f"https://x.example/{number}.jpg", "caption": caption, "price": 159.9, "sizes": ["P", "M"],
            "sold_out": False, **more}  # fmt: skip


def read(tmp_path: Path, posts: list[dict]):
    return open_one(tmp_path, json.dumps(posts, ensure_ascii=False))


def test_a_price_that_stands_in_most_posts_is_a_filler(tmp_path: Path) -> None:
    posts = [post(n, f"Платье льняное {n}") for n in range(9)] + [post(9, "Юбка", price=70, sizes=["44"])]
    opened = read(tmp_path, posts)
    assert opened.format == "instagram"
    assert all(value["price"].note == "filler" for value in opened.values[:9])
    assert opened.values[9]["price"] == 70
    assert opened.values[9]["size"] == ["44"]
    assert any("filler" in note for note in opened.notes)


def test_a_price_in_the_caption_is_real(tmp_path: Path) -> None:
    values = read(tmp_path, [post(n, "Сумка 2 500 ₽\nКожа") for n in range(6)]).values[0]
    assert (values["price"].amount, values["currency"]) == (Decimal(2500), "RUB")
    assert values["url"] == "https://www.instagram.com/p/P0/"


def test_posts_without_words_are_quarantined_with_the_reason(tmp_path: Path) -> None:
    opened = read(tmp_path, [post(1, "Поло"), post(2, None), post(3, "🔥🔥 #moda @shop"), post(4, "...")])
    assert [value["title"] for value in opened.values] == ["Поло"]
    assert [(row.number, row.reason) for row in opened.broken] == [(2, "no_title"), (3, "no_title"), (4, "no_title")]


def test_the_graph_api_answer_is_read(tmp_path: Path) -> None:
    answer = {"data": [{"id": "1", "caption": "Elbise 450 TL", "media_type": "IMAGE", "media_url": "https://x.example/1.jpg",
                        "permalink": "https://www.instagram.com/p/a/", "timestamp": "2024-01-01T00:00:00+0000"}],
              "paging": {"cursors": {"after": "x"}}}  # fmt: skip
    values = open_one(tmp_path, json.dumps(answer)).values[0]
    assert (values["title"], values["price"].amount, values["currency"]) == ("Elbise 450 TL", Decimal(450), "TRY")


@pytest.mark.parametrize(
    ("caption", "title"),
    [
        ("🔥 Новинка: платье! 🔥\nвторая строка", "Новинка: платье!"),
        ("🚨🚨\n\nBermuda cinza 🚀\n#tag", "Bermuda cinza"),
        ("#moda #stil", None),
        ("", None),
        ("@shop Куртка-парка 48/50", "Куртка-парка 48/50"),
    ],
)
def test_titles_are_the_first_words_without_decoration(caption: str, title: str | None) -> None:
    assert title_of(caption) == title


@pytest.mark.parametrize(
    ("caption", "price"),
    [
        ("R$ 1.299,90 à vista", Price(Decimal("1299.90"), "BRL")),
        ("цена 1 990 руб.", Price(Decimal(1990), "RUB")),
        ("3 por R$100,00", None),
        ("было 500 ₽, стало 300 ₽", Price(None, None, "ambiguous")),
        ("Fiyat: 499", Price(Decimal(499))),
        ("скидка 20 %, цена по запросу", None),
        ("размер 44", None),
    ],
)
def test_prices_in_captions(caption: str, price: object) -> None:
    assert price_in(caption) == price
