"""Votes that are taken back, changed or voided: what pipelines hear of it, and for how long it can be done."""

from __future__ import annotations

import pytest

from tests.review.passing import claim_all, consume, let_pass
from tests.review.test_queue import counts, taken, work_through
from vitrina.review.batches import set_state
from vitrina.review.comparing import decide_pair
from vitrina.review.errors import Conflict, Forbidden, NotDecidable, TooLate
from vitrina.review.history import last_decisions, revise_pair, undo, undo_many
from vitrina.review.models import Decision, Outbox, ReviewItem
from vitrina.review.outbox import PREFERENCES, pending, reconcile
from vitrina.review.queue import next_item
from vitrina.review.results import Nothing
from vitrina.review.voiding import void_votes


def test_an_undone_decision_leaves_nothing_for_pipelines_and_shows_the_pair_as_it_was(people, make_batch):
    batch, anna = make_batch(), people()
    lease = taken(anna, batch)
    decide_pair(anna, lease.token, side="left")
    on_screen = taken(anna, batch)
    back = undo(anna)
    assert (back.item_id, back.flip, back.token != lease.token) == (lease.item_id, lease.flip, True)
    assert counts(lease.item_id) == (2, 0, 1)
    assert taken(anna, batch).token == back.token
    assert taken(anna, batch, ahead=True).token == on_screen.token
    let_pass()
    assert (pending(PREFERENCES), consume()) == ((0, 0), 0)
    report = reconcile(PREFERENCES)
    assert (report.decisions, report.void, report.balanced) == (1, 1, True)
    decide_pair(anna, back.token, side="right")
    assert reconcile(PREFERENCES).pending == 1


def test_decisions_are_pending_only_after_the_minute(people, make_batch):
    batch, anna = make_batch(), people()
    work_through(anna, batch)
    assert (pending(PREFERENCES)[0], consume()) == (0, 0)
    let_pass()
    assert (pending(PREFERENCES)[0], consume(), consume()) == (3, 3, 0)
    report = reconcile(PREFERENCES)
    assert (report.consumed, report.balanced, report.oldest_pending_seconds) == (3, True, None)


def test_after_the_minute_a_decision_is_changed_by_a_superseding_one(people, make_batch):
    batch, anna = make_batch(1), people()
    lease = taken(anna, batch)
    first = decide_pair(anna, lease.token, side="left")
    let_pass()
    consume()
    with pytest.raises(TooLate) as refused:
        undo(anna)
    assert refused.value.decision_id == first.decision_id
    second = revise_pair(anna, first.decision_id, side="tie", tie_kind="both_bad")
    old, new = Decision.objects.get(pk=first.decision_id), Decision.objects.get(pk=second.decision_id)
    assert (old.superseded_by_id, new.choice, new.flip, new.lease_id) == (new.pk, "E", old.flip, old.lease_id)
    assert counts(lease.item_id) == (2, 1, 0)
    assert [d.pk for d in last_decisions(anna)] == [new.pk]
    let_pass()
    assert (consume(), reconcile(PREFERENCES).balanced) == (1, True)


def test_a_change_can_be_undone_and_the_former_answer_stands(people, make_batch):
    batch, anna = make_batch(1), people()
    lease = taken(anna, batch)
    first = decide_pair(anna, lease.token, side="left")
    revise_pair(anna, first.decision_id, side="right")
    assert undo(anna) is None
    assert [d.pk for d in last_decisions(anna)] == [first.decision_id]
    let_pass()
    assert [row.decision_id for row in Outbox.objects.filter(void_at=None)] == [first.decision_id]
    assert reconcile(PREFERENCES).balanced


def test_only_ones_own_last_twenty_can_be_changed(people, make_batch):
    batch, anna, boris = make_batch(22), people(), people()
    work_through(anna, batch)
    oldest = Decision.objects.order_by("id").first()
    with pytest.raises(NotDecidable, match="last 20"):
        revise_pair(anna, oldest.pk, side="right")
    with pytest.raises(NotDecidable, match="last 20"):
        revise_pair(boris, Decision.objects.last().pk, side="right")


def test_voided_votes_are_made_again_and_what_was_built_on_them_is_told(people, make_batch):
    batch, anna, boris, admin = make_batch(2), people(), people(), people("admin")
    work_through(anna, batch)
    let_pass()
    consume()
    with pytest.raises(Forbidden):
        void_votes(boris, anna, reason="x")
    assert void_votes(admin, anna, reason="clicked through") == 2
    assert void_votes(admin, anna, reason="again") == 0
    assert set(ReviewItem.objects.values_list("done", flat=True)) == {0}
    assert next_item(anna, batch=batch) == Nothing("done"), "who was voided does not vote there again"
    assert len(work_through(boris, batch)) == 2
    voided = Outbox.objects.filter(cause="voided")
    assert (voided.count(), reconcile(PREFERENCES).balanced) == (2, True)


def test_a_vote_that_was_changed_and_then_voided_is_told_where_the_former_answer_was_taken(people, make_batch):
    batch, anna, admin = make_batch(1), people(), people("admin")
    first = decide_pair(anna, taken(anna, batch).token, side="left")
    let_pass()
    consume()
    second = revise_pair(anna, first.decision_id, side="right")
    assert void_votes(admin, anna, reason="clicked through") == 1
    assert [(row.decision_id, row.cause) for row in claim_all()] == [(second.decision_id, "voided")]
    assert reconcile(PREFERENCES).balanced


def test_a_vote_that_nobody_took_is_voided_in_silence(people, make_batch):
    batch, anna, admin = make_batch(1), people(), people("admin")
    first = decide_pair(anna, taken(anna, batch).token, side="left")
    revise_pair(anna, first.decision_id, side="right")
    void_votes(admin, anna, reason="clicked through")
    let_pass()
    assert (pending(PREFERENCES), reconcile(PREFERENCES).balanced) == ((0, 0), True)


def test_an_answer_of_a_batch_that_was_closed_meanwhile_is_not_taken_back(people, make_batch):
    batch, anna, admin = make_batch(1), people(), people("admin")
    lease = taken(anna, batch)
    first = decide_pair(anna, lease.token, side="left")
    set_state(admin, batch, "closed")
    for refused in (lambda: undo(anna), lambda: revise_pair(anna, first.decision_id, side="right")):
        with pytest.raises(Conflict) as conflict:
            refused()
        assert conflict.value.state["reason"] == "closed"
    assert (counts(lease.item_id), reconcile(PREFERENCES).pending) == ((2, 1, 0), 1)
    decision = Decision.objects.get()
    assert undo_many(anna, [decision.pk])[0] == 0


def test_an_answer_taken_back_in_a_paused_batch_can_be_given_again(people, make_batch):
    batch, anna, admin = make_batch(1, overlap=1), people(), people("admin")
    decide_pair(anna, taken(anna, batch).token, side="left")
    set_state(admin, batch, "paused")
    back = undo(anna)
    assert back is not None
    assert taken(anna, batch).token == back.token, "the page shows it again"
    decide_pair(anna, back.token, side="right")
    assert next_item(anna, batch=batch) == Nothing("paused")
    assert counts(back.item_id) == (1, 1, 0)
