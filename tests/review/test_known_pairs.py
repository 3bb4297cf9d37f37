"""Pairs whose answer is known: what keeps a pair what it is, and whose answers count against a person."""

from __future__ import annotations

import pytest

from tests.review.passing import draw_alike
from tests.review.test_queue import taken
from vitrina.review.comparing import decide_pair
from vitrina.review.errors import Conflict
from vitrina.review.gold import failing, gold_standing, make_known, make_work, stopped
from vitrina.review.history import undo
from vitrina.review.leases import release_all
from vitrina.review.models import ReviewItem
from vitrina.review.outbox import PREFERENCES, reconcile
from vitrina.review.queue import next_item
from vitrina.review.results import Nothing
from vitrina.review.voiding import void_votes


def answered_and_taken_back(user, batch) -> None:
    decide_pair(user, taken(user, batch).token, side="left")
    undo(user)
    release_all(user)


def test_a_pair_whose_answer_was_taken_back_stays_work_and_every_decision_is_accounted_for(people, make_batch):
    batch, admin = make_batch(1), people("admin")
    answered_and_taken_back(people(), batch)
    work = ReviewItem.objects.get()
    with pytest.raises(Conflict) as refused:
        make_known(admin, work.pk, expected="A")
    assert refused.value.state["reason"] == "answered"
    report = reconcile(PREFERENCES)
    assert (report.decisions, report.void, report.balanced) == (1, 1, True)


def test_a_known_pair_whose_answer_was_taken_back_stays_known_and_every_decision_is_accounted_for(people, make_batch):
    batch, admin = make_batch(0, onboarding=1), people("admin")
    answered_and_taken_back(people(), batch)
    known = ReviewItem.objects.get()
    with pytest.raises(Conflict):
        make_work(admin, known.pk)
    report = reconcile(PREFERENCES)
    assert (report.decisions, report.missing, report.balanced) == (0, 0, True)


def test_voided_answers_fail_nobody(people, make_batch):
    draw_alike()
    # Gold is drawn with each pair: among eight it comes less than twice once in fifty times
    batch = make_batch(40, gold=4, gold_share=0.5, gold_after=2, gold_action="stop")
    anna = people()
    while not isinstance(lease := next_item(anna, batch=batch), Nothing):
        decide_pair(anna, lease.token, side="tie")
    assert (stopped(anna, batch), list(failing(batch))) == (True, [anna.pk])
    void_votes(people("admin"), anna, reason="a child at the keyboard")
    assert (gold_standing(anna, batch).answered, stopped(anna, batch), failing(batch)) == (0, False, {})
    assert next_item(anna, batch=batch) != Nothing("stopped")
