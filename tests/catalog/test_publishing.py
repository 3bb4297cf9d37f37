"""What buyers see: approved texts, prices within bounds, gates, delisting, people's words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.catalog.making import approve_all, catalogue, day, parsed, table_state, take, verdict, version, wal_of
from vitrina.catalog.models import Drop, Publication
from vitrina.catalog.publishing import publish
from vitrina.review.models import Outbox, ReviewItem
from vitrina.review.services import approve, reject

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shown(settings):
    """One published product at 1,000 roubles."""
    take(day(1), [parsed("1", price=1000, old_price=Decimal(1500))])
    approve_all()
    assert publish(settings).published == 1
    return catalogue()["1"]


def now():
    return Publication.objects.get()


def next_price(price, number=2, **fields):
    take(day(number), [parsed("1", price=price, **fields)])


def test_only_what_is_approved_is_published(settings):
    take(day(1), [parsed("1"), parsed("2"), parsed("3")])
    found = catalogue()
    verdict(version(found["1"]))
    verdict(version(found["2"]), approved=False)
    version(found["3"])
    assert publish(settings).visible == 1
    assert now().product == found["1"]


def test_a_second_pass_writes_nothing(settings):
    take(day(1), [parsed(str(n), price=500 + n) for n in range(300)])
    approve_all()
    publish(settings)
    before = table_state("catalog_publication", "review_reviewitem")
    results = []
    assert wal_of(lambda: results.append(publish(settings))) < 200_000
    assert (results[0].published, results[0].updated, results[0].unchanged) == (0, 0, 300)
    assert table_state("catalog_publication", "review_reviewitem") == before


def test_a_price_within_the_bounds_follows_by_itself_with_its_old_price_and_stock(settings, shown):
    next_price(1400, old_price=Decimal(2000), available=True)
    publish(settings)
    row = now()
    assert (row.price, row.old_price, row.available) == (1400, 2000, True)
    assert row.updated_at > row.published_at
    assert not ReviewItem.objects.exists()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"price": 1401}, "price_change"),
        ({"price": 599}, "price_change"),
        ({"price": None, "price_note": "filler"}, "price_lost"),
        ({"price": 1000, "currency": "TRY"}, "currency_change"),
    ],
)
def test_a_price_beyond_the_bounds_waits_for_a_person_while_the_old_one_stays(settings, shown, change, rule):
    next_price(**change)
    assert publish(settings).prices_held == 1
    assert (now().price, now().currency, now().old_price) == (1000, "RUB", 1500)
    [case] = ReviewItem.objects.all()
    assert (case.kind, case.reasons[0]["rule"], case.details["old"]) == ("price", rule, ["1000.00", "RUB"])
    publish(settings)
    assert ReviewItem.objects.count() == 1


def test_a_price_below_the_floor_waits_although_it_moved_little(settings):
    take(day(1), [parsed("1", price=120)])
    approve_all()
    publish(settings)
    next_price(90)
    publish(settings)
    assert ReviewItem.objects.get().reasons[0]["rule"] == "low_price"


def test_an_approved_price_is_applied_at_once_and_its_decision_is_consumed_by_the_next_pass(settings, shown):
    next_price(3000, old_price=Decimal(4000))
    publish(settings)
    approve(ReviewItem.objects.get().pk, by="anna")
    assert (now().price, now().old_price) == (3000, None)  # never an old price below the price
    result = publish(settings, run_id="run-7")
    assert (result.consumed, result.prices_held, now().old_price) == (1, 0, 4000)
    assert Outbox.objects.get().consumed_by == "run-7"


def test_a_refused_price_is_not_asked_about_again_but_another_is(settings, shown):
    next_price(3000)
    publish(settings)
    reject(ReviewItem.objects.get().pk, by="anna", comment="ошибка")
    publish(settings)
    assert (ReviewItem.objects.count(), now().price) == (1, 1000)
    next_price(5000, 3)
    publish(settings)
    assert list(ReviewItem.objects.order_by("id").values_list("state", flat=True)) == ["rejected", "open"]


def test_a_case_about_an_overtaken_price_is_closed(settings, shown):
    next_price(3000)
    publish(settings)
    next_price(4000, 3)
    publish(settings)
    assert list(ReviewItem.objects.order_by("id").values_list("state", flat=True)) == ["superseded", "open"]
    next_price(1100, 4)
    publish(settings)
    assert (now().price, ReviewItem.objects.filter(state="open").exists()) == (1100, False)


def test_a_persons_text_stands_against_later_machine_versions_until_a_person_says_otherwise(settings, shown):
    human = version(shown, 2, origin="person")
    verdict(human, by="person")
    verdict(version(shown, 3))
    publish(settings)
    assert now().version == human
    machine = version(shown, 4)
    verdict(machine, by="person")
    publish(settings)
    assert now().version == machine


def test_a_machine_text_that_a_person_merely_approved_gives_way_to_the_next_approved_one(settings, shown):
    verdict(shown.versions.get(), by="person")
    newer = version(shown, 2)
    verdict(newer)
    publish(settings)
    assert now().version == newer


def test_what_a_person_took_down_stays_down(settings, shown):
    Publication.objects.update(state="unpublished")
    next_price(1100)
    verdict(version(shown, 2))
    assert publish(settings).held["taken down by a person"] == 1
    assert now().state == "unpublished"


def test_a_text_on_show_that_a_person_refuses_is_taken_down_until_the_next_one_is_approved(settings, shown):
    verdict(shown.versions.get(), approved=False, by="person")
    assert publish(settings).taken_down == 1
    assert (now().state, publish(settings).visible) == ("unpublished", 0)
    newer = version(shown, 2)
    verdict(newer)
    assert publish(settings).visible == 1
    assert (now().state, now().version) == ("published", newer)


def test_a_text_on_show_that_the_rules_now_doubt_stays_while_a_person_looks(settings, shown):
    verdict(shown.versions.get(), approved=False, by="rules")
    publish(settings)
    assert now().state == "published"


@pytest.mark.parametrize(("gate", "goes"), [("open", True), ("released", True), ("held", False), ("refused", False)])
def test_only_drops_with_an_open_or_released_gate_are_published(settings, shown, gate, goes):
    drop, _ = take(day(2), [parsed("1", price=1100), parsed("2")])
    Drop.objects.filter(pk=drop.pk).update(gate=gate)
    approve_all()
    publish(settings)
    assert now_prices() == ({"1": 1100, "2": 100} if goes else {"1": 1000})


def test_a_price_from_a_held_drop_does_not_come_through_a_later_drop_that_is_silent_on_prices(settings):
    held, _ = take(day(1), [parsed("1", price=9999)])
    Drop.objects.filter(pk=held.pk).update(gate="held")
    take(day(2), [parsed("1", price=None, brand="Нур")])
    approve_all()
    assert publish(settings).held["list gate"] == 1
    assert not Publication.objects.exists()


def now_prices():
    return dict(Publication.objects.values_list("product__external_id", "price"))
