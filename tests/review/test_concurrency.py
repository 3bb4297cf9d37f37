"""Many people at once, and a process that dies: nobody's vote is lost, no pair gets more than it needs."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.contrib.auth.models import User
from django.db import connections
from django.db.models import Count, F

from tests.review.passing import nobody_else_writes
from vitrina.review.comparing import decide_pair
from vitrina.review.leases import sweep_expired
from vitrina.review.models import Decision, Lease, Outbox, ReviewItem
from vitrina.review.queue import next_item
from vitrina.review.results import Taken

REPOSITORY = Path(__file__).resolve().parents[2]


def test_twenty_people_at_once_never_give_a_pair_more_votes_than_it_needs(people, make_batch):
    batch = make_batch(60, extra_votes=0)

    def work(user: User) -> int:
        votes, watchdog = 0, time.monotonic() + 200
        try:
            while time.monotonic() < watchdog:
                found = next_item(user, batch=batch, ahead=votes % 3 == 2)
                if not isinstance(found, Taken):
                    if found.reason == "done":
                        break
                    time.sleep(0.02)
                    continue
                decide_pair(user, found.token, side="left")
                votes += 1
        finally:
            connections.close_all()
        return votes

    with ThreadPoolExecutor(20) as pool:
        votes = sum(pool.map(work, [people() for _ in range(20)]))
    assert votes == Decision.objects.count() == 120
    assert not ReviewItem.objects.annotate(n=Count("decisions")).exclude(n=2).exists()
    assert not ReviewItem.objects.exclude(done=2, held=0, state="done").exists()
    assert not Lease.objects.filter(ended_at=None).exists()
    assert Decision.objects.values("item", "decided_by").distinct().count() == 120


_WORKER = """
    import sys
    from vitrina.project.setup import setup_django
    setup_django()
    from django.contrib.auth.models import User
    from vitrina.review.comparing import decide_pair
    from vitrina.review.models import Batch
    from vitrina.review.queue import next_item
    user, batch = User.objects.get(username="anna"), Batch.objects.get()
    while True:
        lease = next_item(user, batch=batch)
        made = decide_pair(user, lease.token, side="left")
        sys.stdout.write(f"{made.decision_id}\\n")
        sys.stdout.flush()
"""


def test_a_process_killed_in_the_middle_loses_nothing_that_it_answered(people, make_batch):
    people(name="anna")
    make_batch(3000)
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WORKER)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert worker.stdout is not None
    answered = [int(worker.stdout.readline()) for _ in range(40)]
    worker.send_signal(signal.SIGKILL)
    answered += [int(line) for line in worker.stdout.read().splitlines() if line.strip().isdigit()]
    worker.wait(timeout=120)
    nobody_else_writes()
    standing = set(Decision.objects.values_list("pk", flat=True))
    assert set(answered) <= standing
    assert Outbox.objects.count() == len(standing) == ReviewItem.objects.filter(done=1).count()
    Lease.objects.filter(ended_at=None).update(until=F("created_at"))
    sweep_expired()
    assert not ReviewItem.objects.filter(held__gt=0).exists()
