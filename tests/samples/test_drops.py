"""The sample drops hold what their README says, seen by plain readers (the platform's own are tested elsewhere)."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DROPS = SAMPLES / "drops"
SOURCE_KEYS = {
    "name", "full_list", "currency", "language", "mapping", "has_header", "encoding", "delimiter", "price_unit",
    "filler_prices",
}  # fmt: skip


@pytest.fixture(scope="module")
def wildberries() -> list[dict[str, Any]]:
    text = (DROPS / "wildberries" / "2026-05-18_odezhda-iz-turtsii.json").read_text(encoding="utf-8")
    return json.loads(text)["data"]["products"]


@pytest.fixture(scope="module")
def offers() -> list[etree._Element]:
    path = DROPS / "eczane-istanbul" / "2026-05-18_kosmetika-i-apteka.xml"
    return list(etree.parse(path).getroot().iter("offer"))


@pytest.fixture(scope="module")
def price_list() -> list[dict[str, str]]:
    with (SAMPLES / "price_list.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.fixture(scope="module")
def trendyol() -> list[dict[str, Any] | None]:
    return json.loads((DROPS / "trendyol" / "2026-05-18_giyim.json").read_text(encoding="utf-8"))["products"]


def test_the_counts_are_those_of_the_readme(
    wildberries: list[Any], offers: list[Any], price_list: list[Any], trendyol: list[Any]
) -> None:
    remnants = (DROPS / "denizli-ostatki" / "2026-05-18_ostatki.csv").read_bytes().decode("cp1251").splitlines()
    counts = (len(wildberries), len(offers), len(price_list), len(trendyol), len(remnants) - 1)
    assert counts == (52, 51, 30, 25, 10)
    assert f"{sum(counts)} records" in (SAMPLES / "README.md").read_text(encoding="utf-8")


def test_the_catalogue_answer_has_prices_in_kopecks_and_one_repeat(wildberries: list[dict[str, Any]]) -> None:
    repeats = [number for number, count in Counter(p["id"] for p in wildberries).items() if count > 1]
    assert repeats == [285144770]
    prices = [s["price"]["product"] for p in wildberries for s in p["sizes"] if "price" in s]
    assert min(prices) == 7_900
    assert all(price % 100 == 0 for price in prices)
    without = {p["id"] for p in wildberries if not any("price" in s for s in p["sizes"])}
    assert without == {269237477}


def test_most_products_have_attributes_and_a_text(wildberries: list[dict[str, Any]], offers: list[Any]) -> None:
    rich = [p for p in wildberries if len(p.get("options", [])) >= 5 and len(p.get("description", "")) >= 120]
    assert len(rich) >= 45
    rich_offers = [o for o in offers if len(o.findall("param")) >= 4 and len(o.findtext("description") or "") >= 120]
    assert len(rich_offers) >= 45


def test_every_offer_names_a_category_of_its_feed(offers: list[etree._Element]) -> None:
    known = {element.get("id") for element in offers[0].getroottree().getroot().iter("category")}
    assert {offer.findtext("categoryId") for offer in offers} <= known
    assert len({offer.get("id") for offer in offers}) == len(offers)


def test_every_barcode_has_its_check_digit(offers: list[etree._Element], price_list: list[dict[str, str]]) -> None:
    codes = [e.text or "" for offer in offers for e in offer.findall("barcode")] + [g["barcode"] for g in price_list]
    assert len(codes) == len(set(codes)) == 80
    for code in codes:
        digits = [int(digit) for digit in code]
        assert len(digits) == 13
        assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0, code


def test_the_turkish_shop_has_prices_in_lira_but_for_one(trendyol: list[dict[str, Any] | None]) -> None:
    goods = [good for good in trendyol if good is not None]
    assert len(goods) == 24
    assert [good["price"] for good in goods if not good["price"].endswith(" TL")] == ["Fiyat sorunuz"]


def test_no_address_leads_to_a_real_host(offers: list[etree._Element], trendyol: list[dict[str, Any] | None]) -> None:
    addresses = [e.text or "" for offer in offers for e in offer.iter("url", "picture")]
    addresses += [good[key] for good in trendyol if good for key in ("url", "image")]
    assert all(address.split("/")[2].endswith(".example") for address in addresses)


def test_the_price_list_is_what_its_script_makes(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the dev group is not installed")
    spec = importlib.util.spec_from_file_location("make_price_list", SAMPLES / "make_price_list.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path / "made.xlsx")

    def look(path: Path) -> tuple[list[tuple[Any, ...]], set[str]]:
        sheet = openpyxl.load_workbook(path).active
        return list(sheet.iter_rows(values_only=True)), {str(merged) for merged in sheet.merged_cells.ranges}

    committed = look(module.TARGET)
    assert look(tmp_path / "made.xlsx") == committed
    rows, merged = committed
    assert rows[5][9] == "Цена, руб."
    assert rows[6][9:11] == ("Оптовая", "Розничная")
    assert "J6:K6" in merged


@pytest.mark.parametrize("path", sorted(DROPS.glob("*/source.yaml")), ids=lambda path: path.parent.name)
def test_a_source_file_says_only_what_it_may(path: Path) -> None:
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= SOURCE_KEYS


def test_one_source_sends_full_lists() -> None:
    full = [p.parent.name for p in DROPS.glob("*/source.yaml") if yaml.safe_load(p.read_text("utf-8")).get("full_list")]
    assert full == ["moda-tekstil"]


def test_one_row_of_the_remnants_is_ragged() -> None:
    text = (DROPS / "denizli-ostatki" / "2026-05-18_ostatki.csv").read_bytes().decode("cp1251")
    lengths = [len(row) for row in csv.reader(text.splitlines(), delimiter=";")]
    assert [number for number, length in enumerate(lengths, 1) if length != lengths[0]] == [9]


def test_the_hostile_text_is_there(offers: list[etree._Element]) -> None:
    hostile = [o.get("id") for o in offers if "<script" in (o.findtext("description") or "")]
    assert hostile == ["EI-1049"]
