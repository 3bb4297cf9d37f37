"""The list gate: cut exports and shifted prices wait for a person, ordinary lists do not."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from tests.catalog.making import approve_all, catalogue, day, drop_row, parsed, read, take
from vitrina.catalog.intake import write_drop
from vitrina.catalog.models import Drop, Product, Publication
from vitrina.catalog.publishing import publish
from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, SourceConfig
from vitrina.review.models import ReviewItem
from vitrina.review.services import approve, reject

pytestmark = pytest.mark.usefixtures("database")

# One supplier with a large brand among others: 498 goods of it in a list of 1,500.
BRAND = [parsed(f"k{n}", brand="Kiko", price=100 + n) for n in range(498)]
OTHERS = [parsed(f"o{n}", brand=f"Марка {n % 40}", category_hint=f"Раздел {n % 9}", price=200 + n) for n in range(1002)]


def full(*parts):
    return [product for part in parts for product in part]


def prices():
    return dict(Publication.objects.values_list("product__external_id", "price"))


def listed():
    return Product.objects.filter(listed=True).count()


def test_a_list_without_497_of_one_brands_498_goods_and_no_other_change_is_held(settings):
    everything = full(OTHERS[:500], BRAND, OTHERS[500:])
    take(day(1), everything, full_list=True)
    approve_all()
    publish(settings)
    cut = full(OTHERS[:500], BRAND[:1], OTHERS[500:])
    drop, result = take(day(2), cut, full_list=True)
    assert (drop.gate, result.delisted, listed()) == (Drop.Gate.HELD, 0, 1500)
    assert {reason["rule"] for reason in drop.gate_reasons} >= {"brand_share", "contiguous_block"}
    [case] = ReviewItem.objects.filter(state="open")
    assert (case.kind, case.key, len(case.details["products"])) == ("list", f"list:{drop.key}", 497)
    assert (publish(settings).delisted, Publication.objects.filter(state="published").count()) == (0, 1500)

    take(drop, cut, full_list=True)  # read again: the same one case
    assert ReviewItem.objects.filter(kind="list").count() == 1

    approve(case.pk, by="anna")
    drop.refresh_from_db()
    assert (drop.gate, drop.delisted_products, listed()) == (Drop.Gate.RELEASED, 497, 1003)
    assert publish(settings).delisted == 497
    _, again = take(drop, cut, full_list=True)
    assert (again.gate, listed()) == (Drop.Gate.RELEASED, 1003)


def test_a_refused_list_delists_nothing_and_the_next_right_list_passes():
    take(day(1), full(BRAND, OTHERS), full_list=True)
    drop, _ = take(day(2), OTHERS, full_list=True)
    reject(ReviewItem.objects.get().pk, by="anna", comment="обрезан")
    drop.refresh_from_db()
    assert (drop.gate, listed()) == (Drop.Gate.REFUSED, 1500)
    take(drop, OTHERS, full_list=True)
    assert (listed(), ReviewItem.objects.count()) == (1500, 1)
    good, result = take(day(3), full(BRAND[:-3], OTHERS), full_list=True)
    assert (good.gate, result.delisted, listed()) == (Drop.Gate.OPEN, 3, 1497)


def test_a_released_list_does_not_delist_what_a_newer_drop_has_confirmed_since():
    take(day(1), full(BRAND, OTHERS), full_list=True)
    take(day(2), OTHERS, full_list=True)
    take(day(3), BRAND[:100])
    approve(ReviewItem.objects.get().pk, by="anna")
    assert listed() == 1002 + 100


def test_a_normal_small_delisting_passes_and_relisting_brings_the_goods_back(settings):
    take(day(1), full(BRAND, OTHERS), full_list=True)
    approve_all()
    publish(settings)
    drop, result = take(day(2), full(BRAND[5:], OTHERS[5:]), full_list=True)
    assert (drop.gate, result.delisted, drop.delisted_products) == (Drop.Gate.OPEN, 10, 10)
    assert publish(settings).delisted == 10
    assert Publication.objects.filter(state="delisted", available=False).count() == 10
    take(day(3), full(BRAND, OTHERS), full_list=True)
    assert (listed(), publish(settings).visible) == (1500, 1500)


def test_an_old_drop_does_not_bring_back_what_a_newer_full_list_lacks():
    take(day(1), OTHERS[:100], full_list=True)
    take(day(5), OTHERS[:98], full_list=True)
    take(day(3), [parsed("o99", brand="Марка 19", category_hint="Раздел 0", price=299)])
    take(day(4), OTHERS[:100], full_list=True)
    assert not catalogue()["o99"].listed
    take(day(6), OTHERS[99:100])
    assert catalogue()["o99"].listed


@pytest.mark.parametrize(
    ("products", "left", "rule"),
    [
        (OTHERS[:100], 75, "catalogue_share"),
        (full(BRAND[:30], OTHERS[:400]), full(BRAND[:14], OTHERS[:400]), "brand_share"),
        ([parsed(str(n), brand=str(n), category_hint="Платья" if n < 30 else f"{n % 5}") for n in range(300)],
         [n for n in range(300) if n >= 30 or (n % 2 == 0 and n < 28)], "category_share"),
        ([parsed(str(n), brand=str(n)) for n in range(400)],
         [n for n in range(400) if not 100 <= n < 120], "contiguous_block"),
    ],
)  # fmt: skip
def test_each_rule_holds_a_list_by_itself(products, left, rule):
    take(day(1), products, full_list=True)
    if isinstance(left, int):
        left = products[:left]
    elif isinstance(left[0], int):
        left = [products[n] for n in left]
    drop, _ = take(day(2), left, full_list=True)
    assert drop.gate == Drop.Gate.HELD
    assert rule in {reason["rule"] for reason in drop.gate_reasons}


def test_a_block_is_no_reason_where_other_things_changed_too():
    products = [parsed(str(n), brand=str(n)) for n in range(400)]
    take(day(1), products, full_list=True)
    left = [*products[:100], *products[120:], parsed("new", brand="new")]
    drop, result = take(day(2), left, full_list=True)
    assert (drop.gate, result.delisted) == (Drop.Gate.OPEN, 20)


def test_every_price_ten_times_the_former_is_held_and_the_shop_keeps_its_prices(settings):
    goods = OTHERS[:200]
    take(day(1), goods)
    approve_all()
    publish(settings)
    before = prices()
    wrong, _ = take(day(2), [parsed(p.external_id, p.title, p.price * 10, brand=p.brand) for p in goods])
    assert wrong.gate == Drop.Gate.HELD
    assert "shifted decimal" in wrong.gate_reasons[0]["message"]
    assert publish(settings).held["list gate"] == 200
    assert prices() == before
    assert ReviewItem.objects.filter(state="open").count() == 1

    reject(ReviewItem.objects.get(state="open").pk, by="anna", comment="копейки")
    publish(settings)
    assert prices() == before
    right, _ = take(day(3), [parsed(p.external_id, p.title, p.price + 1, brand=p.brand) for p in goods])
    assert right.gate == Drop.Gate.OPEN
    publish(settings)
    assert prices() == {key: price + 1 for key, price in before.items()}
    assert not ReviewItem.objects.filter(state="open").exists()


def test_released_prices_come_through_one_by_one_within_their_bounds(settings):
    goods = OTHERS[:50]
    take(day(1), goods)
    approve_all()
    publish(settings)
    take(day(2), [parsed(p.external_id, p.title, p.price * Decimal("1.5"), brand=p.brand) for p in goods])
    approve(ReviewItem.objects.get(state="open").pk, by="anna")
    assert publish(settings).prices_held == 50  # the list is believed; each step beyond the bound is looked at


def test_the_same_wrong_prices_again_after_a_refusal_are_held_even_where_nothing_was_published():
    goods = OTHERS[:50]
    ten_times = [parsed(p.external_id, p.title, p.price * 10) for p in goods]
    take(day(1), goods)
    take(day(2), ten_times)
    reject(ReviewItem.objects.get().pk, by="anna", comment="нет")
    again, _ = take(day(3), ten_times)
    assert again.gate == Drop.Gate.HELD
    right, _ = take(day(4), goods)
    assert right.gate == Drop.Gate.OPEN


def test_rows_of_a_refused_list_that_the_next_list_repeats_are_published_with_it(settings):
    take(day(1), OTHERS[:50])
    new = [parsed("новый", price=500)]
    take(day(2), full([parsed(p.external_id, p.title, p.price * 10) for p in OTHERS[:50]], new))
    before_refusal, _ = take(day(3), full(OTHERS[:50], new))
    reject(ReviewItem.objects.get(state="open").pk, by="anna", comment="нет")
    assert catalogue()["новый"].drop == before_refusal
    approve_all()
    publish(settings)
    assert prices()["новый"] == Decimal(500)


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"price": None, "price_note": "filler"}, "prices_lost"), ({"price": "3000", "currency": "TRY"}, "currency")],
)
def test_prices_that_vanish_or_change_their_currency_all_at_once_are_held(change, rule):
    take(day(1), OTHERS[:20])
    drop, _ = take(day(2), [parsed(p.external_id, p.title, **change) for p in OTHERS[:20]])
    assert (drop.gate, drop.gate_reasons[0]["rule"]) == (Drop.Gate.HELD, rule)


def test_a_list_without_a_price_column_loses_no_prices():
    take(day(1), OTHERS[:20])
    drop, _ = take(day(2), [parsed(p.external_id, p.title, None, available=True) for p in OTHERS[:20]])
    assert drop.gate == Drop.Gate.OPEN
    assert all(row.price is not None for row in catalogue().values())


def test_the_case_of_a_real_list(shared_data, settings):
    """A supplier's list, and the same without nearly all goods of its largest brand (or group)."""
    path = shared_data / "drops" / "supplier_price_korean_cosmetics_a.xlsx"
    config = SourceConfig(source="korea", full_list=True)
    content = read_drop([DropFile(path, path.name)], config)
    write_drop(drop_row(day(1), source="korea"), content, config, settings)
    total = len(content.products)
    sizes = Counter(p.brand or p.category_hint for p in content.products)
    name = next(name for name, size in sizes.most_common() if name and 20 <= size < total)
    mine = [p for p in content.products if (p.brand or p.category_hint) == name]
    gone = {id(p) for p in mine[1:]}
    left = [p for p in content.products if id(p) not in gone]
    drop = drop_row(day(2), source="korea")
    result = write_drop(drop, read(left), config, settings)
    assert (result.gate, result.delisted) == (Drop.Gate.HELD, 0)
    assert Product.objects.filter(listed=True).count() == total
    [case] = ReviewItem.objects.all()
    assert len(case.details["products"]) == len(mine) - 1
