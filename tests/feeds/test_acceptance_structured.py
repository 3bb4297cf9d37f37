"""The sample drops of the JSON and XML families parse with the counts of their README."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.feeds.feed_opening import open_paths
from vitrina.feeds.records import NoProducts

#: file → (format, records). Counts are those of the README beside the files.
COUNTS = {
    "wb_catalog_api_old_prices.json": ("wildberries", 100),
    "wb_catalog_api_v2_sample.json": ("wildberries", 3),
    "trendyol_records_star_separated.txt": ("jsonl", 696),
    "trendyol_shoes.json": ("json", 1008),
    "getir_market.json.gz": ("json", 4340),
    "grocery_delivery.jsonl.gz": ("jsonl", 3998),
    "instagram_menswear_shop.json": ("instagram", 63),
    "market_yml_cosmetics.xml.gz": ("yml", 775),
    "market_yml_gifts_doctype.xml": ("yml", 102),
    "market_yml_ecwid.xml": ("yml", 77),
    "merchant_rss_cosmetics_malformed.xml.gz": ("merchant_rss", 207),
    "merchant_rss_computer_parts.xml.gz": ("merchant_rss", 1255),
    "commerceml_import_nested_groups.xml.gz": ("commerceml", 283),
    "commerceml_import.xml": ("commerceml", 36),
    "commerceml_import_small.xml": ("commerceml", 2),
    # An offers file alone: its offers carry names, so they are the products.
    "commerceml_offers.xml": ("commerceml", 44),
}
TITLES = ("title", "name", "product_title")


@pytest.mark.parametrize("name", COUNTS)
def test_every_record_of_a_sample_is_read(shared_data: Path, name: str) -> None:
    (opened,) = open_paths({name: shared_data / "drops" / name})
    assert (opened.format, len(opened.rows) + len(opened.broken)) == COUNTS[name]
    assert opened.broken == []
    for values in opened.values:
        assert any(values.get(key) for key in TITLES)
        assert opened.canonical is (opened.format not in ("json", "jsonl"))


@pytest.mark.parametrize(
    ("name", "what"), [("wb_search_filters_sample.json", "filters"), ("wb_price_history_sample.json", "price history")]
)
def test_samples_without_products_say_what_they_are(shared_data: Path, name: str, what: str) -> None:
    with pytest.raises(NoProducts, match=what):
        open_paths({name: shared_data / "drops" / name})


def test_commerceml_goods_meet_their_offers(shared_data: Path) -> None:
    names = ("commerceml_offers.xml", "commerceml_import.xml")
    (opened,) = open_paths({name: shared_data / "drops" / name for name in names})
    # 44 offers to 36 goods: 8 offers belong to goods that the catalogue lacks.
    assert (len(opened.rows), len(opened.broken)) == (36, 8)
    assert {row.reason for row in opened.broken} == {"orphan_offer"}
    assert all(value["price"] and value["currency"] == "RUB" for value in opened.values)


def test_groups_become_paths(shared_data: Path) -> None:
    name = "commerceml_import_nested_groups.xml.gz"
    (opened,) = open_paths({name: shared_data / "drops" / name})
    assert all(" > " in value["category"] for value in opened.values)


def test_prices_inside_shipping_are_not_taken(shared_data: Path) -> None:
    name = "merchant_rss_computer_parts.xml.gz"
    (opened,) = open_paths({name: shared_data / "drops" / name})
    assert all(isinstance(value["price"], str) for value in opened.values)
    assert sum("barcode" not in value for value in opened.values) == 12
    assert max(len(value["image"]) for value in opened.values) == 8


def test_wildberries_prices_are_in_roubles(shared_data: Path) -> None:
    name = "wb_catalog_api_old_prices.json"
    (opened,) = open_paths({name: shared_data / "drops" / name})
    assert opened.values[0]["price"] == Decimal(1436)
    assert opened.values[0]["old_price"] == Decimal(3590)


def test_the_filler_price_of_the_posts_is_not_taken(shared_data: Path) -> None:
    name = "instagram_menswear_shop.json"
    (opened,) = open_paths({name: shared_data / "drops" / name})
    assert (
        sum(value["price"].amount is not None for value in opened.values if "price" in value) == 0
    )  # the two others are "3 for 100"
    assert any("159.9" in note for note in opened.notes)


def test_the_same_drop_in_two_formats_gives_the_same_goods(shared_data: Path) -> None:
    drops = shared_data / "drops"
    (lines,) = open_paths({"a": drops / "grocery_delivery.jsonl.gz"})
    (table,) = open_paths({"b": drops / "grocery_delivery_tab.csv.gz"})
    names = {value["name"] for value in table.values}
    assert sum(value["name"] in names for value in lines.values) >= 0.99 * len(lines.rows)
