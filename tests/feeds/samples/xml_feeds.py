"""YML, Merchant, Atom and CommerceML feeds of other shops.

Belongs here: XML. Stays out: attacks and damage (``test_xml_hostile``).
"""

# ruff: noqa: E501 (a record of XML on one line, as programs write it)

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

from tests.feeds.samples.goods import GOODS, TURKISH, ean
from tests.feeds.samples.sample import Sample


def feed(
    name: str, text: str, format: str, accepted: int, first: dict[str, Any], encoding: str = "utf-8", **more: Any
) -> Sample:
    return Sample(
        name, {f"{name}.xml": text.encode(encoding)}, format, accepted, {0: first, **more.pop("others", {})}, **more
    )


def yml(offers: str, encoding: str = "UTF-8", currency: str = "RUR") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><yml_catalog date="2024-03-01 10:00"><shop><name>Лавка</name>'
        f'<company>ООО Лавка</company><url>https://lavka.example</url><currencies><currency id="{currency}" rate="1"/>'
        f'</currencies><categories><category id="1">Одежда</category><category id="2" parentId="1">Платья</category>'
        f"</categories><offers>{offers}</offers></shop></yml_catalog>"
    )


def merchant(items: str) -> str:
    return (
        '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>'
        f"<link>https://shop.example</link>{items}</channel></rss>"
    )


COMMERCE = '<?xml version="1.0" encoding="UTF-8"?><КоммерческаяИнформация {} ВерсияСхемы="{}" ДатаФормирования="2024-03-01">{}</КоммерческаяИнформация>'


def catalogue(version: str, count: int, namespace: str = "") -> str:
    goods = "".join(
        f"<Товар><Ид>g-{n}</Ид><Артикул>A{n}</Артикул><Наименование>{GOODS[n][0]}</Наименование><БазоваяЕдиница Код='796'>шт</БазоваяЕдиница>"
        f"<Группы><Ид>gr-2</Ид></Группы><Описание>Текст {n}</Описание><Картинка>import_files/{n}.jpg</Картинка>"
        f"<Изготовитель><Ид>m</Ид><Наименование>Лён</Наименование></Изготовитель><Штрихкод>{ean(n)}</Штрихкод>"
        "<ЗначенияСвойств><ЗначенияСвойства><Ид>p-1</Ид><Значение>v-1</Значение></ЗначенияСвойства></ЗначенияСвойств>"
        "<ЗначенияРеквизитов><ЗначениеРеквизита><Наименование>Вес</Наименование><Значение>0.3</Значение></ЗначениеРеквизита></ЗначенияРеквизитов></Товар>"
        for n in range(count)
    )
    return COMMERCE.format(
        namespace,
        version,
        "<Классификатор><Ид>k</Ид><Наименование>Каталог</Наименование><Группы><Группа><Ид>gr-1</Ид><Наименование>Одежда</Наименование>"
        "<Группы><Группа><Ид>gr-2</Ид><Наименование>Платья</Наименование></Группа></Группы></Группа></Группы><Свойства><Свойство><Ид>p-1</Ид>"
        "<Наименование>Материал</Наименование><ТипЗначений>Справочник</ТипЗначений><ВариантыЗначений><Справочник><ИдЗначения>v-1</ИдЗначения>"
        "<Значение>Лён</Значение></Справочник></ВариантыЗначений></Свойство></Свойства></Классификатор>"
        f"<Каталог СодержитТолькоИзменения='false'><Ид>k</Ид><Наименование>Каталог</Наименование><Товары>{goods}</Товары></Каталог>",
    )


PRICE_TYPES = (
    "<ТипыЦен><ТипЦены><Ид>t-1</Ид><Наименование>Оптовая</Наименование><Валюта>USD</Валюта></ТипЦены>"
    "<ТипЦены><Ид>t-2</Ид><Наименование>Розничная</Наименование><Валюта>руб</Валюта></ТипЦены></ТипыЦен>"
)


def prices(n: int) -> str:
    return (
        f"<Цены><Цена><ИдТипаЦены>t-1</ИдТипаЦены><ЦенаЗаЕдиницу>{n + 1}5.5</ЦенаЗаЕдиницу><Валюта>USD</Валюта></Цена>"
        f"<Цена><ИдТипаЦены>t-2</ИдТипаЦены><ЦенаЗаЕдиницу>{n + 1}990</ЦенаЗаЕдиницу><Валюта>руб</Валюта></Цена></Цены>"
    )


