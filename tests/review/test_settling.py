"""Where a second person decides otherwise, a third one settles it: what they say goes out as all decisions do."""

from __future__ import annotations

import pytest
from django.db.models import F

from tests.catalog.making import verdict, version
from tests.review.looks import APPROVE, EDIT, REJECT, balanced, decide, draw_all, drawn_case, effect, outcome
from vitrina.catalog.models import Publication
from vitrina.content.cases import close_overtaken
from vitrina.content.models import ContentVersion, Verdict
from vitrina.preferences.collecting import edit_row
from vitrina.preferences.standing import standing_labels
from vitrina.review.errors import Conflict, NotDecidable, TooLate
from vitrina.review.history import revise_case, undo
from vitrina.review.judgement import Judgement
from vitrina.review.models import Decision, Outbox, ReviewItem, SecondLook
from vitrina.review.moderating import decide_case
from vitrina.review.outbox import PREFERENCES, pending
from vitrina.review.queue import claim, next_item
from vitrina.review.results import Nothing, Taken


@pytest.fixture(autouse=True)
def all_are_drawn(database, monkeypatch):
    draw_all(monkeypatch)


@pytest.mark.parametrize(
    "judgement",
    [REJECT, Judgement("edit", edit=EDIT), Judgement("reprocess")],
    ids=lambda judgement: judgement.action,
)
def test_a_difference_changes_nothing_and_goes_to_a_third_person_as_urgent(people, judgement):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    decide(oleg, again, judgement)
    assert effect().visible == 1, "the text stays on show"
    look = SecondLook.objects.get()
    assert (look.outcome, look.third.priority, look.third.reasons[0]["rule"]) == ("differs", 1, "looks_differ")
    assert (pending(PREFERENCES), ContentVersion.objects.count(), balanced()) == ((0, 0), 1, True)
    for one in (maria, oleg):
        assert next_item(one) == Nothing("done")
        with pytest.raises(NotDecidable):
            claim(one, look.third.pk)
    taken = next_item(vera)
    assert isinstance(taken, Taken)
    assert taken.item_id == look.third_id


def test_a_rejection_that_settles_takes_the_text_off_the_shop(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    first, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    effect()
    made = decide(vera, SecondLook.objects.get().third, Judgement("reject", reasons=["wrong_fact"]))
    assert effect().visible == 0
    assert Publication.objects.get().state == Publication.State.UNPUBLISHED
    assert Decision.objects.get(item=first).superseded_by_id == made.decision_id
    assert balanced()


def test_an_edit_that_settles_is_published(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    effect()
    decide(vera, SecondLook.objects.get().third, Judgement("edit", edit=EDIT))
    assert effect().visible == 1
    assert Publication.objects.get().version.origin == "person"
    assert (SecondLook.objects.count(), balanced()) == (1, True), "what settles is not drawn"


def test_an_approval_that_settles_leaves_the_first_one_as_it_is(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    first, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    effect()
    decide(vera, SecondLook.objects.get().third)
    assert effect().visible == 1
    assert Decision.objects.get(item=first).superseded_by is None
    assert balanced()


def test_a_settled_edit_that_is_rejected_counts_no_more_as_a_preference(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    first, again = drawn_case(maria, Judgement("edit", edit=EDIT))
    assert again.version.origin == "person"
    Outbox.objects.filter(consumer=PREFERENCES).update(consumed_at=F("created_at"), consumed_by="run")
    decide(oleg, again, REJECT)
    effect()
    decide(vera, SecondLook.objects.get().third, REJECT)
    told = Outbox.objects.filter(consumer=PREFERENCES, cause="changed")
    assert [row.decision.item_id for row in told] == [first.pk]
    assert effect().visible == 0
    assert not Verdict.objects.filter(approved=True).exists()
    assert balanced()


def test_a_text_that_was_looked_at_again_has_one_label(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    for number, judgement in ((1, APPROVE), (2, REJECT), (3, REJECT)):
        _, again = drawn_case(maria, number=number)
        decide(oleg, again, judgement)
    effect()
    upheld, overruled = ReviewItem.objects.filter(state="open").order_by("pk")
    decide(vera, upheld)
    decide(vera, overruled, REJECT)
    effect()
    labels = sorted((label.item.version_id, label.action) for label in standing_labels())
    assert [action for _, action in labels] == ["approve", "approve", "reject"]
    assert len({version_id for version_id, _ in labels}) == 3


def test_an_edit_of_a_persons_text_is_no_preference_over_a_generated_one(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    _, again = drawn_case(maria, Judgement("edit", edit=EDIT))
    decide(oleg, again, REJECT)
    effect()
    decide(vera, SecondLook.objects.get().third, Judgement("edit", edit={**EDIT, "body": "<p>Ещё лучше</p>"}))
    effect()
    assert [edit_row(edit) for edit in Decision.objects.filter(item__look=3)] == [None]
    assert balanced()


def test_what_settles_can_be_undone_for_a_minute_and_not_changed_later(people):
    maria, oleg, vera = people("moderator"), people("moderator"), people("moderator")
    first, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    effect()
    third = SecondLook.objects.get().third
    decide(vera, third, REJECT)
    back = undo(vera)
    assert (back.item_id, Decision.objects.get(item=first).superseded_by) == (third.pk, None)
    assert effect().visible == 1
    made = decide_case(vera, back.token, REJECT)
    for one, decision in ((vera, made.decision_id), (oleg, Decision.objects.get(item=again).pk)):
        with pytest.raises(Conflict) as refused:
            revise_case(one, decision, APPROVE)
        assert refused.value.state["reason"] == "settled"
    assert effect().visible == 0
    with pytest.raises(TooLate):
        undo(vera)
    assert balanced()


def test_an_administrator_may_settle_what_they_decided_themselves(people):
    admin, oleg = people("admin"), people("moderator")
    _, again = drawn_case(admin)
    decide(oleg, again, REJECT)
    effect()
    third = SecondLook.objects.get().third
    assert decide(admin, third, REJECT)
    assert effect().visible == 0


def test_a_second_person_who_changes_an_agreement_sends_it_to_a_third(people):
    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    made = decide(oleg, again)
    effect()
    revise_case(oleg, made.decision_id, REJECT)
    effect()
    assert (outcome(), ReviewItem.objects.get(state="open").look, balanced()) == ("differs", 3, True)


def test_a_difference_outlives_a_newer_text_that_waits_itself(people):
    maria, oleg = people("moderator"), people("moderator")
    first, again = drawn_case(maria)
    decide(oleg, again, REJECT)
    effect()
    newer = version(first.product, 2)
    close_overtaken([verdict(newer, approved=False)])
    assert SecondLook.objects.get().third.state == "open"
    Verdict.objects.filter(version=newer).update(approved=True)
    close_overtaken([Verdict.objects.get(version=newer)])
    assert SecondLook.objects.get().third.state == "superseded"


def test_a_second_person_who_corrects_the_category_alone_decides_otherwise(people):
    from vitrina.categories.models import Category

    maria, oleg = people("moderator"), people("moderator")
    _, again = drawn_case(maria)
    Category.objects.create(slug="dresses", name_ru="Платья", path_ru="Платья")
    decide(oleg, again, Judgement("approve", category="dresses"))
    effect()
    assert (outcome(), ReviewItem.objects.get(state="open").look) == ("differs", 3)
