"""A whole drop: accounting, repeats, several files, the dry run."""

from __future__ import annotations

import json

import pytest

from vitrina.feeds.preview import check_files, drop_files
from vitrina.feeds.reading import iter_drop, read_drop
from vitrina.feeds.records import DropFile, DropUnreadable, FeedReport, QuarantinedRow, SourceConfig

CATEGORY_ROW = (
    'Рубашка {i},{i}99\u2009₽,{i} отзывов,"Завтра доставит Ozon, продавец Лён",https://s.example/r-{n}/?a=1\n'
)


def test_repeats_are_merged_and_the_first_text_stands(read_text):
    drop = read_text(
        "id;название;описание;цена;фото\n"
        "1;Крем;;10;https://a.example/1.jpg\n"
        "2;Гель;;;\n"
        "1;Крем новый;Описание;20;https://a.example/2.jpg\n"
        ";;;5;\n"
    )
    report = drop.report
    assert (report.rows, report.accepted, report.merged, report.quarantined) == (4, 2, 1, 1)
    cream = drop.products[0]
    assert (cream.title, cream.description, cream.price, cream.number) == ("Крем", "Описание", 10, 4)
    assert len(cream.image_urls) == 2


def test_the_stream_counts_while_it_is_consumed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;название\n1;Крем\n1;Крем\n2;\n", "utf-8")
    report = FeedReport()
    items = list(iter_drop([DropFile(path, "a.csv")], SourceConfig(), report))
    assert (len(items), report.rows, report.quarantined, report.accepted) == (3, 3, 1, 0)
    assert isinstance(items[2], QuarantinedRow)


def test_one_file_for_each_category_makes_one_drop(tmp_path):
    files = []
    for name, count in (("rubashki-muzhskie-7553.csv", 30), ("topy-12.csv", 1)):
        path = tmp_path / name
        path.write_text("".join(CATEGORY_ROW.format(i=i, n=100_000 + i) for i in range(1, count + 1)), "utf-8")
        files.append(DropFile(path, name))
    drop = read_drop(files, SourceConfig())
    assert (drop.report.rows, drop.report.accepted, drop.report.merged) == (31, 30, 1)
    product = drop.products[0]
    assert (product.category_hint, product.supplier, product.currency) == ("rubashki-muzhskie", "Лён", "RUB")
    assert product.attributes == {"reviews": "1 отзывов", "delivery": "Завтра доставит Ozon, продавец Лён"}


def test_a_small_file_borrows_the_columns_of_its_sibling(tmp_path):
    rows = "".join(f"К-{i},Крем для рук {i},{i}9 ₽\n" for i in range(1, 40))
    (tmp_path / "a.csv").write_text(rows, "utf-8")
    (tmp_path / "b.csv").write_text("К-90,Zx qy,990 ₽\n", "utf-8")
    drop = read_drop(drop_files([tmp_path]), SourceConfig())
    assert drop.products[-1].title == "Zx qy"


def test_the_dry_run_gives_a_json_object(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;название;цена\n1;Крем;10 ₽\n2;;5\n", "utf-8")
    result = check_files([path], SourceConfig())
    assert json.loads(json.dumps(result)) == result
    assert {"format", "encoding", "rows", "accepted", "quarantined", "merged", "reasons", "columns", "products"} <= set(
        result
    )
    assert result["columns"] == {"id": "id", "название": "title", "цена": "price"}
    assert result["products"][0]["price"] == "10"
    assert result["reasons"] == {"no_title": 1}


def test_a_path_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DropUnreadable, match="does not exist"):
        check_files([tmp_path / "nothing.csv"], SourceConfig())
