"""Votes on pairs: un-flipping, overlap, late, repeated and imported answers."""

from __future__ import annotations

import pytest

from tests.review.passing import better, draw_alike
from tests.review.test_queue import counts, expire, taken
from vitrina.review.comparing import as_shown, canonical, decide_pair, pair_view, votes_of
from vitrina.review.errors import Conflict, NotDecidable
from vitrina.review.imports import import_vote
from vitrina.review.leases import release, sweep_expired
from vitrina.review.models import Decision, Lease, ResponsePair, ReviewItem
from vitrina.review.standing import progress


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
    draw_alike(0.5)
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


def test_a_vote_from_elsewhere_that_says_more_than_what_stands_is_set_aside(people, make_batch):
    batch, admin, anna = make_batch(1), people("admin"), people()
    mark = ResponsePair.objects.get().fingerprint
    first = import_vote(admin, anna, batch, mark, choice="A", reasons=["facts", "style"], comment="точнее")
    for less in ({}, {"comment": "точнее"}, {"reasons": ["style"]}):
        again = import_vote(admin, anna, batch, mark, choice="A", **less)
        assert (again.decision_id, again.repeated) == (first.decision_id, True)
    for more in ({"comment": "короче"}, {"reasons": ["length"], "comment": "точнее"}):
        with pytest.raises(Conflict) as refused:
            import_vote(admin, anna, batch, mark, choice="A", **more)
        assert refused.value.state["reason"] == "reworded"
    with pytest.raises(Conflict) as refused:
        import_vote(admin, anna, batch, mark, choice="B", comment="точнее")
    assert refused.value.state["reason"] == "answered"
    assert Decision.objects.get().comment == "точнее"


def test_a_late_answer_of_who_holds_the_pair_again_ends_that_lease_too(people, make_batch):
    batch, anna = make_batch(1), people()
    lease = taken(anna, batch)
    expire(lease)
    again = taken(anna, batch)
    assert again.token != lease.token
    decide_pair(anna, lease.token, side="left")
    assert counts(lease.item_id) == (2, 1, 0)
    assert not Lease.objects.filter(ended_at=None).exists()
