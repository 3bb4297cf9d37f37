"""Cases decided at the desk: in effect after the window for undoing, by the publication's pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.catalog.making import catalogue, day, parsed, take, verdict, version
from tests.review.passing import let_pass
from tests.review.test_queue import expire, taken
from vitrina.catalog.models import Publication
from vitrina.catalog.publishing import publish
from vitrina.content.models import ContentVersion, Verdict
from vitrina.review.by_hand import decide_product
from vitrina.review.errors import Conflict, Forbidden, NotDecidable
from vitrina.review.history import revise_case, undo, undo_many
from vitrina.review.judgement import Judgement
from vitrina.review.models import Decision, Lease, Outbox, ReviewItem
from vitrina.review.moderating import decide_case, decide_many, newest_version
from vitrina.review.outbox import CONSUMERS, DESCRIPTIONS, PREFERENCES, PUBLICATION, pending, reconcile
from vitrina.review.queue import claim, next_item
from vitrina.review.results import Nothing
from vitrina.review.services import approve, wanted_again


@pytest.fixture
def item(database):
    take(day(1), [parsed("1", "Платье синее")])
    product = catalogue()["1"]
    text = version(product)
    verdict(text, approved=False)
    return ReviewItem.objects.create(kind="text", key=f"version:{text.pk}", product=product, version=text, priority=2)


def test_an_approval_takes_effect_after_the_minute_and_then_publishes(people, settings, item):
    maria = people("moderator")
    decide_case(maria, taken(maria).token, Judgement("approve", seen_version=1))
    assert ReviewItem.objects.get().state == "approved"
    assert publish(settings).visible == 0, "within the minute nothing of it is seen"
    let_pass()
    assert publish(settings, run_id="r").visible == 1
    assert (Verdict.objects.get().decided_by, pending(PUBLICATION)) == ("person", (0, 0))
    assert publish(settings).visible == 1


def test_an_undone_approval_leaves_no_trace(people, settings, item):
    maria = people("moderator")
    decide_case(maria, taken(maria).token, Judgement("approve"))
    back = undo(maria)
    item.refresh_from_db()
    assert (item.state, item.done, item.held) == ("open", 0, 1)
    let_pass()
    assert publish(settings).visible == 0
    assert Verdict.objects.get().decided_by == "rules"
    decide_case(maria, back.token, Judgement("reject", reasons=["invented"]))


def test_a_later_rejection_takes_the_text_off_the_shop(people, settings, item):
    maria = people("moderator")
    first = decide_case(maria, taken(maria).token, Judgement("approve"))
    let_pass()
    publish(settings)
    revise_case(maria, first.decision_id, Judgement("reject", reasons=["wrong_fact"]))
    assert publish(settings).visible == 1
    let_pass()
    assert publish(settings).visible == 0
    assert Publication.objects.get().state == Publication.State.UNPUBLISHED
    assert all(reconcile(consumer).balanced for consumer in CONSUMERS)


def test_an_edit_becomes_a_persons_version_and_a_preference(people, settings, item):
    maria = people("moderator")
    words = {"title": "Платье", "body": "<p>Своими словами</p><script>x</script>"}
    made = decide_case(maria, taken(maria).token, Judgement("edit", edit=words))
    assert ContentVersion.objects.count() == 1
    let_pass()
    assert publish(settings).visible == 1
    own = ContentVersion.objects.get(origin="person")
    assert (own.number, own.body, own.author) == (2, "<p>Своими словами</p>", maria)
    assert Publication.objects.get().version == own
    assert Decision.objects.get(pk=made.decision_id).version == own
    assert (pending(PREFERENCES)[0], reconcile(PREFERENCES).balanced) == (1, True)
    publish(settings)
    assert ContentVersion.objects.count() == 2


def test_a_request_to_write_again_waits_for_the_minute(people, item):
    maria = people("moderator")
    decide_case(maria, taken(maria).token, Judgement("reprocess"))
    assert wanted_again([item.product_id]) == frozenset()
    let_pass()
    assert wanted_again([item.product_id]) == {item.product_id}
    assert reconcile(DESCRIPTIONS).balanced


def test_a_stale_page_gets_a_conflict_that_says_what_stands(people, item):
    maria = people("moderator")
    lease = taken(maria)
    seen = newest_version(item)
    version(item.product, 2)
    with pytest.raises(Conflict) as refused:
        decide_case(maria, lease.token, Judgement("approve", seen_version=seen))
    assert refused.value.state == {"reason": "newer_version", "state": "open", "version": 2}
    approve(item.pk, by="anna")
    with pytest.raises(Conflict) as refused:
        decide_case(maria, lease.token, Judgement("approve"))
    assert (refused.value.state["reason"], refused.value.state["by"]) == ("closed", "anna")
    assert Decision.objects.count() == 1


def test_a_decision_is_not_changed_over_a_text_that_the_person_has_not_seen(people, item):
    maria = people("moderator")
    first = decide_case(maria, taken(maria).token, Judgement("reject", reasons=["invented"], seen_version=1))
    let_pass()
    version(item.product, 2)
    words = {"title": "Платье", "body": "<p>Своими словами</p>"}
    with pytest.raises(Conflict) as refused:
        revise_case(maria, first.decision_id, Judgement("edit", edit=words, seen_version=1))
    assert refused.value.state == {"reason": "newer_version", "state": "rejected", "version": 2}
    assert [row.void_at for row in Outbox.objects.all()] == [None], "the former decision stands as it was"
    changed = revise_case(maria, first.decision_id, Judgement("edit", edit=words, seen_version=2))
    assert Decision.objects.get(pk=changed.decision_id).seen == {"version": 2}


def test_a_persons_own_text_is_no_news_to_them(people, settings, item):
    maria = people("moderator")
    words = {"title": "Платье", "body": "<p>Своими словами</p>"}
    first = decide_case(maria, taken(maria).token, Judgement("edit", edit=words, seen_version=1))
    let_pass()
    publish(settings)
    assert newest_version(item) == 2
    revise_case(maria, first.decision_id, Judgement("reject", reasons=["invented"], seen_version=1))


def test_the_same_action_twice_is_one_decision(people, item):
    maria = people("moderator")
    lease = taken(maria)
    first = decide_case(maria, lease.token, Judgement("approve"))
    assert decide_case(maria, lease.token, Judgement("approve")).decision_id == first.decision_id
    with pytest.raises(Conflict):
        decide_case(maria, lease.token, Judgement("reject", comment="нет"))


def test_the_same_action_in_other_words_is_not_dropped_in_silence(people, item):
    maria = people("moderator")
    lease = taken(maria)
    said = Judgement("reject", reasons=["invented"], comment="нет такого", seen_version=1, active_ms=900)
    first = decide_case(maria, lease.token, said)
    assert decide_case(maria, lease.token, replace(said, active_ms=1_500)).decision_id == first.decision_id
    for other in ({"reasons": ["wrong_fact"]}, {"comment": "иначе"}):
        with pytest.raises(Conflict) as refused:
            decide_case(maria, lease.token, replace(said, **other))
        assert refused.value.state["reason"] == "answered"
    assert Decision.objects.count() == 1


def test_an_edit_sent_twice_is_one_decision(people, item):
    maria = people("moderator")
    lease = taken(maria)
    words = {"title": "Платье", "body": "<p>Своими словами</p>", "keywords": ["платье", "синее"]}
    for _ in range(2):
        decide_case(maria, lease.token, Judgement("edit", edit=words))
    with pytest.raises(Conflict):
        decide_case(maria, lease.token, Judgement("edit", edit=words | {"title": "Платье в пол"}))
    assert Decision.objects.count() == 1


def test_what_cannot_be_meant_is_refused_before_anything_is_written(people, item):
    maria, anna = people("moderator"), people()
    lease = taken(maria)
    for action, given in (("reject", {}), ("publish", {}), ("edit", {"edit": {"title": "x"}}),
                          ("edit", {"edit": {"title": "x", "body": "y", "price": 1}}),
                          ("approve", {"category": "nothing"})):  # fmt: skip
        with pytest.raises(NotDecidable):
            decide_case(maria, lease.token, Judgement(action, **given))
    with pytest.raises(Forbidden):
        decide_case(anna, lease.token, Judgement("approve"))
    assert (Decision.objects.count(), ReviewItem.objects.get().held) == (0, 1)


def test_many_are_decided_at_once_but_for_what_another_holds(people, item):
    maria, oleg = people("moderator"), people("moderator")
    other = ReviewItem.objects.create(kind="text", key="v", product=item.product, version=item.version)
    claim(oleg, other.pk)
    claim(maria, item.pk)
    done, failed = decide_many(maria, [(item.pk, 1), (other.pk, 1), (999, None)], Judgement("approve"))
    assert ([d.item_id for d in done], set(failed)) == ([item.pk], {other.pk, 999})
    assert failed[other.pk].state["reason"] == "held"


def test_a_lease_that_ran_out_keeps_nobody_from_deciding(people, item):
    maria, oleg = people("moderator"), people("moderator")
    late = claim(oleg, item.pk)
    expire(late)
    done, failed = decide_many(maria, [(item.pk, 1)], Judgement("approve"))
    assert ([d.item_id for d in done], failed) == ([item.pk], {})
    item.refresh_from_db()
    assert (item.done, item.held, Lease.objects.get().ended_as) == (1, 0, "expired")
    with pytest.raises(Conflict, match="closed"):
        decide_case(oleg, late.token, Judgement("reject", comment="нет"))


def test_a_case_opened_for_a_decision_by_hand_goes_with_it_wherever_that_is_undone(people, item):
    maria = people("moderator")
    ReviewItem.objects.update(state="approved")
    for take_back in (undo, lambda user: undo_many(user, [Decision.objects.latest("pk").pk])):
        made = decide_product(maria, item.product_id, Judgement("reprocess"))
        take_back(maria)
        assert ReviewItem.objects.get(pk=made.item_id).state == "withdrawn"
    assert isinstance(next_item(maria), Nothing)
    assert not Lease.objects.filter(ended_at=None).exists()
    ReviewItem.objects.filter(pk=item.pk).update(state="open")
    made = decide_product(maria, item.product_id, Judgement("reprocess"))
    assert (made.item_id, undo(maria).item_id) == (item.pk, item.pk), "a case of the queue waits again"


def test_an_answered_price_is_not_asked_about_again_and_then_moves(people, settings, item):
    maria = people("moderator")
    verdict(item.version)
    ReviewItem.objects.all().delete()
    publish(settings)
    take(day(2), [parsed("1", "Платье синее", price="900")])
    publish(settings)
    case = ReviewItem.objects.get(kind="price")
    answer = decide_case(maria, claim(maria, case.pk).token, Judgement("approve"))
    publish(settings)
    assert ReviewItem.objects.filter(kind="price").count() == 1
    let_pass()
    publish(settings)
    assert int(Publication.objects.get().price) == 900
    revise_case(maria, answer.decision_id, Judgement("reject", comment="опечатка"))
    let_pass()
    publish(settings)
    assert int(Publication.objects.get().price) == 100
    assert not Outbox.objects.exclude(problem="").exists()
