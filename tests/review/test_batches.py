"""Batches: gold and onboarding, pairs that are one, who makes them, what the database refuses, what is compared."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.review.conftest import drafts
from tests.review.passing import better, draw_alike
from tests.review.test_queue import taken
from vitrina.review.aside import flag
from vitrina.review.batches import add_pairs, create_batch, set_state
from vitrina.review.comparing import decide_pair, pair_view
from vitrina.review.errors import Forbidden, NotDecidable
from vitrina.review.gold import failing, gold_standing
from vitrina.review.guidelines import pseudonym, publish_guidelines
from vitrina.review.leases import release
from vitrina.review.models import Decision, Outbox
from vitrina.review.queue import next_item
from vitrina.review.results import Nothing, PairDraft
from vitrina.review.standing import compared_products, progress


def test_gold_is_mixed_in_and_failing_it_shows(people, make_batch):
    batch = make_batch(60, gold=8, gold_share=0.5, gold_after=5, gold_action="stop")
    anna, boris = people(), people()
    draw_alike()
    for person, right in ((anna, True), (boris, False)):
        while not isinstance(lease := next_item(person, batch=batch), Nothing):
            side = better(pair_view(lease))
            decide_pair(person, lease.token, side=side if right else "tie")
    assert (gold_standing(anna, batch).right, gold_standing(anna, batch).failed) == (8, False)
    assert (list(failing(batch)), lease) == ([boris.pk], Nothing("stopped"))
    assert Outbox.objects.filter(decision__item__part="gold").count() == 0
    assert progress(batch).pairs == 60


def test_onboarding_comes_first_and_explains(people, make_batch):
    batch, anna = make_batch(2, onboarding=2), people()
    for _ in range(2):
        lease = taken(anna, batch)
        view = pair_view(lease)
        answer = decide_pair(anna, lease.token, side="tie")
        assert view.onboarding
        assert (answer.feedback.right, answer.feedback.expected) == (False, better(view))
        assert answer.feedback.explanation == "Потому что"
    assert not pair_view(taken(anna, batch)).onboarding


def test_a_pair_is_one_in_whatever_order_its_texts_come(people, make_batch):
    batch = make_batch(0)
    one = PairDraft("Первый", "Второй", prompt="п")
    result = add_pairs(batch, [one, PairDraft("Второй", "Первый", prompt="п"), PairDraft("То же", "То же")])
    assert (result.added, result.repeated, result.refused) == (1, 1, {"same text": 1})
    assert add_pairs(batch, [one]).repeated == 1
    assert add_pairs(batch, [PairDraft("Как языковая модель, я", "Б")]).refused == {"names its writer": 1}


def test_a_batch_needs_an_administrator_and_sound_figures(people, make_batch):
    anna, admin = people(), people("admin")
    rules = publish_guidelines(admin, "facts", body_ru="п", body_en="r")
    given = {"name": "x", "question_ru": "?", "question_en": "?", "guidelines": rules}
    with pytest.raises(Forbidden):
        create_batch(anna, **given)
    for wrong in ({"overlap": 0}, {"gold_share": 0.9}, {"role": ""}, {"strategy": "random"}, {"lease_seconds": 1}):
        with pytest.raises(NotDecidable):
            create_batch(admin, **given, **wrong)
    create_batch(admin, **given)
    with pytest.raises(NotDecidable, match="already"):
        create_batch(admin, **given)
    assert publish_guidelines(admin, "facts", body_ru="п2", body_en="r2").number == 2


def test_a_pseudonym_is_always_the_same_and_says_nothing(people):
    anna, boris = people(name="anna@shop.example"), people()
    assert pseudonym(anna) == pseudonym(anna) != pseudonym(boris)
    assert "anna" not in pseudonym(anna)


def test_the_database_refuses_a_second_current_decision(people, make_batch):
    batch, anna = make_batch(), people()
    lease = taken(anna, batch)
    decide_pair(anna, lease.token, side="left")
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(item_id=lease.item_id, action="compare", choice="A", decided_by=anna)


def test_products_under_comparison_are_known(people, make_batch):
    from tests.catalog.making import catalogue, day, parsed, take

    take(day(1), [parsed("1"), parsed("2")])
    one, two = catalogue()["1"], catalogue()["2"]
    batch = make_batch(0)
    add_pairs(batch, drafts(1, product_id=one.pk))
    anna = people()
    assert compared_products(anna, [one.pk, two.pk]) == {one.pk}
    assert compared_products(people(""), [one.pk]) == frozenset()
    set_state(batch.created_by, batch, "paused")
    assert compared_products(anna, [one.pk, two.pk]) == {one.pk}
    set_state(batch.created_by, batch, "open")
    flag(anna, next_item(anna, batch=batch).token, reason="not_blind")
    assert compared_products(people(), [one.pk]) == {one.pk}
    set_state(batch.created_by, batch, "closed")
    assert compared_products(anna, [one.pk]) == frozenset()


def test_an_administrator_is_told_origins_until_they_compare_themselves(people, make_batch):
    from tests.catalog.making import catalogue, day, parsed, take

    take(day(1), [parsed("1")])
    product = catalogue()["1"].pk
    named, open_to_all = make_batch(0), make_batch(0)
    add_pairs(open_to_all, drafts(1, product_id=product))
    admin = open_to_all.created_by
    assert compared_products(admin, [product]) == frozenset()
    named.members.add(admin)
    assert compared_products(admin, [product]) == frozenset(), "that batch has no pair of it"
    release(admin, next_item(admin, batch=open_to_all).token)
    assert compared_products(admin, [product]) == {product}
