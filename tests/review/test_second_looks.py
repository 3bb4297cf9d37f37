"""Approved texts are looked at again: which are drawn, who gets them, what ends a look."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db.models import F

from tests.catalog.making import verdict, version
from tests.review.looks import APPROVE, EDIT, REJECT, balanced, decide, draw_all, drawn_case, effect, make_case, outcome
from tests.review.passing import let_pass
from vitrina.catalog.models import Publication
from vitrina.catalog.publishing import publish
from vitrina.content.cases import close_overtaken
from vitrina.review.by_hand import decide_product
from vitrina.review.errors import NotDecidable
from vitrina.review.history import revise_case, undo
from vitrina.review.judgement import Judgement
from vitrina.review.models import Decision, Outbox, ReviewItem, SecondLook, SetAside
from vitrina.review.moderating import decide_case, decide_many
from vitrina.review.outbox import PUBLICATION, SECOND_LOOKS, reconcile
from vitrina.review.queue import claim, next_item
from vitrina.review.results import Nothing, Taken
from vitrina.review.second_looks import begin, draw
from vitrina.review.services import approve, open_items


@pytest.fixture(autouse=True)
def all_are_drawn(database, monkeypatch):
    draw_all(monkeypatch)


def test_an_approval_in_effect_is_looked_at_again_while_its_text_is_on_show(people):
    maria = people("moderator")
    first = make_case()
    decide(maria, first)
    assert not SecondLook.objects.exists(), "within the minute nothing is drawn"
    assert effect().visible == 1
    look = SecondLook.objects.get()
    again = look.item
    assert (again.version_id, again.priority, again.reasons) == (first.version_id, first.priority, first.reasons)
    assert (look.outcome, again.state, Publication.objects.get().state) == ("waiting", "open", "published")
    assert not open_items().exists(), "nothing waits for it"
    assert open_items(again=True).count() == 1


def test_drawing_again_what_was_drawn_makes_nothing_more(people):
    maria = people("moderator")
    drawn_case(maria)
    decision = Decision.objects.get()
    assert draw(decision) is None, "one look a case"
    SecondLook.objects.update(outcome="void", ended_at=F("created_at"))
    drawn = draw(decision)
    assert drawn is not None
    assert begin(drawn).pk == begin(drawn).pk == SecondLook.objects.get().pk
    Outbox.objects.update(consumed_at=None, consumed_by="")
    effect()
    effect()
    assert (SecondLook.objects.count(), ReviewItem.objects.count()) == (1, 2)


@pytest.mark.parametrize(("percent", "looks"), [(0, 0), (100, 3)])
def test_none_and_all_can_be_drawn(people, monkeypatch, percent, looks):
    draw_all(monkeypatch, percent)
    maria = people("moderator")
    cases = [make_case(number) for number in (1, 2, 3)]
    decide(maria, cases[0])
    decide(maria, cases[1], Judgement("edit", edit=EDIT))
    done, failed = decide_many(maria, [(cases[2].pk, 1)], APPROVE)
    assert (len(done), failed) == (1, {})
    effect()
    assert SecondLook.objects.count() == looks


def test_the_share_that_is_drawn_is_the_one_that_was_asked_for(people):
    maria = people("moderator")
    decide(maria, make_case())
    decision, chance = Decision.objects.get(), random.Random(7)
    drawn = sum(draw(decision, percent=20, chance=chance.random) is not None for _ in range(500))
    assert 80 <= drawn <= 120
    assert draw(decision, percent=20, chance=lambda: 0.2) is None
    assert draw(decision, percent=20, chance=lambda: 0.199) is not None


def test_rejections_prices_and_what_is_written_by_hand_are_not_drawn(people):
    maria = people("moderator")
    decide(maria, make_case(1), REJECT)
    other = make_case(2)
    ReviewItem.objects.filter(pk=other.pk).update(state="withdrawn")
    decide_product(maria, other.product_id, Judgement("edit", edit=EDIT))
    approve(make_case(3).pk, by="anna")
    effect()
    assert not SecondLook.objects.exists()


def test_who_approved_never_gets_it_and_anybody_else_does(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    assert next_item(maria) == Nothing("done")
    with pytest.raises(NotDecidable, match="no review item"):
        claim(maria, again.pk)
    done, failed = decide_many(maria, [(again.pk, 1)], REJECT)
    assert (done, str(failed[again.pk])) == ([], f"There is no case {again.pk}.")
    taken = next_item(oleg)
    assert isinstance(taken, Taken)
    assert taken.item_id == again.pk


def test_an_administrator_who_approved_does_not_get_it_either(people):
    admin = people("admin")
    _, again = drawn_case(admin)
    assert next_item(admin) == Nothing("done")
    with pytest.raises(NotDecidable):
        claim(admin, again.pk)


def test_a_second_approval_is_only_recorded(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    made = decide(oleg, again)
    assert publish_twice() == ["waiting", "agreed"]
    look = SecondLook.objects.get()
    assert (look.second_id, look.third) == (made.decision_id, None)
    assert set(Outbox.objects.filter(decision=made.decision_id).values_list("consumer", flat=True)) == {SECOND_LOOKS}
    assert (ReviewItem.objects.filter(state="open").count(), balanced()) == (0, True)
    effect()
    assert SecondLook.objects.count() == 1, "a second look is not looked at again"


def publish_twice() -> list[str]:
    """Outcomes before and after the minute for undoing."""
    from vitrina.config import get_settings

    publish(get_settings())
    before = outcome()
    effect()
    return [before, outcome()]


def test_an_undone_approval_leaves_no_second_look(people):
    maria = people("moderator")
    decide(maria, make_case())
    undo(maria)
    assert effect().visible == 0
    assert not SecondLook.objects.exists()


def test_an_undone_second_look_waits_again(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    back = undo(oleg)
    effect()
    assert (back.item_id, outcome()) == (again.pk, "waiting")
    decide_case(oleg, back.token, APPROVE)
    effect()
    assert (outcome(), balanced()) == ("agreed", True)


def test_a_first_person_who_changes_their_mind_ends_the_look(people):
    maria = people("moderator")
    _, again = drawn_case(maria)
    revise_case(maria, Decision.objects.get().pk, REJECT)
    assert effect().visible == 0
    again.refresh_from_db()
    assert (outcome(), again.state, balanced()) == ("void", "superseded", True)


def test_a_second_rejection_of_what_is_taken_back_meanwhile_asks_nobody_more(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    revise_case(maria, Decision.objects.get(decided_by=maria).pk, REJECT)
    effect()
    assert (outcome(), ReviewItem.objects.filter(state="open").count(), balanced()) == ("void", 0, True)


def test_a_text_that_is_replaced_is_not_looked_at_again(people):
    maria = people("moderator")
    first, _ = drawn_case(maria)
    newer = version(first.product, 2)
    close_overtaken([verdict(newer)])
    effect()
    assert (outcome(), balanced()) == ("void", True)


def test_a_hand_that_rewrites_the_text_ends_the_look(people):
    maria, vera = people("moderator"), people("moderator")
    first, _ = drawn_case(maria)
    decide_product(vera, first.product_id, Judgement("edit", edit=EDIT))
    effect()
    assert (outcome(), Publication.objects.get().version.origin, balanced()) == ("void", "person", True)


def test_what_nobody_looks_at_is_let_go_unless_somebody_is_at_it(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    SecondLook.objects.update(created_at=F("created_at") - timedelta(days=15))
    taken = claim(oleg, again.pk)
    effect()
    assert outcome() == "waiting"
    from vitrina.review.leases import release

    release(oleg, taken.token)
    effect()
    again.refresh_from_db()
    look = SecondLook.objects.get()
    assert (look.outcome, look.reason, again.state) == ("let_go", "Nobody looked again in time.", "withdrawn")
    assert Publication.objects.get().state == "published"


def test_a_second_look_makes_nothing_wait_for_publication(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    before = reconcile(PUBLICATION)
    decide(oleg, again)
    let_pass(7_200)
    assert reconcile(PUBLICATION) == before
    assert reconcile(SECOND_LOOKS).pending == 1


def test_the_command_line_does_not_decide_what_must_be_blind(people):
    _, again = drawn_case(people("moderator"))
    with pytest.raises(NotDecidable, match="at the desk"):
        approve(again.pk, by="anna")


def test_nobody_is_given_a_case_that_they_must_not_see(people):
    from vitrina.review.moderating import assign

    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    assert assign(maria, [again.pk], oleg) == 0
    assert assign(oleg, [again.pk], maria) == 1, "a refusal would tell what it is"
    again.refresh_from_db()
    assert again.assignee is None
    assert assign(vera, [again.pk], oleg) == 1
    assert SetAside.objects.get().kind == "barred"
