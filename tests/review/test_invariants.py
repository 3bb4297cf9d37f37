"""Whatever people do in whatever order: counts equal what stands in the tables, and no pair is over-annotated.

Each example begins with empty tables and a seeded database, which draws the sides: what it finds, it finds again.
"""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.review.conftest import make_user
from tests.review.passing import consume, let_pass
from tests.review.test_queue import expire
from vitrina.review import aside, comparing, history, leases, queue, voiding
from vitrina.review.errors import NotDecidable
from vitrina.review.models import Decision, Lease, ReviewItem
from vitrina.review.outbox import PREFERENCES, reconcile

PERSON = st.integers(0, 3)
SIDE = st.sampled_from(["left", "right", "tie"])
EMPTY = """
TRUNCATE review_batch, review_reviewitem, review_decision, review_lease, review_outbox, review_setaside,
         review_watermark RESTART IDENTITY CASCADE
"""


@pytest.mark.slow
def test_counts_hold_whatever_people_do(people, make_batch):
    admin, moderator, annotators = people("admin"), people("moderator"), [make_user() for _ in range(4)]

    class Desk(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            with connection.cursor() as cursor:
                cursor.execute(EMPTY)
            self.batch = make_batch(3)
            self.people = annotators
            self.tokens: list[tuple[int, object]] = []

        @initialize(chance=st.integers(0, 99))
        def draw_sides(self, chance):
            with connection.cursor() as cursor:
                cursor.execute("SELECT setseed(%s)", [chance / 100])

        @rule(who=PERSON, ahead=st.booleans())
        def take(self, who, ahead):
            found = queue.next_item(self.people[who], batch=self.batch, ahead=ahead)
            if hasattr(found, "token"):
                self.tokens.append((who, found.token))

        @rule(act=st.sampled_from(["decide", "skip", "flag", "release", "beat"]), side=SIDE, which=st.integers(0, 5))
        def act(self, act, side, which):
            if not self.tokens:
                return
            who, token = self.tokens[-1 - which % len(self.tokens)]
            user = self.people[who]
            try:
                if act == "decide":
                    comparing.decide_pair(user, token, side=side)
                elif act == "flag":
                    aside.flag(user, token, reason="x")
                else:
                    {"skip": aside.skip, "release": leases.release, "beat": leases.beat}[act](user, token)
            except NotDecidable:
                pass

        @rule(who=PERSON)
        def undo(self, who):
            try:
                back = history.undo(self.people[who])
            except NotDecidable:
                return
            if back is not None:
                self.tokens.append((who, back.token))

        @rule(who=PERSON, side=SIDE)
        def revise(self, who, side):
            for decision in history.last_decisions(self.people[who], limit=1):
                history.revise_pair(self.people[who], decision.pk, side=side)

        @rule(how=st.sampled_from(["expire", "sweep", "pass", "consume"]))
        def time_goes_by(self, how):
            {"expire": expire, "sweep": leases.sweep_expired, "pass": let_pass, "consume": consume}[how]()

        @rule(who=PERSON)
        def void(self, who):
            voiding.void_votes(admin, self.people[who], reason="x", batch=self.batch)

        @rule()
        def answer_flags(self):
            for item_id in {row.item_id for row in aside.flagged()}:
                aside.answer_flag(moderator, item_id, reopen=True)

        @invariant()
        def counts_hold(self):
            for item in ReviewItem.objects.filter(batch=self.batch):
                votes = Decision.objects.filter(item=item, superseded_by=None, undone_at=None, voided_at=None).count()
                held = Lease.objects.filter(item=item, ended_at=None).count()
                assert (item.done, item.held) == (votes, held)
                assert item.done <= item.need
                assert item.state != "open" or item.done + item.held <= item.need
                assert item.state != "done" or item.done >= item.need
                assert item.need <= self.batch.overlap + self.batch.extra_votes
            flagged = ReviewItem.objects.filter(state="flagged").values_list("pk", flat=True)
            assert set(flagged) == {row.item_id for row in aside.flagged()}
            assert reconcile(PREFERENCES).balanced

    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
