"""From votes and edits at the desk to preferences: each says what people said, once, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalog.making import catalogue, day, parsed, take, verdict, version
from tests.preferences.people import batch, collected, drafts, let_pass, longer, person, vote
from vitrina.preferences.dataset import sources
from vitrina.preferences.figures import figures
from vitrina.preferences.models import Preference
from vitrina.review.aside import answer_flag, flag
from vitrina.review.batches import add_pairs
from vitrina.review.guidelines import pseudonym
from vitrina.review.history import revise_case, revise_pair, undo
from vitrina.review.judgement import Judgement
from vitrina.review.models import Decision, Outbox, ReviewItem
from vitrina.review.moderating import decide_case
from vitrina.review.outbox import PREFERENCES, pending, reconcile
from vitrina.review.queue import claim, next_item
from vitrina.review.results import Taken
from vitrina.review.voiding import void_votes
from vitrina.statistics.intervals import Interval, Undefined

pytestmark = pytest.mark.usefixtures("database")
ROOT = Path(__file__).resolve().parents[2]

KILLED = """
import os, signal
from vitrina.project.setup import setup_django
setup_django()
from vitrina.preferences import collecting

def dies(rows, *, run_id):
    os.kill(os.getpid(), signal.SIGKILL)

collecting.consumed = dies
collecting.collect(run_id="killed")
"""


def outcomes() -> list[str]:
    return sorted(Preference.objects.values_list("outcome", flat=True))


def test_the_chosen_text_is_what_the_person_chose_whatever_side_it_stood_on() -> None:
    anna, where = person(), batch(30, overlap=1)
    assert vote(anna, where) == 30
    result = collected()
    assert (result.consumed, result.added) == (30, 30)
    for row in Preference.objects.select_related("pair"):
        assert row.pair is not None
        chosen = row.text_a if row.outcome == "a" else row.text_b
        assert chosen == max(row.text_a, row.text_b, key=len)
        assert chosen in (row.pair.text_a, row.pair.text_b)
        [one] = row.votes
        assert (one["annotator"], one["guidelines"]) == (pseudonym(anna), "usefulness 1")
    flips = {row.votes[0]["flip"] for row in Preference.objects.all()}
    assert flips == {True, False}, "both orders were shown"
    assert pending(PREFERENCES)[0] == 0
    assert reconcile(PREFERENCES).balanced


def test_ties_and_both_bad_are_kept_apart_and_a_split_is_no_decision() -> None:
    anna, boris = person(), person()
    ties, bad, split = batch(2), batch(2), batch(2)
    for user, choice in ((anna, "A"), (boris, "B")):
        vote(user, ties, "E")
        vote(user, bad, "E", tie_kind="both_bad")
        vote(user, split, choice)
    collected()
    assert outcomes() == ["both_bad"] * 2 + ["split"] * 2 + ["tie"] * 2
    assert not Preference.objects.exclude(margin=None).exists()


def test_collecting_twice_changes_nothing() -> None:
    where = batch(8)
    for user in (person(), person()):
        vote(user, where)
    collected()
    before = list(Preference.objects.order_by("pk").values())
    result = collected()
    assert (result.added, result.changed, result.removed, result.unchanged) == (0, 0, 0, 8)
    assert list(Preference.objects.order_by("pk").values()) == before


def test_what_can_still_be_undone_does_not_count() -> None:
    from vitrina.preferences.collecting import collect

    anna, where = person(), batch(3, overlap=1)
    vote(anna, where)
    assert (collect().added, Preference.objects.count()) == (0, 0)
    undo(anna)
    assert collected().added == 2


def test_a_changed_vote_takes_the_place_of_the_former() -> None:
    anna, where = person(), batch(1, overlap=1)
    vote(anna, where)
    collected()
    old = Decision.objects.get()
    revise_pair(anna, old.pk, side="left" if old.shown == "right" else "right")
    result = collected()
    assert (result.changed, Preference.objects.count()) == (1, 1)
    row = Preference.objects.get()
    assert (row.text_a if row.outcome == "a" else row.text_b) == min(row.text_a, row.text_b, key=len)
    assert len(row.votes) == 1


def test_voided_votes_leave_no_trace() -> None:
    anna, boris, admin, where = person(), person(), person("admin"), batch(4)
    vote(anna, where)
    vote(boris, where, "E")
    collected()
    assert outcomes() == ["split"] * 4
    void_votes(admin, boris, reason="careless")
    result = collected()
    assert (set(outcomes()), result.changed) == ({"a", "b"} & set(outcomes()), 4)
    void_votes(admin, anna, reason="careless")
    assert (collected().removed, Preference.objects.count()) == (4, 0)
    assert reconcile(PREFERENCES).balanced


def test_a_change_is_in_effect_only_when_it_can_no_longer_be_undone() -> None:
    from vitrina.preferences.collecting import collect

    anna, where = person(), batch(1, overlap=1)
    vote(anna, where)
    collected()
    [old] = Decision.objects.all()
    before = outcomes()
    revise_pair(anna, old.pk, side="left" if old.shown == "right" else "right")
    assert (collect().removed, outcomes()) == (0, before), "the former answer counts on"
    undo(anna)
    assert (collected().unchanged, outcomes()) == (1, before)


def test_a_vote_changed_and_voided_within_the_minute_leaves_no_trace() -> None:
    anna, admin, where = person(), person("admin"), batch(1, overlap=1)
    vote(anna, where)
    collected()
    [old] = Decision.objects.all()
    revise_pair(anna, old.pk, side="left" if old.shown == "right" else "right")
    void_votes(admin, anna, reason="careless")
    assert pending(PREFERENCES)[0] == 1, "somebody is told"
    assert (collected().removed, Preference.objects.count()) == (1, 0)
    assert reconcile(PREFERENCES).balanced


def test_votes_of_a_pair_that_a_moderator_took_out_are_no_preference() -> None:
    anna, boris, maria, where = person(), person(), person("moderator"), batch(1, overlap=3)
    vote(anna, where)
    collected()
    lease = next_item(boris, batch=where)
    assert isinstance(lease, Taken)
    flag(boris, lease.token, reason="not_blind")
    assert (collected().removed, Preference.objects.count()) == (0, 1), "until a moderator has looked"
    answer_flag(maria, lease.item_id, reopen=False)
    assert pending(PREFERENCES)[0] == 1, "somebody is told"
    assert (collected().removed, Preference.objects.count()) == (1, 0)
    assert reconcile(PREFERENCES).balanced


def test_gold_and_onboarding_are_no_preferences() -> None:
    anna, where = person(), batch(2, overlap=1)
    add_pairs(where, drafts(2, expected="first"), part="gold")
    add_pairs(where, drafts(2, expected="first", explanation="x"), part="onboarding")
    vote(anna, where)
    collected()
    assert Preference.objects.count() == ReviewItem.objects.filter(part="work", done=1).count() > 0
    gold = figures([])["gold_accuracy"]
    assert isinstance(gold, Interval | Undefined)


def case(number: int = 1) -> ReviewItem:
    take(day(number), [parsed(str(number), f"Платье {number}")])
    product = catalogue()[str(number)]
    text = version(product)
    verdict(text, approved=False)
    return ReviewItem.objects.create(kind="text", key=f"version:{text.pk}", product=product, version=text)


def test_an_edit_is_preferred_over_what_was_generated_until_it_is_taken_back() -> None:
    from vitrina.preferences.collecting import collect

    maria, item = person("moderator"), case()
    words = {"title": "Платье", "body": "<p>Своими словами о платье</p>"}
    made = decide_case(maria, claim(maria, item.pk).token, Judgement("edit", edit=words))
    collected()
    row = Preference.objects.get()
    assert (row.source, row.outcome, row.text_a, row.margin) == ("edit", "a", "Своими словами о платье", 1.0)
    assert row.text_b != row.text_a
    assert row.product_id == item.product_id
    for _ in range(2):
        revise_case(maria, made.decision_id, Judgement("reject", reasons=["wrong_fact"]))
        assert (pending(PREFERENCES)[0], collect().removed) == (0, 0), "within the minute"
        undo(maria)
    revise_case(maria, made.decision_id, Judgement("reject", reasons=["wrong_fact"]))
    let_pass()
    assert pending(PREFERENCES)[0] > 0, "somebody is told"
    assert collected().removed == 1
    assert reconcile(PREFERENCES).balanced


def test_approvals_and_rejections_are_labels_of_single_texts() -> None:
    maria, first, second = person("moderator"), case(1), case(2)
    decide_case(maria, claim(maria, first.pk).token, Judgement("approve"))
    said = ["invented", "звоните Ивану", "call_79161234567", "wrong_fact"]
    decide_case(maria, claim(maria, second.pk).token, Judgement("reject", reasons=said, comment="личное"))
    assert list(sources.labels()) == [], "within the minute"
    Decision.objects.update(created_at=day(1))
    good, bad = sources.labels()
    assert (good.good, bad.good, bad.reasons) == (True, False, ("invented", "wrong_fact"))
    assert good.annotator == pseudonym(maria)


def test_a_run_killed_before_the_mark_loses_and_doubles_nothing() -> None:
    where = batch(5, overlap=1)
    vote(person(), where)
    let_pass()
    process = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=ROOT, env=dict(os.environ), timeout=280, check=False, capture_output=True
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert (Preference.objects.count(), pending(PREFERENCES)[0]) == (0, 5)
    assert collected().added == 5
    assert (Preference.objects.count(), pending(PREFERENCES)[0]) == (5, 0)
    assert Outbox.objects.filter(consumed_at__isnull=False).count() == 5


def test_figures_say_how_many_they_stand_on_or_why_there_are_none() -> None:
    empty = figures([])
    assert all(isinstance(figure, Undefined) for figure in empty.values())
    where = batch(20)
    for user in (person(), person()):
        vote(user, where, longer)
    collected()
    found = figures(list(sources.pairs()))
    alpha, left, length = (found[name] for name in ("krippendorff_alpha", "left_chosen", "longer_chosen"))
    assert isinstance(alpha, Interval)
    assert (alpha.estimate, alpha.n) == (1.0, 20)
    assert isinstance(left, Interval)
    assert left.n == 40
    assert isinstance(length, Interval)
    assert (length.estimate, length.n) == (1.0, 20)
    assert isinstance(found["circular_triads"], Undefined)