def offers(version: str, count: int, inner: str = "prices quantity") -> str:
    body = "".join(
        f"<Предложение><Ид>g-{n}#c-{n}</Ид><Наименование>{GOODS[n][0]}</Наименование>"
        + (prices(n) if "prices" in inner else "")
        + (f"<Количество>{n}</Количество>" if "quantity" in inner else "")
        + (
            f"<Остатки><Остаток><Склад><Ид>w</Ид><Количество>{n}</Количество></Склад></Остаток></Остатки>"
            if "rests" in inner
            else ""
        )
        + "</Предложение>"
        for n in range(count)
    )
    kinds = PRICE_TYPES if "prices" in inner else ""
    return COMMERCE.format(
        "",
        version,
        f"<ПакетПредложений><Ид>k#</Ид><Наименование>П</Наименование>{kinds}<Предложения>{body}</Предложения></ПакетПредложений>",
    )


def xml_feeds() -> list[Sample]:
    """All samples of this module."""
    commerce = {
        "external_id": "g-1",
        "title": GOODS[1][0],
        "price": D(2990),
        "currency": "RUB",
        "brand": "Лён",
        "category_hint": "Одежда > Платья",
        "barcodes": [ean(1)],
        "available": True,
        "attr:Материал": "Лён",
        "attr:Цена: Оптовая": "25.5",
    }
    vendor_model = "".join(
        f'<offer id="{n}" type="vendor.model" available="{"true" if n else "false"}"><url>https://lavka.example/{n}</url><price>{n + 1}990.00</price>'
        f"<oldprice>{n + 2}990</oldprice><currencyId>RUR</currencyId><categoryId>2</categoryId><picture>https://lavka.example/{n}.jpg</picture>"
        f'<typePrefix>Платье</typePrefix><vendor>Лён</vendor><model>Миди {n}</model><barcode>{ean(n)}</barcode><age unit="year">18</age>'
        f'<condition type="preowned"><quality>excellent</quality><reason>Пятно</reason></condition><param name="Размер" unit="RU">4{n}</param></offer>'
        for n in range(6)
    )
    grouped = "".join(
        f'<offer id="{n}" group_id="{n // 3}" available="true"><name>Рубашка {n // 3}</name><price>1500</price><currencyId>KZT</currencyId>'
        f'<categoryId>2</categoryId><param name="Размер">{"SML"[n % 3]}</param><param name="Цвет">Белый</param></offer>'
        for n in range(9)
    )
    merchant_items = "".join(
        f"<item><g:id>M{n}</g:id><g:title><![CDATA[{TURKISH[n][0]} & more]]></g:title><g:description><![CDATA[<b>Soft</b> text]]></g:description>"
        f"<g:link>https://shop.example/{n}</g:link><g:image_link>https://shop.example/{n}.jpg</g:image_link><g:price>29.99 USD</g:price>"
        f"<g:sale_price>19.99 USD</g:sale_price><g:availability>in stock</g:availability><g:gtin>{ean(n)}</g:gtin><g:brand>Nordic</g:brand>"
        "<g:shipping><g:country>US</g:country><g:price>4.99 USD</g:price></g:shipping></item>"
        for n in range(6)
    )
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>'
        + "".join(
            f'<entry><g:id>A{n}</g:id><title>{TURKISH[n][0]}</title><summary>Text</summary><link href="https://shop.example/{n}"/>'
            f"<g:price>1.299,90 TL</g:price><g:image_link>https://shop.example/{n}.jpg</g:image_link></entry>"
            for n in range(5)
        )
        + "</feed>"
    )
    plain = (
        "<Urunler>"
        + "".join(
            f"<Urun><StokKodu>T{n}</StokKodu><UrunAdi>{name}</UrunAdi><Marka>{brand}</Marka><SatisFiyati>{n + 1}49,90</SatisFiyati>"
            f"<ParaBirimi>TL</ParaBirimi><Barkod>{ean(n)}</Barkod><StokAdedi>{n}</StokAdedi><Resim1>https://cdn.example.com/{n}.jpg</Resim1></Urun>"
            for n, (name, brand, _) in enumerate(TURKISH)
        )
        + "</Urunler>"
    )
    joined = {
        "import0_1.xml": catalogue("3.1", 4, 'xmlns="urn:1C.ru:commerceml_3"').encode(),
        "offers0_1.xml": offers("3.1", 4, "").encode(),
        "prices0_1.xml": offers("3.1", 4, "prices").encode(),
        "rests0_1.xml": offers("3.1", 4, "rests").encode(),
    }
    return [
        feed(
            "yml-vendor-model",
            yml(vendor_model),
            "yml",
            6,
            {
                "title": "Платье Лён Миди 0",
                "brand": "Лён",
                "price": D("1990.00"),
                "old_price": D(2990),
                "currency": "RUB",
                "available": False,
                "supplier": "Лавка",
                "category_hint": "Одежда > Платья",
                "barcodes": [ean(0)],
                "attr:Размер": "40 RU",
                "image_urls": ["https://lavka.example/0.jpg"],
                "attr:age": "18 year",
                "attr:condition": "preowned, excellent, Пятно",
            },
        ),
        feed(
            "yml-cp1251",
            yml(vendor_model, "windows-1251"),
            "yml",
            6,
            {"title": "Платье Лён Миди 0", "price": D("1990.00")},
            "cp1251",
        ),
        feed(
            "yml-cp1251-undeclared",
            yml(vendor_model),
            "yml",
            6,
            {"title": "Платье Лён Миди 0", "price": D("1990.00")},
            "cp1251",
            notes=("1251",),
        ),
        feed(
            "yml-groups",
            yml(grouped, currency="KZT"),
            "yml",
            9,
            {
                "title": "Рубашка 0",
                "price": D(1500),
                "currency": "KZT",
                "attr:Размер": "S",
                "attr:group_id": "0",
                "external_id": "0",
            },
        ),
        feed(
            "merchant-cdata",
            merchant(merchant_items),
            "merchant_rss",
            6,
            {
                "external_id": "M0",
                "title": f"{TURKISH[0][0]} & more",
                "price": D("19.99"),
                "old_price": D("29.99"),
                "currency": "USD",
                "available": True,
                "barcodes": [ean(0)],
                "description": "Soft text",
                "image_urls": ["https://shop.example/0.jpg"],
            },
        ),
        feed(
            "atom",
            atom,
            "merchant_rss",
            5,
            {"external_id": "A0", "price": D("1299.90"), "currency": "TRY", "url": "https://shop.example/0"},
        ),
        feed(
            "turkish-xml",
            plain,
            "xml",
            6,
            {
                "external_id": "T0",
                "title": TURKISH[0][0],
                "brand": "Akçay",
                "price": D("149.90"),
                "currency": "TRY",
                "barcodes": [ean(0)],
                "available": False,
                "image_urls": ["https://cdn.example.com/0.jpg"],
            },
        ),
        Sample(
            "commerceml-2.04",
            {"import.xml": catalogue("2.04", 4).encode(), "offers.xml": offers("2.04", 4).encode()},
            "commerceml",
            4,
            {1: commerce},
        ),
        Sample(
            "commerceml-2.08",
            {
                "import0_1.xml": catalogue("2.08", 4, 'xmlns="urn:1C.ru:commerceml_2"').encode(),
                "offers0_1.xml": offers("2.08", 4).encode(),
            },
            "commerceml",
            4,
            {1: commerce},
        ),
        Sample("commerceml-3.1", joined, "commerceml", 4, {1: commerce, 0: {"available": False}}),
        Sample(
            "commerceml-rests-element",
            {"import.xml": catalogue("2.04", 2).encode(), "prices.xml": offers("2.09", 3, "prices").encode()},
            "commerceml",
            2,
            {1: {"price": D(2990), "currency": "RUB"}},
            quarantined=1,
        ),
        Sample(
            "commerceml-offers-alone",
            {"offers.xml": offers("2.04", 4).encode()},
            "commerceml",
            4,
            {1: {"external_id": "g-1", "title": GOODS[1][0], "price": D(2990), "currency": "RUB"}},
        ),
        feed(
            "news",
            merchant("<item><title>News</title><link>https://x.example</link><pubDate>x</pubDate></item>" * 3),
            "",
            0,
            {},
            refused="Merchant",
        ),
    ]
