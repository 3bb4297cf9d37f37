"""The merge rule over the whole intake, against a model that knows every drop at once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.catalog.making import catalogue, day, drop_row, parsed, take
from vitrina.catalog.rows import PRICE_FIELDS

pytestmark = pytest.mark.usefixtures("database")

PLAIN = ("title", "description", "brand", "url", "image_urls", "available", "attributes")


def _product(external_id, said):
    return parsed(external_id, **said)


_maybe = st.none() | st.sampled_from(["а", "б"])
_product_said = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Платье", "Юбка"]),
        "price": st.none() | st.sampled_from(["10", "20"]),
        "description": _maybe,
        "brand": _maybe,
        "available": st.none() | st.booleans(),
        "image_urls": st.sampled_from([[], ["https://a.example/1"]]),
        "attributes": st.sampled_from([{}, {"Цвет": "синий"}]),
    }
)
_drop_said = st.dictionaries(st.sampled_from(["1", "2"]), _product_said, min_size=1)
# Times repeat on purpose: ties must be settled by something else than the order of arrival.
_history = st.lists(st.tuples(st.integers(0, 5), _drop_said), min_size=1, max_size=6)


def model(history):
    """Every field from the newest drop that says anything of it."""
    final: dict[str, dict] = {}
    for _, _, said in sorted(history, key=lambda item: item[:2]):
        for external_id, values in said.items():
            known = final.setdefault(
                external_id, dict.fromkeys(PLAIN) | {"image_urls": [], "attributes": {}, "price": None}
            )
            for name, value in values.items():
                if value not in (None, [], {}):
                    known[name] = value
    return final


@given(_history, st.randoms())
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_catalogue_is_the_newest_of_each_field_whatever_the_order_of_arrival(history, random):
    from vitrina.catalog.models import Drop, Product

    Product.objects.all().delete()
    Drop.objects.all().delete()
    drops = [(time, f"k{number}", said) for number, (time, said) in enumerate(history)]
    arrivals = [*drops, *random.sample(drops, len(drops) // 2)]  # some are read again
    random.shuffle(arrivals)
    rows = {}
    for time, key, said in arrivals:
        rows[key] = rows.get(key) or drop_row(day(time), key=key)
        take(rows[key], [_product(external_id, values) for external_id, values in said.items()])
    expected = model(drops)
    found = catalogue()
    assert found.keys() == expected.keys()
    for external_id, values in expected.items():
        row = found[external_id]
        assert {name: getattr(row, name) for name in PLAIN} == {name: values[name] for name in PLAIN}
        assert row.price == (Decimal(values["price"]) if values["price"] else None)


def test_an_old_drop_after_a_newer_one_rolls_nothing_back_and_fills_only_gaps():
    newer, _ = take(day(2), [parsed("1", "Новое", 200, brand="Нур")])
    old, result = take(day(1), [parsed("1", "Старое", 100, brand="Старый", description="Есть только здесь")])
    row = catalogue()["1"]
    assert (row.title, row.price, row.brand, row.description) == ("Новое", Decimal(200), "Нур", "Есть только здесь")
    assert row.drop == newer
    assert row.field_drops == {"description": [old.key, day(1).isoformat()]}
    assert (result.changed, result.stale) == (1, 0)
    _, again = take(old, [parsed("1", "Старое", 100, brand="Старый", description="Есть только здесь")])
    assert (again.changed, again.stale, again.new) == (0, 1, 0)


def test_a_newer_drop_that_merely_confirmed_a_product_counts_with_its_own_time():
    take(day(1), [parsed("1", price=100)])
    confirming, result = take(day(3), [parsed("1", price=100)])
    assert (result.unchanged, confirming.confirmed is not None) == (1, True)
    take(day(2), [parsed("1", price=999)])
    assert catalogue()["1"].price == Decimal(100)


def test_a_confirmation_still_counts_after_a_newer_drop_took_the_row_over():
    take(day(1), [parsed("1", description="первое")])
    take(day(3), [parsed("1", description="первое")])
    take(day(4), [parsed("1", price=120)])
    take(day(2), [parsed("1", description="второе")])
    row = catalogue()["1"]
    assert (row.description, row.price) == ("первое", Decimal(120))


def test_price_currency_old_price_and_note_move_together():
    take(day(1), [parsed("1", price=100, old_price=Decimal(150))])
    take(day(2), [parsed("1", price=None, price_note="filler")])
    row = catalogue()["1"]
    assert [getattr(row, name) for name in PRICE_FIELDS] == [None, None, None, "filler"]
    take(day(3), [parsed("1", price=None)])  # a list without prices says nothing of them
    assert catalogue()["1"].price_note == "filler"


def test_the_same_second_is_settled_by_the_key_and_not_by_arrival():
    first, second = drop_row(day(1), key="a"), drop_row(day(1), key="b")
    take(second, [parsed("1", price=2)])
    take(first, [parsed("1", price=1)])
    assert catalogue()["1"].price == Decimal(2)
    take(first, [parsed("1", price=1)])
    assert catalogue()["1"].price == Decimal(2)
