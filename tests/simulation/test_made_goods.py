"""Made-up goods: the same from the same seed, read whole by the real intake, named in words that the rubric knows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.drops import drop_files
from simulation.products import RU, TR, make_product, make_products
from simulation.rubric import judge
from simulation.vocabulary import GLOSSARY, KINDS, LABELS
from vitrina.feeds.preview import check_files
from vitrina.feeds.records import SourceConfig

SEEDS, NUMBERS = st.integers(0, 2**31), st.integers(0, 2**31)


@given(SEEDS, NUMBERS)
def test_a_seed_and_a_number_are_one_product(seed: int, number: int) -> None:
    assert make_product(seed, number) == make_product(seed, number)
    assert list(make_products(seed, 3, first=number))[1:2] == [make_product(seed, number + 1)]


@given(SEEDS, NUMBERS)
def test_every_product_says_what_it_is_and_something_of_itself(seed: int, number: int) -> None:
    one = make_product(seed, number)
    assert one.language in (RU, TR)
    assert one.title.strip()
    assert one.price > 0
    assert one.category in {kind.category[one.language] for kind in KINDS}
    labels = {names[one.language] for names in LABELS.values()}
    assert set(one.attributes) <= labels
    assert all(value.strip() for value in one.attributes.values())


@given(SEEDS, NUMBERS)
def test_the_rubric_knows_every_value_that_facts_name_and_takes_none_for_false(seed: int, number: int) -> None:
    one = make_product(seed, number)
    label_of = {names[one.language]: kind for kind, names in LABELS.items() if kind in GLOSSARY}
    for label, value in one.attributes.items():
        if label in label_of and not value.isupper():
            found = judge({label: value}, f"{value}.")
            if one.language == RU:
                assert found.true >= 1, (label, value)
            assert found.false == 0, (label, value)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_drops_of_a_seed_are_read_without_losing_a_row(seed: int) -> None:
    products = list(make_products(seed, 60))
    files = drop_files(products, "delivery")
    rows = 0
    for key, data in files.items():
        if not key.endswith("source.yaml"):
            rows += _accepted(Path(key).name, data)
    assert rows == len(products)


def _accepted(name: str, data: bytes) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        shown = check_files([path], SourceConfig(source="made"))
        assert shown["quarantined"] == 0
        return int(shown["accepted"])


def test_ids_are_unlike_and_sources_have_settings() -> None:
    products = list(make_products(0, 500))
    assert len({one.external_id for one in products}) == 500
    files = drop_files(products, "delivery")
    assert sum(key.endswith("source.yaml") for key in files) == 2
    assert drop_files(products, "delivery") == files
