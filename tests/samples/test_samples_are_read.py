"""The platform's own readers see in the samples what their README promises."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from vitrina.feeds import source_config
from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, ReadDrop

DROPS = Path(__file__).resolve().parents[2] / "samples" / "drops"


def read(source: str) -> ReadDrop:
    folder = DROPS / source
    files = [DropFile(path, path.name) for path in sorted(folder.iterdir()) if path.name != "source.yaml"]
    return read_drop(files, source_config.load(folder / "source.yaml", source))


@pytest.mark.parametrize(
    ("source", "format_", "counts", "reasons", "currency"),
    [
        ("wildberries", "wildberries", (52, 50, 1, 1), {"no_title": 1}, "RUB"),
        ("eczane-istanbul", "yml", (51, 50, 1, 0), {"no_title": 1}, "RUB"),
        ("moda-tekstil", "xlsx", (30, 29, 1, 0), {"no_title": 1}, "RUB"),
        ("trendyol", "json", (25, 24, 1, 0), {"not_an_object": 1}, "TRY"),
        ("denizli-ostatki", "csv", (10, 9, 1, 0), {"ragged_row": 1}, "RUB"),
    ],
)
def test_counts_reasons_and_currency(
    source: str, format_: str, counts: tuple[int, ...], reasons: dict[str, int], currency: str
) -> None:
    drop = read(source)
    report = drop.report
    assert report.format == format_
    assert (report.rows, report.accepted, report.quarantined, report.merged) == counts
    assert {str(reason): count for reason, count in report.reasons.items()} == reasons
    assert {product.currency for product in drop.products if product.price is not None} == {currency}


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ("wildberries", {"269237477"}),
        ("eczane-istanbul", {"EI-1048"}),
        ("moda-tekstil", {"МТ-603", "МТ-604"}),
        ("trendyol", {"81850822"}),
        ("denizli-ostatki", set()),
    ],
)
def test_only_the_prices_that_are_unknown_on_purpose_are_unknown(source: str, unknown: set[str]) -> None:
    assert {product.external_id for product in read(source).products if product.price is None} == unknown


def test_prices_come_out_in_whole_units() -> None:
    by_id = {p.external_id: p for source in ("wildberries", "moda-tekstil", "trendyol") for p in read(source).products}
    assert by_id["266053331"].price == Decimal(79)
    assert by_id["МТ-101"].price == Decimal(4290)
    assert Decimal("1499.90") in {p.price for p in by_id.values()}


def test_texts_and_characteristics_of_the_catalogue_answer_arrive() -> None:
    products = read("wildberries").products
    rich = [p for p in products if p.description and "Пол" in p.attributes and p.attributes.get("Страна производства")]
    assert len(rich) >= 45
