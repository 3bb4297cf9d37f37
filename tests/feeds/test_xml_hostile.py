"""XML from strangers: attacks are refused, honest faults are mended or kept apart."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_one
from vitrina.feeds.records import DropUnreadable, NoProducts

OFFER = '<offer id="{id}"><name>{name}</name><price>5</price><currencyId>RUB</currencyId></offer>'


def feed(*names: str) -> str:
    offers = "".join(OFFER.format(id=number, name=name) for number, name in enumerate(names, 1))
    return f'<?xml version="1.0"?><yml_catalog><shop><offers>{offers}</offers></shop></yml_catalog>'


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was reached")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "1234567890"><!ENTITY b "&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY e SYSTEM "file:///etc/passwd">',
        '<!ENTITY e SYSTEM "http://127.0.0.1:9/">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;',
        "<!--" + "x" * 300_000 + '--><!ENTITY e "late">',
    ],
)
@pytest.mark.parametrize("blank", ["", "\n\n"])
@pytest.mark.usefixtures("no_network")
def test_documents_that_declare_entities_are_refused(tmp_path: Path, subset: str, blank: str) -> None:
    text = blank + feed("&e;").replace("<yml_catalog>", f"<!DOCTYPE yml_catalog [{subset}]><yml_catalog>")
    with pytest.raises(DropUnreadable, match="entities"):
        open_one(tmp_path, text)


@pytest.mark.usefixtures("no_network")
def test_an_entity_bomb_in_an_attribute_is_refused(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE r [<!ENTITY e0 "{"x" * 100}">{levels}]><r a="&e9;"><offer/></r>'
    with pytest.raises(DropUnreadable):
        open_one(tmp_path, text)


@pytest.mark.parametrize(
    ("written", "read", "note"),
    [
        ("Шампунь & бальзам", "Шампунь & бальзам", "&amp;"),
        ("Крем&nbsp;&laquo;Ночь&raquo;", "Крем\xa0«Ночь»", "HTML characters"),
        ("Крем\x0b\x01", "Крем", "control characters"),
        ("Крем&#1;", "Крем", "control characters"),
    ],
)
def test_faults_that_lose_nothing_are_mended_and_said(tmp_path: Path, written: str, read: str, note: str) -> None:
    opened = open_one(tmp_path, feed("Первый", written, "Третий"))
    assert [value["title"] for value in opened.values] == ["Первый", read, "Третий"]
    assert any(note in said for said in opened.notes)


def test_cdata_is_left_as_it_is_by_the_mending(tmp_path: Path) -> None:
    opened = open_one(tmp_path, feed("A & B", "<![CDATA[C & D &nbsp; <b>]]>"))
    assert [value["title"] for value in opened.values] == ["A & B", "C & D &nbsp; <b>"]


def test_html_characters_under_a_doctype_are_not_lost(tmp_path: Path) -> None:
    text = feed("Крем&nbsp;ночной").replace("<yml_catalog>", '<!DOCTYPE yml_catalog SYSTEM "shops.dtd"><yml_catalog>')
    assert open_one(tmp_path, text).values[0]["title"] == "Крем\xa0ночной"


@pytest.mark.parametrize("cut", [0.5, 0.8, 0.97])
def test_a_feed_that_breaks_off_keeps_what_stands_before(tmp_path: Path, cut: float) -> None:
    text = feed(*(f"Товар {n}" for n in range(200)))
    opened = open_one(tmp_path, text[: int(len(text) * cut)])
    assert len(opened.rows) > 200 * cut - 10
    assert [row.values["title"] for row in opened.rows] == [f"Товар {n}" for n in range(len(opened.rows))]
    assert len(opened.broken) == 1
    assert "breaks off" in opened.broken[0].message
    assert opened.broken[0].raw


def test_a_wrong_closing_tag_keeps_what_stands_before(tmp_path: Path) -> None:
    text = feed("A", "B", "C").replace("<name>C</name>", "<name>C</nome>")
    opened = open_one(tmp_path, text)
    assert len(opened.rows) == 2
    assert len(opened.broken) == 1


def test_rows_with_bytes_of_another_encoding_are_quarantined(tmp_path: Path) -> None:
    names = [f"Товар {n} с длинным названием" for n in range(20)]
    content = feed(*names).encode().replace("Товар 7".encode(), b"\xff\xfe 7")
    opened = open_one(tmp_path, content)
    assert len(opened.rows) == 19
    assert [row.reason for row in opened.broken] == ["bad_encoding"]


def test_deep_nesting_and_endless_text_do_not_harm(tmp_path: Path) -> None:
    for content in ("<a>" * 100_000, "<r><o><name>" + "x" * 12_000_000 + "</name><price>1</price></o></r>"):
        try:
            open_one(tmp_path, content)
        except DropUnreadable:
            continue


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<!DOCTYPE html><html><body>502</body></html>", "web page"),
        ("<?xml version='1.0'?>\n<!-- x --><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", "web page"),
        ("<table><tr><td>1</td></tr></table>", "web page"),
        ("<root><a>1</a><a>2</a></root>", "without product records"),
        ("<urlset><url><loc>x</loc></url></urlset>", "site map"),
        ("<", "not XML"),
        ("<?xml version='1.0'?>", "not XML"),
    ],
)
def test_what_is_no_feed_is_named(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(DropUnreadable, match=what):
        open_one(tmp_path, text, "feed.xml")


def test_the_xml_of_any_shop_becomes_flat_columns(tmp_path: Path) -> None:
    products = "".join(
        f"<Urun id='{n}'><UrunAdi>Elbise {n}</UrunAdi><Fiyat birim='TRY'>199,90</Fiyat>"
        "<Resimler><Resim>https://x.example/1.jpg</Resim><Resim>https://x.example/2.jpg</Resim></Resimler>"
        "<Ozellikler><Ozellik name='Renk'>Mavi</Ozellik><Ozellik name='Beden'>M</Ozellik></Ozellikler></Urun>"
        for n in range(3)
    )
    opened = open_one(tmp_path, f"<Urunler>{products}</Urunler>")
    assert opened.format == "xml"
    assert not opened.canonical
    assert len(opened.rows) == 3
    values = opened.values[0]
    assert (values["id"], values["UrunAdi"], values["Fiyat"], values["Fiyat.birim"]) == (
        "0",
        "Elbise 0",
        "199,90",
        "TRY",
    )
    assert values["Resimler"] == ["https://x.example/1.jpg", "https://x.example/2.jpg"]


def test_no_products_is_a_kind_of_unreadable() -> None:
    assert issubclass(NoProducts, DropUnreadable)
