"""What tests of decisions share: chance, time, processes that were killed, the preferences' consumer."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F

from vitrina.review.models import Decision, Outbox
from vitrina.review.outbox import PREFERENCES, claim, consumed


def better(view) -> str:
    return "left" if view.left.startswith("Хорошее") else "right"


def draw_alike(seed: float = 0.25) -> None:
    """From now on the database draws the same sides and the same gold in each run, in this session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [seed])


def nobody_else_writes() -> None:
    """Wait until the server knows that a killed process is gone: what it had sent is kept by now, or never will be."""
    others = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    watchdog = time.monotonic() + 120
    while True:
        with connection.cursor() as cursor:
            cursor.execute(others)
            if cursor.fetchone() == (0,):
                return
        assert time.monotonic() < watchdog
        time.sleep(0.02)


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
