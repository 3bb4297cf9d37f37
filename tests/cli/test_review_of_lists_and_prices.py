"""``vitrina review`` on cases that are no texts: a held list and a held price, decided from the command line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.catalog.making import approve_all, day, parsed, take
from tests.cli.command import refusal, report, vitrina
from vitrina.catalog.models import Drop, Product, Publication
from vitrina.catalog.publishing import publish
from vitrina.config import Settings
from vitrina.feeds.records import ParsedProduct
from vitrina.review.models import Decision, Outbox

GOODS = [parsed(f"g{n}", brand=f"Марка {n % 7}", price=200 + n) for n in range(60)]


@pytest.fixture(autouse=True)
def shop(settings: Settings) -> None:
    take(day(1), GOODS, full_list=True)
    approve_all()
    publish(settings)


def at(factor: str, count: int = 60) -> list[ParsedProduct]:
    """The goods, the first ``count`` of them at prices times a factor."""
    return [
        parsed(p.external_id, p.title, (p.price or 0) * (Decimal(factor) if n < count else 1), brand=p.brand)
        for n, p in enumerate(GOODS)
    ]


def the_case(kind: str) -> int:
    listed = report("review", "list", "--kind", kind)
    assert listed["open"] == len(listed["items"]) == 1
    return int(listed["items"][0]["id"])


def shown() -> dict[str, Decimal]:
    rows = Publication.objects.filter(state="published").values_list("product__external_id", "price")
    return {external_id: price for external_id, price in rows if price is not None}


def test_a_held_list_is_shown_with_its_reasons_and_believed(settings: Settings) -> None:
    drop, _ = take(day(2), GOODS[:10], full_list=True)
    assert drop.gate == Drop.Gate.HELD
    publish(settings)
    assert len(shown()) == 60, "a held list takes nothing away"
    case = the_case("list")
    told = report("review", "show", case)
    assert (told["kind"], told["state"], told["text"]) == ("list", "open", None)
    assert "50 of 60 goods are gone" in told["reasons"][0]["message"]
    assert "50 of 60 goods are gone" in vitrina("review", "show", case).out
    done = report("review", "approve", case, "--by", "anna", "--comment", "распродажа")
    assert (done["done"], done["failed"]) == ([case], {})
    drop.refresh_from_db()
    assert (drop.gate, Product.objects.filter(listed=True).count()) == (Drop.Gate.RELEASED, 10)
    publish(settings)
    assert len(shown()) == 10
    assert Decision.objects.filter(item=case, comment="распродажа").count() == 1
    assert Outbox.objects.filter(decision__item=case).count() == 1
    assert "anna" in refusal("review", "reject", case, "--comment", "нет")


def test_a_held_list_is_refused_and_the_next_right_list_passes(settings: Settings) -> None:
    drop, _ = take(day(2), GOODS[:10], full_list=True)
    report("review", "reject", the_case("list"), "--comment", "обрезан")
    drop.refresh_from_db()
    assert (drop.gate, Product.objects.filter(listed=True).count()) == (Drop.Gate.REFUSED, 60)
    right, result = take(day(3), GOODS[:-2], full_list=True)
    assert (right.gate, result.delisted) == (Drop.Gate.OPEN, 2)
    publish(settings)
    assert len(shown()) == 58
    assert report("review", "list")["open"] == 0


@pytest.mark.parametrize(("answer", "price"), [("approve", Decimal(400)), ("reject", Decimal(200))])
def test_a_price_beyond_the_bound_waits_for_the_command(settings: Settings, answer: str, price: Decimal) -> None:
    before = shown()
    take(day(2), at("2", count=1))
    publish(settings)
    assert shown() == before, "the old price stays while the new one waits"
    case = the_case("price")
    assert "200.00 → 400.00" in str(report("review", "show", case)["reasons"])
    assert report("review", answer, case, "--comment", "проверено")["done"] == [case]
    publish(settings)
    assert shown() == before | {"g0": price}
    publish(settings)
    assert report("review", "list")["open"] == 0, "what a person said of a price is not asked again"


def test_a_price_cannot_be_written_again(settings: Settings) -> None:
    take(day(2), at("2", count=1))
    publish(settings)
    assert "text" in refusal("review", "reprocess", the_case("price"))
