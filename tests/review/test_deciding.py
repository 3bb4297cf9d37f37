"""Votes on pairs: un-flipping, overlap, late and repeated answers, undo, changing, voiding, gold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from tests.review.test_queue import counts, expire, taken, work_through
from vitrina.review.batches import set_state
from vitrina.review.comparing import as_shown, canonical, decide_pair, pair_view, votes_of
from vitrina.review.errors import Conflict, Forbidden, NotDecidable, TooLate
from vitrina.review.history import last_decisions, revise_pair, undo, undo_many
from vitrina.review.imports import import_vote
from vitrina.review.leases import release, sweep_expired
from vitrina.review.models import Decision, Lease, Outbox, ResponsePair, ReviewItem
from vitrina.review.outbox import PREFERENCES, claim, consumed, pending, reconcile
from vitrina.review.queue import next_item
from vitrina.review.results import Nothing
from vitrina.review.standing import progress
from vitrina.review.voiding import void_votes


def better(view) -> str:
    return "left" if view.left.startswith("Хорошее") else "right"


def let_pass(seconds: int = 61) -> None:
    """Time goes by for all that was decided."""
    Decision.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))
    Outbox.objects.update(available_at=F("available_at") - timedelta(seconds=seconds))


def claim_all() -> list[Outbox]:
    with transaction.atomic():
        return claim(PREFERENCES)


def consume(run_id: str = "run") -> int:
    with transaction.atomic():
        return consumed(claim(PREFERENCES), run_id=run_id)


@pytest.mark.parametrize("flip", [False, True])
def test_sides_and_canonical_choices_are_each_others_inverse(flip):
    for side in ("left", "right", "tie"):
        assert as_shown(canonical(side, flip), flip) == side


def test_a_thousand_displays_are_balanced_and_un_flip_to_the_truth(people, make_batch):
    batch, anna = make_batch(210, overlap=1), people()
    truth = {
        pk: "A" if text.startswith("Хорошее") else "B"
        for pk, text in ReviewItem.objects.filter(batch=batch).values_list("pk", "pair__text_a")
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
    flips = 0
    for number in range(1000):
        lease = taken(anna, batch)
        side = better(pair_view(lease))
        assert canonical(side, lease.flip) == truth[lease.item_id]
        flips += lease.flip
        if number % 5:  # deciding costs four times as much as giving back, and is the same each time
            release(anna, lease.token)
        else:
            decide_pair(anna, lease.token, side=side)
    assert 450 <= flips <= 550
    votes = dict(Decision.objects.values_list("item_id", "choice"))
    assert len(votes) == 200
    assert all(truth[item] == choice for item, choice in votes.items())


def test_what_an_annotator_sees_names_no_side_and_no_origin(people, make_batch):
    batch, anna = make_batch(), people()
    lease = taken(anna, batch)
    view = pair_view(lease)
    pair = ResponsePair.objects.get(items=lease.item_id)
    assert {view.left, view.right} == {pair.text_a, pair.text_b}
    assert (view.left == pair.text_b) == lease.flip
    assert not {"flip", "item_id", "version_a", "part", "choice"} & set(type(view).__slots__)


def test_two_who_agree_are_enough_and_two_who_do_not_ask_for_a_third(people, make_batch):
    batch = make_batch(1)
    for person, choice in ((people(), "A"), (people(), "B")):
        lease = taken(person, batch)
        decide_pair(person, lease.token, side=as_shown(choice, lease.flip))
    item = ReviewItem.objects.get()
    assert (item.state, item.need, item.done, item.agreement) == ("open", 3, 2, 0.5)
    third = people()
    lease = taken(third, batch)
    decide_pair(third, lease.token, side="tie", tie_kind="both_bad")
    item.refresh_from_db()
    assert (item.state, item.need, item.resolution) == ("done", 3, ""), "one more, and no further one"
    assert votes_of(item) == {"A": 1, "B": 1, "E:both_bad": 1}
    agreed = make_batch(1)
    for person in (people(), people()):
        lease = taken(person, agreed)
        decide_pair(person, lease.token, side=as_shown("A", lease.flip))
    done = ReviewItem.objects.get(batch=agreed)
    assert (done.state, done.resolution, done.need) == ("done", "A", 2)
    assert progress(agreed).done == 1


def test_the_same_answer_twice_is_one_and_another_is_a_conflict(people, make_batch):
    batch, anna = make_batch(), people()
    lease = taken(anna, batch)
    first = decide_pair(anna, lease.token, side="left")
    again = decide_pair(anna, lease.token, side="left")
    assert (again.decision_id, again.repeated, Decision.objects.count()) == (first.decision_id, True, 1)
    for other in ({"side": "right"}, {"side": "left", "reasons": ["clarity"]}, {"side": "left", "comment": "но"}):
        with pytest.raises(Conflict):
            decide_pair(anna, lease.token, **other)


@pytest.mark.parametrize(
    "answer", [{"side": "A"}, {"side": "left", "tie_kind": "both_bad"}, {"side": "tie", "tie_kind": "so"}]
)
def test_answers_that_no_page_sends_are_refused(people, make_batch, answer):
    anna = people()
    lease = taken(anna, make_batch())
    with pytest.raises(NotDecidable):
        decide_pair(anna, lease.token, **answer)


def test_a_late_answer_counts_while_the_place_is_free(people, make_batch):
    batch, anna = make_batch(1, overlap=1), people()
    lease = taken(anna, batch)
    expire(lease)
    sweep_expired()
    decide_pair(anna, lease.token, side="left")
    assert counts(lease.item_id) == (1, 1, 0)
    assert Decision.objects.get().flip == lease.flip


def test_a_late_answer_is_a_conflict_when_the_place_is_taken(people, make_batch):
    batch, anna, boris = make_batch(1, overlap=1), people(), people()
    lease = taken(anna, batch)
    expire(lease)
    other = taken(boris, batch)
    with pytest.raises(Conflict) as refused:
        decide_pair(anna, lease.token, side="left")
    assert refused.value.state["reason"] == "full"
    decide_pair(boris, other.token, side="left")
    with pytest.raises(Conflict) as refused:
        decide_pair(anna, lease.token, side="left")
    assert refused.value.state["reason"] == "closed"
    assert counts(lease.item_id) == (1, 1, 0)


def test_a_late_answer_takes_the_place_of_who_let_the_pair_lapse_too(people, make_batch):
    batch, anna, boris = make_batch(1, overlap=1), people(), people()
    lease = taken(anna, batch)
    expire(lease)
    other = taken(boris, batch)
    expire(other)
    decide_pair(anna, lease.token, side="left")
    assert counts(lease.item_id) == (1, 1, 0)
    assert not Lease.objects.filter(ended_at=None).exists()
    with pytest.raises(Conflict):
        decide_pair(boris, other.token, side="left")


def test_a_vote_from_elsewhere_takes_the_place_of_a_lease_that_ran_out(people, make_batch):
    batch, anna, boris = make_batch(1, overlap=1), people(), people()
    lease = taken(anna, batch)
    mark = ResponsePair.objects.get().fingerprint
    with pytest.raises(Conflict):
        import_vote(people("admin"), boris, batch, mark, choice="A")
    expire(lease)
    import_vote(people("admin"), boris, batch, mark, choice="A")
    assert counts(lease.item_id) == (1, 1, 0)


def test_a_late_answer_of_who_holds_the_pair_again_ends_that_lease_too(people, make_batch):
    batch, anna = make_batch(1), people()
    lease = taken(anna, batch)
    expire(lease)
    again = taken(anna, batch)
    assert again.token != lease.token
    decide_pair(anna, lease.token, side="left")
    assert counts(lease.item_id) == (2, 1, 0)
    assert not Lease.objects.filter(ended_at=None).exists()


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
