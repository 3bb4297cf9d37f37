"""Moderation over the tables: the newest text of each product, cases for people, nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.catalog.making import catalogue, day, parsed, table_state, take, verdict, version
from tests.content.examples import CREAM_RU, DRESS_RU
from vitrina.catalog.models import Product, Publication
from vitrina.catalog.publishing import publish
from vitrina.categories.models import Category, ProductCategory
from vitrina.content.contract import Description
from vitrina.content.models import ProcessingLog, Verdict
from vitrina.content.offline_writer import write
from vitrina.content.verdicts import moderate
from vitrina.review.models import ReviewItem
from vitrina.review.services import approve, reject, reprocess

pytestmark = pytest.mark.usefixtures("database")

FAKE = replace(DRESS_RU, title=f"{DRESS_RU.title}, реплика")


def described(product, number=1, facts=DRESS_RU, **changes):
    """A text that the offline writer made of good facts: the rules let it pass."""
    mine = replace(facts, product_id=product.pk)
    made: Description = write(mine)
    made = made.sanitised().model_copy(update=changes)
    return version(
        product, number, title=made.title, body=made.body, content=made.model_dump(), facts=mine.as_dict(),
        text_hash=f"{made.title}{made.body}"[:60] + str(product.pk),
    )  # fmt: skip


@pytest.fixture
def goods():
    """Two products with a sure category."""
    take(day(1), [parsed("1", DRESS_RU.title, 2000), parsed("2", CREAM_RU.title, 900)])
    found = catalogue()
    for key, slug in (("1", "platya"), ("2", "kremy-dlya-ruk")):
        category = Category.objects.create(slug=slug, name_ru=slug, path_ru=slug)
        ProductCategory.objects.create(product=found[key], category=category, confidence=0.95, decided_by="classifier")
    return [Product.objects.get(pk=found[key].pk) for key in ("1", "2")]


def ids():
    return list(Product.objects.order_by("id").values_list("id", flat=True))


def test_a_good_text_is_approved_and_a_second_pass_writes_nothing(settings, goods):
    described(goods[0])
    described(goods[1], facts=CREAM_RU)
    assert moderate(ids(), settings).approved == 2, Verdict.objects.values_list("reasons", flat=True)
    before = table_state("content_verdict", "review_reviewitem", "content_processinglog")
    result = moderate(ids(), settings)
    assert (result.approved, result.sent, result.unchanged) == (0, 0, 2)
    assert table_state("content_verdict", "review_reviewitem", "content_processinglog") == before


def test_a_doubtful_text_waits_with_its_reasons_and_the_next_version_overtakes_the_case(settings, goods):
    first = described(goods[0], facts=FAKE)
    assert moderate(ids(), settings).sent == 1
    [case] = ReviewItem.objects.all()
    assert (case.key, case.priority) == (f"version:{first.pk}", 1)
    assert "suspicious_word" in {reason["rule"] for reason in case.reasons}
    described(goods[0], 2)
    assert moderate(ids(), settings).approved == 1
    case.refresh_from_db()
    assert case.state == "superseded"
    assert case.resolved_at is not None


def test_a_persons_verdict_is_never_touched(settings, goods):
    text = described(goods[0], facts=FAKE)
    moderate(ids(), settings)
    approve(ReviewItem.objects.get().pk, by="anna")
    Category.objects.update(needs_review=True)
    assert moderate(ids(), settings).unchanged == 1
    given = Verdict.objects.get(version=text)
    assert (given.approved, given.decided_by) == (True, "person")


def test_a_decision_that_falls_while_the_rules_are_asked_wins(settings, goods, monkeypatch):
    from vitrina.content import verdicts

    text = described(goods[0])
    ask = verdicts.decide

    def slow(*asked):
        verdict(text, approved=False, by="person")
        return ask(*asked)

    monkeypatch.setattr(verdicts, "decide", slow)
    moderate(ids(), settings)
    given = Verdict.objects.get()
    assert (given.approved, given.decided_by) == (False, "person")


def test_a_changed_category_is_judged_anew(settings, goods):
    described(goods[0])
    moderate(ids(), settings)
    Category.objects.update(needs_review=True)
    assert moderate(ids(), settings).sent == 1
    assert ReviewItem.objects.get().reasons[0]["rule"] == "category_needs_review"
    Category.objects.update(needs_review=False)
    assert moderate(ids(), settings).approved == 1
    assert ReviewItem.objects.get().state == "superseded"


def test_a_new_price_of_a_published_product_is_no_matter_of_its_text(settings, goods):
    described(goods[0])
    moderate(ids(), settings)
    publish(settings)
    take(day(2), [parsed("1", DRESS_RU.title, 50)])
    assert moderate(ids(), settings).unchanged == 1
    publish(settings)
    assert (Publication.objects.get().price, ReviewItem.objects.get().kind) == (2000, "price")


def test_a_machine_text_after_a_persons_waits_for_a_person(settings, goods):
    verdict(described(goods[0]), by="person")
    version(goods[0], 2, origin="person")
    described(goods[0], 3)
    moderate(ids(), settings)
    assert ReviewItem.objects.get().reasons[0]["rule"] == "human_text_stands"


def test_two_products_of_one_text_both_wait_until_one_of_them_has_another(settings, goods):
    one = described(goods[0])
    described(goods[1]).__class__.objects.filter(product=goods[1]).update(body=one.body, content=one.content)
    result = moderate(ids(), settings)
    assert result.rules["duplicate_text"] == 2
    described(goods[1], 2, facts=CREAM_RU)
    again = moderate(ids(), settings)
    assert again.approved == 2
    assert not ReviewItem.objects.filter(state="open").exists()


def test_a_product_that_no_text_could_be_made_for_has_one_case(settings, goods):
    def fail():
        ProcessingLog.objects.create(
            product=goods[0],
            processing_type="description_only",
            status="failed",
            error_class="refusal",
            error_message="нет",
        )

    fail()
    assert moderate(ids(), settings).without_text == 2
    moderate(ids(), settings)
    [case] = ReviewItem.objects.all()
    assert (case.key, case.version, case.reasons[0]["rule"]) == (f"product:{goods[0].pk}", None, "no_description")
    reject(case.pk, by="anna", comment="не нужно")
    moderate(ids(), settings)
    assert ReviewItem.objects.count() == 1  # answered: not asked again
    fail()
    moderate(ids(), settings)
    case = ReviewItem.objects.get(state="open")
    reprocess(case.pk, by="anna")
    moderate(ids(), settings)
    assert not ReviewItem.objects.filter(state="open").exists()


def test_the_number_of_queries_does_not_grow_with_the_number_of_products(settings):
    counts = []
    for size in (5, 60):
        take(day(size), [parsed(f"{size}-{n}") for n in range(size)])
        for product in Product.objects.filter(versions__isnull=True):
            version(product)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            moderate(
                list(Product.objects.filter(external_id__startswith=f"{size}-").values_list("id", flat=True)), settings
            )
        counts.append(len(captured))
    assert counts[1] <= counts[0] + 2
