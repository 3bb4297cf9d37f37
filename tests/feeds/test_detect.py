"""Files are recognised by what they hold, and any bytes end in tables or in a clear refusal."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.feeds.feed_opening import open_bytes, open_one
from vitrina.feeds.detect import Kind, identify
from vitrina.feeds.records import DropFile, DropUnreadable, NoProducts

JSON = '[{"name": "Крем", "price": 5}]'
YML = '<yml_catalog><shop><offers><offer id="1"><name>Крем</name></offer></offers></shop></yml_catalog>'


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("goods.csv", JSON, Kind.JSON),
        ("goods.xml", JSON, Kind.JSON),
        ("goods.json", YML, Kind.XML),
        ("goods.json", "name;price\nКрем;5\n", Kind.TEXT),
        ("goods.xls", "<html><table><tr><td>1</td></tr></table></html>", Kind.HTML),
        ("goods.xml", "name\tprice\nA\t1\n", Kind.TEXT),
        ("goods.txt", '{"name": "A"}\n****\n{"name": "B"}', Kind.JSON),
        ("goods.csv", "[id],[name],[price]\n1,A,5\n", Kind.TEXT),
        ("goods.csv", "", Kind.EMPTY),
        ("goods.csv", " \r\n\0\n", Kind.EMPTY),
        ("goods.csv", "%PDF-1.7 …", Kind.OTHER),
        ("x.json", "null", Kind.JSON),
        ("state.js", 'window.__STATE__ = {"products": []};', Kind.JSON),
        ("answer", 'callback([{"name": "A"}])', Kind.JSON),
    ],
)
def test_the_content_says_what_a_file_is(tmp_path: Path, name: str, content: str, kind: Kind) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    assert identify(DropFile(path, name)) is kind


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"%PDF-1.4\n1 0 obj", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"SQLite format 3\0", "SQLite"),
        (b"\x80\x04\x95\x00", "pickle"),
        (b"\x00\x01\x02binary\x00\x00\xff\xfe" * 30, "binary"),
    ],
)
def test_files_of_other_kinds_are_named(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(DropUnreadable, match=what) as caught:
        open_one(tmp_path, content, "list.csv")
    assert "list.csv" in caught.value.message
    assert caught.value.hint


def test_a_drop_of_several_files_keeps_its_products_and_names_the_rest(tmp_path: Path) -> None:
    prices = json.dumps([{"dt": 1, "price": {"RUB": 5}}])
    opened = open_bytes(
        tmp_path, {"a.json": prices, "b.json": JSON, "c.xml": YML, "_SUCCESS": "", "source.yaml": "x: 1"}
    )
    assert [(one.file, one.format) for one in opened] == [("b.json", "json"), ("c.xml", "yml")]
    assert any("a.json holds no products" in note for note in opened[0].notes)


def test_a_drop_without_any_products_says_so_for_every_file(tmp_path: Path) -> None:
    prices = json.dumps([{"dt": 1, "price": {"RUB": 5}}])
    with pytest.raises(NoProducts, match=r"a\.json.*b\.json"):
        open_bytes(tmp_path, {"a.json": prices, "b.json": "[]"})


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DropUnreadable, match="no file"):
        open_bytes(tmp_path, {"_SUCCESS": ""})


def ends_well(content: bytes, name: str) -> None:
    """Tables or DropUnreadable: any other exception is a fault."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            opened = open_bytes(Path(folder), {name: content})
        except DropUnreadable:
            return
        for one in opened:
            assert all(row.message and len(row.raw) <= 20_000 for row in one.broken)
            numbers = [row.number for row in one.rows]
            assert numbers == sorted(numbers) or one.format == "commerceml"


_SLOW_MACHINE = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_JSONISH = st.text(alphabet='{}[]":, \n\\au0d8enlrtfsi1.-*#\x00é', max_size=120)
_XML_PIECES = """
< > </ /> <?xml_version='1.0'?> <!DOCTYPE_a_[ ]> <!ENTITY_e_'x'> &e; & &nbsp; <offer_id='1'> </offer>
<name> </name> <item> </item> <rss> </rss> <yml_catalog> </yml_catalog> <![CDATA[ ]]> <!-- --> Товар \x00
<КоммерческаяИнформация> </КоммерческаяИнформация> <Товар> </Товар> <Ид> </Ид> <price> </price>
<g:id> &#1; &#x110000;"""
_XMLISH = st.lists(
    st.sampled_from([piece if "yml" in piece else piece.replace("_", " ") for piece in _XML_PIECES.split()]),
    max_size=30,
)


@_SLOW_MACHINE
@given(st.binary(max_size=300), st.sampled_from(["a.json", "a.csv", "a.xml", "a"]))
@example(b"\xff\xfe", "a")
@example(b"PK\x03\x04", "a.xlsx")
@example(b"\x1f\x8b", "a.gz")
@example(b"\xfe\xff\x00{", "a.json")
@example(b"\xef\xbb\xbf", "a.json")
@example(b"\xff\xfe\x00\x00<\x00<\x00", "a.xml")
def test_any_bytes_end_well(content: bytes, name: str) -> None:
    ends_well(content, name)


@_SLOW_MACHINE
@given(_JSONISH, st.sampled_from(["a.json", "a"]))
def test_any_text_like_json_ends_well(text: str, name: str) -> None:
    ends_well(text.encode(), name)


@_SLOW_MACHINE
@given(_XMLISH, st.sampled_from(["utf-8", "utf-16", "cp1251"]))
def test_any_text_like_xml_ends_well(parts: list[str], encoding: str) -> None:
    ends_well("".join(parts).encode(encoding, errors="replace"), "a.xml")


@_SLOW_MACHINE
@given(st.integers(0, 400), st.integers(0, 255), st.sampled_from([JSON * 3, YML, f"[{JSON[1:-1]},{JSON[1:-1]}]"]))
def test_any_damaged_byte_ends_well(at: int, byte: int, text: str) -> None:
    content = bytearray(text.encode())
    content[at % len(content)] = byte
    ends_well(bytes(content), "a")
    ends_well(gzip.compress(bytes(content)), "a.gz")
    damaged = bytearray(gzip.compress(text.encode()))
    damaged[at % len(damaged)] = byte
    ends_well(bytes(damaged), "a.gz")
