"""Google Merchant feeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_one
from vitrina.feeds.records import NoProducts

ITEM = """<item><g:id>5</g:id><g:title>Крем</g:title><title>Крем (rss)</title><g:link>https://x.example/5</g:link>
<g:description>Текст</g:description><g:image_link>https://x.example/a.jpg</g:image_link>
<g:additional_image_link>https://x.example/b.jpg</g:additional_image_link>
<g:additional_image_link>https://x.example/c.jpg,https://x.example/d.jpg</g:additional_image_link>
<g:price>1068.00 RUB</g:price>{more}<g:availability>in stock</g:availability><g:brand>WELCOS</g:brand>
<g:gtin>8803348011668</g:gtin><g:google_product_category>276</g:google_product_category>
<g:product_type>Уход &gt; Кремы</g:product_type>
<g:product_detail><g:attribute_name>Объём</g:attribute_name><g:attribute_value>50 мл</g:attribute_value>
</g:product_detail>
<g:shipping><g:country>RU</g:country><g:price>79 RUB</g:price></g:shipping></item>"""


def rss(*items: str) -> str:
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
        + "".join(items)
        + "</channel></rss>"
    )


def test_an_item_becomes_canonical_values(tmp_path: Path) -> None:
    (values,) = open_one(tmp_path, rss(ITEM.format(more=""))).values
    assert values["price"] == "1068.00 RUB"
    assert values["title"] == "Крем"
    assert values["image"] == [f"https://x.example/{name}.jpg" for name in "abcd"]
    assert values["category"] == "Уход > Кремы"
    assert values["barcode"] == ["8803348011668"]
    assert values["available"] is True
    assert values["attr:Объём"] == "50 мл"
    assert "79 RUB" not in str(values)


def test_the_sale_price_is_the_price(tmp_path: Path) -> None:
    (values,) = open_one(tmp_path, rss(ITEM.format(more="<g:sale_price>900 RUB</g:sale_price>"))).values
    assert (values["price"], values["old_price"]) == ("900 RUB", "1068.00 RUB")


def test_blank_lines_before_the_declaration_are_mended_and_said(tmp_path: Path) -> None:
    opened = open_one(tmp_path, "\r\n\n  " + rss(ITEM.format(more="")))
    assert len(opened.rows) == 1
    assert opened.notes == ["blank lines before the XML declaration were cut off"]


def test_atom_feeds_are_read(tmp_path: Path) -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>S</title><entry>'
        '<g:id>1</g:id><title>Мыло</title><link href="https://x.example/1"/><g:price>5 EUR</g:price>'
        "<g:availability>out_of_stock</g:availability></entry></feed>"
    )
    (values,) = open_one(tmp_path, text).values
    assert (values["title"], values["url"], values["available"]) == ("Мыло", "https://x.example/1", False)


def test_a_news_feed_holds_no_products(tmp_path: Path) -> None:
    item = "<item><title>Новость</title><link>https://x.example</link><description>…</description></item>"
    with pytest.raises(NoProducts, match="without goods"):
        open_one(tmp_path, rss(item, item))
