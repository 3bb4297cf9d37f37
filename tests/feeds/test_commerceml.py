"""1C CommerceML: goods and offers joined, over files and in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_bytes
from vitrina.feeds.records import NoProducts

CLASSIFIER = """<Классификатор><Ид>k</Ид><Группы>
<Группа><Ид>g1</Ид><Наименование>Одежда</Наименование><Группы>
<Группа><Ид>g2</Ид><Наименование>Платья</Наименование></Группа></Группы></Группа></Группы>
<Свойства><Свойство><Ид>p1</Ид><Наименование>Материал</Наименование><ТипЗначений>Справочник</ТипЗначений>
<ВариантыЗначений><Справочник><ИдЗначения>v1</ИдЗначения><Значение>Лён</Значение></Справочник></ВариантыЗначений>
</Свойство>
<Свойство><Ид>p2</Ид><Наименование>Бренд</Наименование></Свойство></Свойства></Классификатор>"""
GOOD = """<Товар><Ид>{id}</Ид><Штрихкод>4006381333931</Штрихкод><Артикул>A-{id}</Артикул>
<Наименование>Платье {id}</Наименование>
<Группы><Ид>g2</Ид></Группы><Описание>Лёгкое</Описание><Картинка>import_files/1.jpg</Картинка>
<ЗначенияСвойств><ЗначенияСвойства><Ид>p1</Ид><Значение>v1</Значение></ЗначенияСвойства>
<ЗначенияСвойства><Ид>p2</Ид><Значение>Moda</Значение></ЗначенияСвойства></ЗначенияСвойств>
<ЗначенияРеквизитов><ЗначениеРеквизита><Наименование>Вес</Наименование><Значение>0.3</Значение></ЗначениеРеквизита>
<ЗначениеРеквизита><Наименование>ТипНоменклатуры</Наименование><Значение>Товар</Значение></ЗначениеРеквизита>
</ЗначенияРеквизитов></Товар>"""
TYPES = """<ТипыЦен><ТипЦены><Ид>t1</Ид><Наименование>Оптовая</Наименование><Валюта>RUB</Валюта></ТипЦены>
<ТипЦены><Ид>t2</Ид><Наименование>Розничная</Наименование><Валюта>руб</Валюта></ТипЦены></ТипыЦен>"""
PRICE = "<Цена><ИдТипаЦены>{type}</ИдТипаЦены><ЦенаЗаЕдиницу>{amount}</ЦенаЗаЕдиницу><Валюта>руб</Валюта></Цена>"


def document(body: str, namespace: str = ' xmlns="urn:1C.ru:commerceml_2"', version: str = "2.07") -> str:
    root = "КоммерческаяИнформация"
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}{namespace} ВерсияСхемы="{version}">{body}</{root}>'


def catalogue(*ids: str) -> str:
    goods = "".join(GOOD.format(id=one) for one in ids)
    return document(f"{CLASSIFIER}<Каталог><Товары>{goods}</Товары></Каталог>")


def offer(identity: str, wholesale: str = "50", retail: str = "80", name: str = "", more: str = "") -> str:
    title = f"<Наименование>{name}</Наименование>" if name else ""
    prices = PRICE.format(type="t1", amount=wholesale) + PRICE.format(type="t2", amount=retail)
    return f"<Предложение><Ид>{identity}</Ид>{title}<Цены>{prices}</Цены>{more}</Предложение>"


def package(*offers: str, version: str = "2.07") -> str:
    return document(
        f"<ПакетПредложений>{TYPES}<Предложения>{''.join(offers)}</Предложения></ПакетПредложений>", version=version
    )


def test_a_good_is_joined_with_its_offer_over_files(tmp_path: Path) -> None:
    (opened,) = open_bytes(
        tmp_path, {"offers.xml": package(offer("1", more="<Количество>3</Количество>")), "import.xml": catalogue("1")}
    )
    (values,) = opened.values
    assert opened.file == "import.xml"
    assert values["title"] == "Платье 1"
    assert (values["price"], values["currency"]) == ("80", "RUB")
    assert values["attr:Цена: Оптовая"] == "50"
    assert values["category"] == "Одежда > Платья"
    assert values["attr:Материал"] == "Лён"
    assert values["brand"] == "Moda"
    assert values["attr:Вес"] == "0.3"
    assert values["available"] is True
    assert "attr:ТипНоменклатуры" not in values


def test_offers_of_characteristics_meet_in_their_good(tmp_path: Path) -> None:
    feature = (
        "<ХарактеристикиТовара><ХарактеристикаТовара><Наименование>Размер</Наименование><Значение>{}</Значение>"
        "</ХарактеристикаТовара></ХарактеристикиТовара><Количество>0</Количество>"
    )
    offers = [offer("1#a", retail="90", more=feature.format(42)), offer("1#b", retail="70,5", more=feature.format(44))]
    (opened,) = open_bytes(tmp_path, {"i.xml": catalogue("1"), "o.xml": package(*offers)})
    (values,) = opened.values
    assert values["price"] == "70,5"
    assert values["attr:Размер"] == ["42", "44"]
    assert values["available"] is False
    assert opened.broken == []


def test_offers_without_a_good_are_orphans(tmp_path: Path) -> None:
    (opened,) = open_bytes(tmp_path, {"i.xml": catalogue("1"), "o.xml": package(offer("1"), offer("2", name="Юбка"))})
    assert len(opened.rows) == 1
    assert [(row.number, row.reason, row.file) for row in opened.broken] == [(2, "orphan_offer", "o.xml")]
    assert "Юбка" in opened.broken[0].raw


def test_a_catalogue_alone_gives_goods_without_prices(tmp_path: Path) -> None:
    (opened,) = open_bytes(tmp_path, {"i.xml": catalogue("1", "2")})
    assert [value["id"] for value in opened.values] == ["1", "2"]
    assert all("price" not in value for value in opened.values)
    assert any("prices are unknown" in note for note in opened.notes)


def test_named_offers_alone_are_products_and_nameless_ones_are_not(tmp_path: Path) -> None:
    (opened,) = open_bytes(tmp_path, {"o.xml": package(offer("1", name="Платье"), offer("2"))})
    assert [value["title"] for value in opened.values] == ["Платье"]
    assert [row.reason for row in opened.broken] == ["orphan_offer"]


def test_nameless_offers_alone_hold_no_products(tmp_path: Path) -> None:
    with pytest.raises(NoProducts, match="without goods"):
        open_bytes(tmp_path, {"o.xml": package(offer("1"))})


def test_version_3_spreads_prices_and_stocks_over_files(tmp_path: Path) -> None:
    rests = document(
        "<ПакетПредложений><Предложения><Предложение><Ид>1</Ид><Остатки><Остаток><Склад><Ид>s</Ид>"
        "<Количество>4</Количество></Склад></Остаток></Остатки></Предложение></Предложения></ПакетПредложений>",
        version="3.1",
    )
    files = {"import.xml": catalogue("1"), "prices.xml": package(offer("1"), version="3.1"), "rests.xml": rests}
    (opened,) = open_bytes(tmp_path, files)
    assert (opened.values[0]["price"], opened.values[0]["available"]) == ("80", True)


def test_files_without_a_namespace_and_in_windows_1251_are_read(tmp_path: Path) -> None:
    text = catalogue("1").replace(' xmlns="urn:1C.ru:commerceml_2"', "").replace("UTF-8", "windows-1251")
    (opened,) = open_bytes(tmp_path, {"i.xml": text.encode("cp1251")})
    assert opened.values[0]["category"] == "Одежда > Платья"


def test_goods_and_offers_may_stand_in_one_file(tmp_path: Path) -> None:
    goods = catalogue("1").removesuffix("</КоммерческаяИнформация>")
    body = package(offer("1")).split('ВерсияСхемы="2.07">', 1)[1]
    (opened,) = open_bytes(tmp_path, {"all.xml": goods + body})
    assert opened.values[0]["price"] == "80"
