"""What the schedules pick up: products, log entries, and what they leave alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.catalog.making import catalogue, day, parsed, take, version
from vitrina.catalog.models import Product
from vitrina.catalog.selection import failed_recently, old_log_entries, uncategorised, without_description
from vitrina.categories.models import Category, ProductCategory
from vitrina.content.models import ProcessingLog

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def goods() -> dict[str, Any]:
    take(day(1), [parsed(name) for name in "abcde"])
    return catalogue()


def logged(product: Any, *, minutes_ago: float = 60, status: str = "failed", **fields: Any) -> ProcessingLog:
    made = ProcessingLog.objects.create(
        product=product, status=status, **{"processing_type": "description_only", **fields}
    )
    moment = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    ProcessingLog.objects.filter(pk=made.pk).update(created_at=moment)
    return made


def names(ids: list[int]) -> str:
    found = dict(Product.objects.values_list("id", "external_id"))
    return "".join(found[pk] for pk in ids)


def test_uncategorised_products_come_newest_first_and_not_more_than_asked(goods: dict[str, Any]) -> None:
    tree = Category.objects.create(slug="a", name_ru="А", path_ru="А")
    ProductCategory.objects.create(product=goods["b"], category=tree, confidence=0.9)
    ProductCategory.objects.create(product=goods["c"], category=None, confidence=0.2)
    Product.objects.filter(external_id="e").update(listed=False)
    assert names(uncategorised()) == "dca"
    assert names(uncategorised(limit=1)) == "d"


def test_products_without_a_text_are_picked_unless_their_last_try_failed(goods: dict[str, Any]) -> None:
    version(goods["a"])
    logged(goods["b"])
    Product.objects.filter(external_id="c").update(listed=False)
    assert names(without_description()) == "ed"
    assert names(without_description(limit=1)) == "e"


@pytest.mark.parametrize(
    ("minutes_ago", "due"),
    [([4], False), ([6], True), ([60, 14], False), ([60, 16], True), ([900, 800, 700], False), ([8 * 24 * 60], False)],
)
def test_a_failure_is_tried_again_after_a_growing_pause_three_times_at_most(
    goods: dict[str, Any], minutes_ago: list[float], due: bool
) -> None:
    for minutes in minutes_ago:
        logged(goods["a"], minutes_ago=minutes)
    assert names(failed_recently()) == ("a" if due else "")


def test_refusals_other_steps_and_products_with_a_text_are_not_tried_again(goods: dict[str, Any]) -> None:
    logged(goods["a"], error_class="refusal")
    logged(goods["b"], error_class="filtered")
    logged(goods["c"], processing_type="categorization_only")
    logged(goods["d"])
    version(goods["d"])
    logged(goods["e"], error_class="timeout")
    assert names(failed_recently()) == "e"


def test_only_old_entries_that_ended_well_are_deleted(goods: dict[str, Any]) -> None:
    old = 100 * 24 * 60
    gone = [logged(goods["a"], minutes_ago=old, status=status) for status in ("completed", "approved")]
    for status in ("failed", "rejected", "moderation"):
        logged(goods["a"], minutes_ago=old, status=status)
    logged(goods["a"], status="completed")
    assert old_log_entries(90) == len(gone)
    assert sorted(ProcessingLog.objects.values_list("status", flat=True)) == [
        "completed", "failed", "moderation", "rejected",
    ]  # fmt: skip
    assert old_log_entries(90) == 0
