"""Who is given items: paused batches, roles, members, tokens of others, cases by name and by assignment."""

from __future__ import annotations

import pytest
from django.db.models import F

from tests.review.test_queue import case, counts, taken
from vitrina.review.aside import flag, skip
from vitrina.review.batches import set_state
from vitrina.review.comparing import decide_pair
from vitrina.review.errors import Conflict, Forbidden, NotDecidable
from vitrina.review.leases import beat, release
from vitrina.review.models import ReviewItem
from vitrina.review.queue import claim, holders, next_item
from vitrina.review.results import Nothing
from vitrina.review.standing import batches_for


def test_a_paused_batch_gives_nothing_new_but_shows_and_takes_what_is_held(people, make_batch):
    batch, anna, admin = make_batch(onboarding=1, gold=1, gold_share=0.5), people(), people("admin")
    lease = taken(anna, batch)
    set_state(admin, batch, "paused")
    assert taken(anna, batch).token == lease.token
    assert next_item(anna, batch=batch, ahead=True) == next_item(people(), batch=batch) == Nothing("paused")
    decide_pair(anna, lease.token, side="right")
    assert next_item(anna, batch=batch) == Nothing("paused")
    set_state(admin, batch, "open")
    lease = taken(anna, batch)
    set_state(admin, batch, "closed")
    assert next_item(anna, batch=batch) == Nothing("paused")
    with pytest.raises(Conflict, match="closed"):
        decide_pair(anna, lease.token, side="right")
    with pytest.raises(NotDecidable, match="for good"):
        set_state(admin, batch, "open")


def test_an_annotator_gets_no_cases_and_a_stranger_no_pairs(people, make_batch):
    anna, moderator, stranger, boris = people(), people("moderator"), people(""), people()
    closed_circle = make_batch(role="", members=[boris])
    item = case(1)
    for refused in (lambda: next_item(anna), lambda: claim(anna, item.pk), lambda: next_item(stranger),
                    lambda: next_item(anna, batch=closed_circle), lambda: next_item(stranger, batch=make_batch()),
                    lambda: next_item(moderator, batch=closed_circle),
                    lambda: set_state(anna, closed_circle, "paused")):  # fmt: skip
        with pytest.raises(Forbidden):
            refused()
    assert taken(boris, closed_circle)
    assert taken(moderator).item_id == item.pk
    assert closed_circle in batches_for(boris)
    assert closed_circle not in batches_for(anna)


def test_who_was_taken_out_of_a_batch_decides_nothing_more(people, make_batch):
    boris = people()
    batch = make_batch(role="", members=[boris])
    lease = taken(boris, batch)
    batch.members.clear()
    with pytest.raises(Forbidden):
        decide_pair(boris, lease.token, side="left")


def test_a_token_of_somebody_else_is_worth_nothing(people, make_batch):
    batch, anna, boris = make_batch(), people(), people()
    lease = taken(anna, batch)
    for refused in (lambda: decide_pair(boris, lease.token, side="left"), lambda: skip(boris, lease.token),
                    lambda: beat(boris, lease.token), lambda: flag(boris, lease.token, reason="x")):  # fmt: skip
        with pytest.raises(Conflict):
            refused()
    assert not release(boris, lease.token)
    assert counts(lease.item_id) == (2, 0, 1)


def test_a_moderator_takes_a_certain_case_and_others_see_who_holds_it(people):
    maria, oleg = people("moderator"), people("moderator")
    first, second = case(1, priority=1), case(2)
    assert taken(maria).item_id == first.pk
    lease = claim(maria, second.pk)
    assert (lease.item_id, claim(maria, second.pk).token) == (second.pk, lease.token)
    assert counts(first.pk) == (1, 0, 0)
    assert holders([first.pk, second.pk])[second.pk][0] == maria
    with pytest.raises(Conflict) as refused:
        claim(oleg, second.pk)
    assert refused.value.state == {"reason": "held", "state": "open", "by": maria.username}
    assert taken(oleg).item_id == first.pk


def test_an_assigned_case_is_its_persons_and_kinds_can_be_chosen(people):
    from vitrina.review.moderating import assign

    maria, oleg, anna = people("moderator"), people("moderator"), people()
    text, price = case(1), case(2, kind="price", key="price:2")
    assert assign(maria, [text.pk], oleg) == 1
    assert taken(maria).item_id == price.pk
    assert taken(oleg, assigned=True).item_id == text.pk
    assert isinstance(next_item(people("moderator"), kinds=["list"]), Nothing)
    with pytest.raises(Forbidden):
        assign(maria, [text.pk], anna)


@pytest.mark.parametrize("leaves", ["closed", "annotator"])
def test_cases_of_somebody_who_leaves_are_anybodys_again(people, leaves):
    from vitrina.accounts.roles import Role
    from vitrina.accounts.services import change_role, close_account
    from vitrina.review.moderating import assign

    maria, oleg, admin = people("moderator"), people("moderator"), people("admin")
    given, held = case(1), case(2)
    assign(maria, [given.pk], oleg)
    claim(oleg, held.pk)
    if leaves == "closed":
        close_account(oleg, by=admin)
    else:
        change_role(oleg, Role.ADMIN, by=admin)
        given.refresh_from_db()
        assert given.assignee == oleg, "an administrator moderates too"
        change_role(oleg, Role.ANNOTATOR, by=admin)
    assert taken(maria).item_id == given.pk
    assert holders([held.pk]) == {}


def test_the_database_refuses_an_item_held_by_more_than_it_needs(people, make_batch):
    from django.db import IntegrityError, transaction

    make_batch(1)
    for broken in ({"held": 3}, {"done": F("need"), "held": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ReviewItem.objects.update(**broken)
