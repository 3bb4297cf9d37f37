"""Skipping (not me) and flagging (nobody)."""

from __future__ import annotations

import pytest

from tests.review.test_queue import expire, taken
from vitrina.review.aside import answer_flag, flag, flagged, skip, unskip
from vitrina.review.comparing import decide_pair
from vitrina.review.errors import Conflict, Forbidden, NotDecidable
from vitrina.review.leases import sweep_expired
from vitrina.review.models import ReviewItem
from vitrina.review.queue import next_item
from vitrina.review.results import Nothing


def test_a_skipped_pair_goes_to_others_and_comes_back_only_when_asked_for(people, make_batch):
    batch, anna, boris = make_batch(1), people(), people()
    lease = taken(anna, batch)
    skip(anna, lease.token, reason="not my language")
    skip(anna, lease.token)
    assert next_item(anna, batch=batch) == Nothing("done")
    assert taken(boris, batch).item_id == lease.item_id
    with pytest.raises(Conflict) as refused:
        decide_pair(anna, lease.token, side="left")
    assert refused.value.state["reason"] == "set_aside"
    assert unskip(anna, batch=batch) == 1
    assert taken(anna, batch).item_id == lease.item_id


def test_a_flagged_pair_is_nobodys_until_a_moderator_answers(people, make_batch):
    batch, anna, boris, moderator = make_batch(1), people(), people(), people("moderator")
    lease = taken(anna, batch)
    flag(anna, lease.token, reason="broken", comment="Текст обрезан")
    assert next_item(boris, batch=batch) == Nothing("done")
    assert [(row.item_id, row.reason) for row in flagged()] == [(lease.item_id, "broken")]
    with pytest.raises(Forbidden):
        answer_flag(anna, lease.item_id, reopen=True)
    assert answer_flag(moderator, lease.item_id, reopen=True).state == "open"
    assert not flagged().exists()
    assert taken(boris, batch).item_id == lease.item_id
    with pytest.raises(NotDecidable, match="not flagged"):
        answer_flag(moderator, lease.item_id, reopen=False)


def test_a_flag_sent_twice_is_one_even_when_it_was_answered(people, make_batch):
    batch, anna, moderator = make_batch(), people(), people("moderator")
    lease = taken(anna, batch)
    flag(anna, lease.token, reason="broken")
    flag(anna, lease.token, reason="broken")
    assert flagged().count() == 1
    answer_flag(moderator, lease.item_id, reopen=True)
    flag(anna, lease.token, reason="broken")
    assert (flagged().count(), ReviewItem.objects.get(pk=lease.item_id).state) == (0, "open")


def test_what_is_closed_is_not_flagged_since_nobody_could_answer(people, make_batch):
    batch, anna = make_batch(overlap=1), people()
    late = taken(anna, batch)
    expire(late)
    sweep_expired()
    boris = people()
    decide_pair(boris, taken(boris, batch).token, side="left")
    with pytest.raises(Conflict) as refused:
        flag(anna, late.token, reason="broken")
    assert refused.value.state["reason"] == "closed"
    assert flagged().count() == 0


def test_a_skip_under_an_old_token_does_not_cover_the_persons_flag(people, make_batch):
    batch, anna = make_batch(1), people()
    former = taken(anna, batch)
    expire(former)
    sweep_expired()
    now = taken(anna, batch)
    flag(anna, now.token, reason="broken")
    with pytest.raises(Conflict):
        skip(anna, former.token)
    assert [row.item_id for row in flagged()] == [former.item_id]
