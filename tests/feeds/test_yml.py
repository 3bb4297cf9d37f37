"""Yandex Market YML."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_one

HEAD = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog date="2024-01-01 00:00"><shop><name>Аптека</name><company>ООО</company><url>https://x.example</url>
<currencies><currency id="RUR" rate="1"/></currencies>
<categories>
<category id="1">Красота</category><category id="2" parentId="1">Уход</category>
<category id="3" parentId="2"> Кремы </category>
<category id="8" parentId="9">Круг</category><category id="9" parentId="8">Круг 2</category>
</categories><offers>"""
TAIL = "</offers></shop></yml_catalog>"
OFFER = """<offer id="a1" available="true" group_id="g"><url>https://x.example/1</url><price>100.50</price>
<oldprice>150</oldprice><currencyId>RUR</currencyId><categoryId>3</categoryId>
<picture>https://x.example/1.jpg</picture><picture>https://x.example/2.jpg</picture>
<vendor>Nivea</vendor><vendorCode>NV-1</vendorCode><name>Крем для рук</name>
<description><![CDATA[<p>Мягкий & нежный</p>]]></description><barcode>4005900009364</barcode>
<param name="Объём" unit="мл">75</param><param name="Кожа">сухая</param><param name="Кожа">нормальная</param>
<delivery>true</delivery></offer>"""


def feed(*offers: str, encoding: str = "utf-8") -> bytes:
    return (HEAD.format(encoding=encoding) + "".join(offers) + TAIL).encode(encoding)


def test_an_offer_becomes_canonical_values(tmp_path: Path) -> None:
    opened = open_one(tmp_path, feed(OFFER), "feed.xml")
    (values,) = opened.values
    assert opened.format == "yml"
    assert opened.canonical
    assert values == {
        "id": "a1", "title": "Крем для рук", "brand": "Nivea", "price": "100.50", "old_price": "150",
        "currency": "RUB", "category": "Красота > Уход > Кремы", "supplier": "Аптека", "available": True,
        "url": "https://x.example/1", "image": ["https://x.example/1.jpg", "https://x.example/2.jpg"],
        "barcode": ["4005900009364"], "description": "<p>Мягкий & нежный</p>", "attr:vendorCode": "NV-1",
        "attr:Объём": "75 мл", "attr:Кожа": ["сухая", "нормальная"], "attr:group_id": "g",
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
def test_feeds_in_every_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    assert open_one(tmp_path, feed(OFFER, encoding=encoding)).values[0]["title"] == "Крем для рук"


def test_a_feed_that_says_utf8_but_is_windows_1251_is_read_and_said_so(tmp_path: Path) -> None:
    content = feed(OFFER).decode().encode("cp1251")
    opened = open_one(tmp_path, content)
    assert opened.values[0]["title"] == "Крем для рук"
    assert any("windows-1251" in note for note in opened.notes)


def test_vendor_model_offers_get_a_title_from_their_parts(tmp_path: Path) -> None:
    offer = (
        '<offer id="1" type="vendor.model" available="false"><typePrefix>Крем</typePrefix><vendor>Nivea</vendor>'
        "<model>Soft</model><price>1</price></offer>"
    )
    (values,) = open_one(tmp_path, feed(offer)).values
    assert values["title"] == "Крем Nivea Soft"
    assert values["available"] is False


def test_a_circle_of_categories_ends(tmp_path: Path) -> None:
    (values,) = open_one(tmp_path, feed(OFFER.replace("<categoryId>3<", "<categoryId>8<"))).values
    assert values["category"] == "Круг 2 > Круг"


def test_categories_after_the_offers_are_found(tmp_path: Path) -> None:
    text = (
        "<yml_catalog><shop><offers>" + OFFER + "</offers><categories><category id='3'>Кремы</category></categories>"
        "</shop></yml_catalog>"
    )
    assert open_one(tmp_path, text).values[0]["category"] == "Кремы"


def test_the_declared_dtd_is_not_fetched(tmp_path: Path) -> None:
    content = feed(OFFER).replace(b'"shops.dtd"', b'"http://127.0.0.1:9/shops.dtd"')
    assert len(open_one(tmp_path, content).rows) == 1


def test_an_offer_without_a_name_keeps_its_raw_text(tmp_path: Path) -> None:
    opened = open_one(tmp_path, feed(OFFER, '<offer id="2"><price>5</price></offer>'))
    assert "title" not in opened.rows[1].values
    assert opened.rows[1].raw is not None
    assert 'id="2"' in opened.rows[1].raw


def test_many_offers_are_counted_in_order(tmp_path: Path) -> None:
    opened = open_one(tmp_path, feed(*(OFFER.replace('"a1"', f'"a{n}"') for n in range(3000))))
    assert [row.number for row in opened.rows] == list(range(1, 3001))
    assert opened.rows[-1].values["id"] == "a2999"
