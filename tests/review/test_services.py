"""Decisions of people: what they change at once, and what they tell the pipelines."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.catalog.making import catalogue, day, parsed, take, verdict, version
from vitrina.catalog.publishing import publish
from vitrina.categories.models import Category, CategoryLabel, ProductCategory
from vitrina.content.models import DescriptionTemplate, ProcessingLog, Verdict
from vitrina.review.models import Decision, Outbox, ReviewItem
from vitrina.review.services import (
    DESCRIPTIONS,
    PUBLICATION,
    NotDecidable,
    approve,
    consume_publication,
    consume_reprocess,
    correct_categories,
    open_items,
    pending,
    reject,
    reprocess,
    times_asked,
    wanted_again,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def item():
    """A text that waits, with its log row and a template that was shown for it."""
    take(day(1), [parsed("1", "Платье синее")])
    product = catalogue()["1"]
    DescriptionTemplate.objects.create(name="платья", content="…")
    text = version(product, templates=["платья"])
    verdict(text, approved=False)
    ProcessingLog.objects.create(product=product, version=text, processing_type="description_only", status="moderation")
    return ReviewItem.objects.create(kind="text", key=f"version:{text.pk}", product=product, version=text, priority=2)


def test_an_approved_text_is_published_by_the_next_pass(settings, item):
    approve(item.pk, by="anna", comment="хорошо")
    item.refresh_from_db()
    assert (item.state, item.resolution) == ("approved", "хорошо")
    given = Verdict.objects.get()
    assert (given.approved, given.decided_by) == (True, "person")
    log = ProcessingLog.objects.get()
    assert (log.status, log.notes) == ("approved", "хорошо")
    assert DescriptionTemplate.objects.get().success_rate == 1.0
    assert pending(PUBLICATION) == (1, Outbox.objects.get().pk)
    result = publish(settings, run_id="r1")
    assert (result.visible, result.consumed, pending(PUBLICATION)) == (1, 1, (0, 0))


def test_a_rejected_text_is_not_published(settings, item):
    reject(item.pk, by="anna", comment="выдумано")
    assert publish(settings).visible == 0
    assert (Verdict.objects.get().decided_by, ProcessingLog.objects.get().status) == ("person", "rejected")
    assert DescriptionTemplate.objects.get().success_rate == 0.0


def test_a_decision_and_its_outbox_row_stand_or_fall_together(item, monkeypatch):
    def broken(**values):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(Outbox.objects, "create", broken)
    with pytest.raises(RuntimeError):
        approve(item.pk, by="anna")
    item.refresh_from_db()
    assert (item.state, Decision.objects.count(), Verdict.objects.get().approved) == ("open", 0, False)


def test_a_closed_item_says_who_closed_it(item):
    approve(item.pk, by="anna")
    for action in (approve, reject, reprocess):
        with pytest.raises(NotDecidable, match="closed already: approved by anna"):
            action(item.pk, by="boris", comment="")
    with pytest.raises(NotDecidable, match="no review item 999"):
        approve(999, by="anna")


def test_a_corrected_category_stands_as_a_persons_and_its_title_becomes_a_label(item):
    Category.objects.create(slug="platya", name_ru="Платья", path_ru="Одежда > Платья")
    with pytest.raises(NotDecidable, match="no category nothing"):
        approve(item.pk, by="anna", category="nothing")
    assert ReviewItem.objects.get().state == "open"
    approve(item.pk, by="anna", category="platya")
    choice = ProductCategory.objects.get()
    assert (choice.category.slug, choice.decided_by, choice.confidence) == ("platya", "person", 1.0)
    label = CategoryLabel.objects.get()
    assert (label.title, label.origin) == ("Платье синее", "person")


def test_a_category_corrected_with_a_wish_for_another_text_is_set_before_that_is_written(item):
    with pytest.raises(NotDecidable, match="no category nothing"):
        reprocess(item.pk, by="anna", category="nothing")
    Category.objects.create(slug="platya", name_ru="Платья", path_ru="Одежда > Платья")
    reprocess(item.pk, by="anna", category="platya")
    assert not ProductCategory.objects.exists()
    assert [correct_categories([item.product_id, 77]) for _ in range(2)] == [1, 1]
    assert ProductCategory.objects.get().category.slug == "platya"
    assert CategoryLabel.objects.count() == 1
    consume_reprocess([item.product_id], run_id="r")
    assert correct_categories([item.product_id]) == 0


def test_a_corrected_category_that_is_gone_stops_no_text(item):
    Category.objects.create(slug="platya", name_ru="Платья", path_ru="Одежда > Платья")
    reprocess(item.pk, by="anna", category="platya")
    Category.objects.update(is_active=False)
    assert correct_categories([item.product_id]) == 0
    assert "platya" in Outbox.objects.get().problem
    assert wanted_again([item.product_id])


def test_only_texts_can_be_made_again(item):
    other = ReviewItem.objects.create(kind="price", key="price:1", product=item.product, details={"new": ["1", "RUB"]})
    with pytest.raises(NotDecidable, match="only texts"):
        reprocess(other.pk, by="anna")
    with pytest.raises(NotDecidable, match="no longer published"):
        approve(other.pk, by="anna")


def test_a_request_to_write_again_stands_until_the_new_text_does(item):
    reprocess(item.pk, by="anna", comment="суше")
    assert wanted_again([item.product_id, 77]) == {item.product_id}
    assert times_asked([item.product_id]) == {item.product_id: 1}
    with transaction.atomic():
        assert consume_publication(run_id="r") == 0
    assert consume_reprocess([item.product_id], run_id="r2") == 1
    assert wanted_again([item.product_id]) == frozenset()
    assert times_asked([item.product_id]) == {item.product_id: 1}
    assert Outbox.objects.get().consumer == DESCRIPTIONS


def test_a_case_without_a_text_cannot_be_approved():
    take(day(1), [parsed("1")])
    case = ReviewItem.objects.create(kind="text", key="product:1", product=catalogue()["1"])
    with pytest.raises(NotDecidable, match="no text to approve"):
        approve(case.pk, by="anna")


def test_the_most_urgent_items_come_first(item):
    take(day(1), [parsed("2")])
    urgent = ReviewItem.objects.create(kind="list", key="list:x", priority=1)
    late = ReviewItem.objects.create(kind="text", key="product:2", product=catalogue()["2"], priority=3)
    assert list(open_items()) == [urgent, item, late]
    assert list(open_items(kind="text")) == [item, late]
    assert list(open_items(priority=3)) == [late]
