"""Real tables that nobody here wrote: counts as documented, hostile ones refused or counted, none hangs."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, DropUnreadable, NoProducts, SourceConfig

#: No single file may take longer than this: a watchdog against hangs, not a speed test.
WATCHDOG = 60


@dataclass(frozen=True)
class Expected:
    """What a file must give; ``why`` documents rows that differ from the count its collection states."""

    rows: int
    quarantined: int = 0
    priced: int | None = None
    encoding: str = "utf-8"
    identity: set[str] = field(default_factory=lambda: {"id"})
    why: str = ""


DROPS = {
    "bedlinen_bom.csv": Expected(84, priced=84, encoding="utf-8 with BOM"),
    "grocery_delivery_tab.csv.gz": Expected(4005, identity={"derived"}),
    "ozon_shop_export_2020.csv.gz": Expected(
        1139, priced=0, why="two columns may be the price: ambiguous, not guessed"
    ),
    "pos_nomenclature_cr_only.csv": Expected(397, 21, why="21 ragged rows are groups of goods"),
    "price_knitwear_cp1251_noheader.csv": Expected(
        4523, 1, priced=0, encoding="cp1251", why="4,524 lines, one of them blank; one ragged; two possible prices"
    ),
    "shein_sample_1000.csv.gz": Expected(1000, priced=1000),
    "trendyol_best_sellers_ar.csv": Expected(149, priced=149, encoding="utf-8 with BOM", identity={"url"}),
    "wb_search_tshirts.csv": Expected(303, 3, identity={"url"}, why="the header stands in the file three times more"),
    "price_1c_phones.xls": Expected(263, encoding="-", identity={"derived"}, why="322 rows, 59 of them groups"),
    "supplier_price_korean_cosmetics_a.xlsx": Expected(
        6820, encoding="-", why="6,870 rows: two of the header, 48 groups"
    ),
    "wb_notebooks_2022-07-26.xlsx": Expected(1062, priced=1061, encoding="-"),
    "wb_seller_card_template.xlsx": Expected(
        15, 15, encoding="-", identity=set(), why="a template: articles are filled in, names are not"
    ),
}
CATEGORY_ROWS = 6990


@pytest.mark.timeout(WATCHDOG * 4)
@pytest.mark.parametrize("name", sorted(DROPS))
def test_a_real_table_gives_its_documented_rows(shared_data, name):
    expected = DROPS[name]
    drop = read_drop([DropFile(shared_data / "drops" / name, name)], SourceConfig())
    report = drop.report
    assert report.balanced()
    assert (report.rows, report.quarantined, report.encoding) == (
        expected.rows,
        expected.quarantined,
        expected.encoding,
    )
    assert {product.identity for product in drop.products} == expected.identity
    if expected.priced is not None:
        assert sum(product.price is not None for product in drop.products) == expected.priced
    assert all((product.price is None) <= (product.price_note is not None) for product in drop.products)


@pytest.mark.timeout(WATCHDOG * 4)
def test_the_files_of_one_drop_give_their_sum(shared_data):
    folder = shared_data / "drops" / "ozon_category_files"
    files = [DropFile(path, path.name) for path in sorted(folder.iterdir())]
    drop = read_drop(files, SourceConfig())
    assert (drop.report.rows, drop.report.quarantined, drop.report.balanced()) == (CATEGORY_ROWS, 0, True)
    assert all(product.price and product.currency == "RUB" and product.category_hint for product in drop.products)


def test_a_price_list_keeps_groups_wholesale_prices_and_barcodes(shared_data):
    path = shared_data / "drops" / "supplier_price_korean_cosmetics_a.xlsx"
    drop = read_drop([DropFile(path, path.name)], SourceConfig())
    grouped = [product for product in drop.products if product.category_hint]
    assert len({product.category_hint for product in grouped}) == 48
    assert sum(bool(product.barcodes) for product in drop.products) > 6_000
    assert sum("ОПТ от 300 000 руб" in product.attributes for product in drop.products) > 6_800


def test_the_two_forms_of_one_drop_agree(shared_data):
    drops = [
        read_drop([DropFile(shared_data / "drops" / name, name)], SourceConfig())
        for name in ("grocery_delivery_tab.csv.gz", "grocery_delivery.jsonl.gz")
    ]
    table, lines = ({product.external_id: product for product in drop.products} for drop in drops)
    common = table.keys() & lines.keys()
    assert len(common) >= 0.99 * len(lines)
    assert sum(table[key].price == lines[key].price for key in common) >= 0.95 * len(common)


@pytest.mark.timeout(WATCHDOG * 4)
def test_sixty_thousand_rows_are_read(shared_data):
    path = shared_data / "large" / "ozon_60k.csv.gz"
    drop = read_drop([DropFile(path, path.name)], SourceConfig())
    # The collection counts 47,201 ids by "-ID/"; 78 links are "/product/ID/" and have ids of their own.
    assert (drop.report.rows, drop.report.accepted, drop.report.quarantined) == (60_159, 47_278, 0)
    assert all(product.price and product.identity == "url" for product in drop.products)


#: Tables of other kinds of data whose headers do name a title: read as they are, with "no price" said in the notes.
READ = {
    "fl_blank-rows-multiple.csv": (2, 0),
    "fl_duplicate-headers.csv": (2, 0),
    "fl_encoding-issue-274.csv": (507, 0),
    "fl_invalid.csv": (3, 3),
    "fl_issue-277.csv": (75, 1),
    "blank_line.ods": (3, 0),
}


def malformed(shared_data):
    folder = shared_data / "malformed"
    tables = [path for path in (folder / "tables").iterdir() if path.is_file()]
    return [*tables, *(folder / "csv_spectrum" / "csvs").glob("*.csv"), folder / "naughty_strings" / "blns.txt"]


@pytest.mark.timeout(WATCHDOG * 4)
def test_broken_tables_are_refused_with_a_message_or_counted(shared_data):
    for path in malformed(shared_data):
        files = [DropFile(path, path.name)]
        if path.name not in READ:
            with pytest.raises(DropUnreadable) as refused:
                read_drop(files, SourceConfig())
            assert refused.value.message
            assert refused.value.hint
            continue
        drop = read_drop(files, SourceConfig())
        assert READ[path.name] == (drop.report.rows, drop.report.quarantined)
        assert drop.report.balanced()
        assert "no column holds a price" in drop.report.notes


@pytest.mark.timeout(WATCHDOG)
def test_naughty_strings_pass_as_titles_and_descriptions(shared_data, tmp_path):
    import csv
    import json

    strings = json.loads((shared_data / "malformed" / "naughty_strings" / "blns.json").read_text("utf-8"))
    path = tmp_path / "naughty.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "title", "description", "price", "url", "image", "attribute"])
        for number, text in enumerate(strings):
            writer.writerow([f"n{number}", text, text, text, text, text, text])
    drop = read_drop([DropFile(path, path.name)], SourceConfig())
    assert drop.report.rows == len(strings)
    assert drop.report.balanced()
    assert set(drop.report.reasons) <= {"no_title"}
    assert not any("\u202e" in product.title or "\x00" in product.title for product in drop.products)


def test_search_answers_without_products_say_so(shared_data):
    path = shared_data / "drops" / "wb_search_filters_sample.json"
    with pytest.raises(NoProducts):
        read_drop([DropFile(path, path.name)], SourceConfig())
