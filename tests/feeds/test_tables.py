"""Text tables in every encoding and dialect, and rows that do not fit."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.feeds import dialect, tables
from vitrina.feeds.encodings import detect
from vitrina.feeds.records import DropFile, DropUnreadable, NoProducts, SourceConfig

GOODS = [
    ("Артикул", "Название", "Цена"),
    ("А1", "Крем для лица", "1 299,50"),
    ("А2", "Шампунь детский, 250 мл", "99,00"),
]


def written(delimiter=";", end="\n", rows=GOODS):
    return end.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows) + end


def titles(drop):
    return [product.title for product in drop.products]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "; "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(read_text, delimiter, end):
    drop = read_text(written(delimiter, end))
    assert titles(drop) == ["Крем для лица", "Шампунь детский, 250 мл"]
    assert [str(product.price) for product in drop.products] == ["1299.50", "99.00"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8_r", "cp866"])
def test_encodings_of_russian_text_are_found(read_bytes, encoding):
    assert titles(read_bytes(written().encode(encoding))) == ["Крем для лица", "Шампунь детский, 250 мл"]


@pytest.mark.parametrize(("encoding", "title"), [("cp1254", "Ağız bakım suyu, İğdeş"), ("cp1252", "Jabón de baño")])
def test_encodings_of_other_languages_are_found(read_bytes, encoding, title):
    rows = [("id", "name", "price")] + [(f"k{i}", f"{title} {i}", "10") for i in range(20)]
    assert titles(read_bytes(written(rows=rows).encode(encoding)))[0] == f"{title} 0"


def test_a_fixed_encoding_and_delimiter_are_used(read_bytes):
    config = SourceConfig(encoding="windows-1251", delimiter="^")
    assert len(read_bytes(written("^").encode("cp1251"), config=config).products) == 2
    with pytest.raises(DropUnreadable, match="does not exist"):
        read_bytes(b"a,b\n1,2\n", config=SourceConfig(encoding="klingon"))


def test_multi_line_cells_and_doubled_and_escaped_quotes_are_read(read_text):
    drop = read_text('id,title,description\n1,"Крем ""Лето""","раз\nдва"\n2,"Гель","x"\n')
    assert titles(drop) == ['Крем "Лето"', "Гель"]
    assert drop.products[0].description == "раз\nдва"
    assert drop.products[1].number == 4
    escaped = read_text('id,title,price\n1,"Крем \\"Лето\\", 5 мл",10\n2,"Гель",20\n')
    assert titles(escaped) == ['Крем "Лето", 5 мл', "Гель"]


def test_rows_before_the_header_are_left_out_and_said(read_text):
    drop = read_text("Прайс-лист ООО Ромашка;;\n;;\n;;\nАртикул;Название;Цена\n1;Крем;10\n")
    assert titles(drop) == ["Крем"]
    assert any("above the header" in note for note in drop.report.notes)


def test_ragged_rows_go_to_quarantine_with_their_line(read_text):
    body = "".join(f"{i};Крем {i};10\n" for i in range(30))
    drop = read_text(f"id;название;цена\n{body}31;Гель\n32;Гель;10;20\n33;Гель;10;;\n\n34;Мыло;5\n")
    assert [(row.number, row.reason) for row in drop.quarantine] == [(32, "ragged_row"), (33, "ragged_row")]
    assert drop.report.rows == 34
    assert "Гель" in drop.quarantine[0].raw
    assert {"33", "34"} <= {product.external_id for product in drop.products}


def test_an_exporter_that_leaves_out_empty_cells_at_the_end_is_understood(read_text):
    body = "".join(f"{i};Крем {i};10\n" if i % 2 else f"{i};Крем {i}\n" for i in range(40))
    drop = read_text(f"id;название;цена\n{body}")
    assert drop.report.accepted == 40


def test_a_repeated_header_is_no_product(read_text):
    drop = read_text("id,title,price\n1,Крем,10\nid,title,price\n2,Гель,20\n")
    assert titles(drop) == ["Крем", "Гель"]
    assert drop.report.reasons == {"broken_record": 1}


def test_blank_and_repeated_headers_get_names(read_text):
    drop = read_text("id,title,,цвет,цвет\n1,Крем,x,белый,синий\n")
    assert drop.products[0].attributes == {"column 3": "x", "цвет": "белый", "цвет (2)": "синий"}


def test_bytes_that_do_not_decode_spoil_only_their_row(read_bytes):
    rows = "".join(f"{i};Крем для лица {i};10\n" for i in range(50)).encode()
    drop = read_bytes("id;название;цена\n".encode() + rows + b"51;\xff\xfe \xd0;10\n")
    assert drop.report.accepted == 50
    assert drop.report.reasons == {"bad_encoding": 1}


def test_a_broken_row_of_a_short_list_does_not_change_its_encoding(read_bytes):
    drop = read_bytes(
        "id;название;цена\n1;Крем;10\n3;Мыло;1\n".encode() + b"2;\xff\xfe\xfa;10\n" + "4;Гель;5\n".encode()
    )
    assert drop.report.encoding == "utf-8"
    assert [product.title for product in drop.products][::2] == ["Крем", "Гель"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_found(tmp_path, encoding):
    path = tmp_path / "drop.csv"
    path.write_bytes(written().encode(encoding))
    assert detect(path).name == encoding


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\xef\xbb\xbf"]))
def test_any_bytes_are_read_or_refused_with_a_message(tmp_path_factory, content, mark):
    path = tmp_path_factory.mktemp("bytes") / "drop.csv"
    path.write_bytes(mark + content)
    with contextlib.suppress(DropUnreadable):
        for table in tables.read(DropFile(path, path.name), SourceConfig()):
            for row in table.rows:
                assert len(row.values) == len(table.headers)


def test_zero_bytes_inside_cells_do_no_harm(tmp_path):
    path = tmp_path / "drop.csv"
    path.write_bytes("id;название\n1;Кр\0ем\n2;Гель\n".encode())
    (table,) = tables.read(DropFile(path, path.name), SourceConfig())
    assert table.headers == ["id", "название"]


def test_a_cell_without_end_is_set_apart(read_text, monkeypatch):
    monkeypatch.setattr(dialect, "MAX_CELL", 1_000)
    body = "".join(f"{i};Крем {i}\n" for i in range(300))
    drop = read_text(f"id;название\n{body}301;{'x' * 2_000}\n302;Гель\n")
    assert drop.report.reasons.get("too_large") == 1
    assert "Гель" in titles(drop)


@pytest.mark.parametrize("rows", [20, 2_000])
def test_a_quote_without_end_costs_only_its_own_line(read_text, rows):
    body = "".join(f"{i};Крем {i};10\n" for i in range(2, rows + 2))
    drop = read_text(f'id;название;цена\n1;"незакрытая;10\n{body}')
    assert drop.report.reasons == {"broken_record": 1}
    assert (drop.quarantine[0].number, drop.report.accepted) == (2, rows)
    assert drop.products[-1].number == rows + 2


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_refused(read_text, content):
    with pytest.raises(DropUnreadable):
        read_text(content)


def test_a_header_without_rows_holds_no_products(read_text):
    with pytest.raises(NoProducts):
        read_text("id;название;цена\n")


def test_a_table_of_too_many_columns_is_refused(read_text):
    with pytest.raises(DropUnreadable, match="columns"):
        read_text(";".join(f"c{i}" for i in range(6_000)) + "\n" + ";" * 5_999 + "\n")
