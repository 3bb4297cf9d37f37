"""The pace of callers is counted exactly, by whichever process a call comes to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_so_many_pass_at_once_and_come_back_one_by_one() -> None:
    from vitrina.api.throttling import admit

    assert [admit("a", 100, now=NOON) for _ in range(100)] == [None] * 100
    assert admit("a", 100, now=NOON) == pytest.approx(0.6, abs=0.01)
    assert admit("b", 100, now=NOON) is None
    assert admit("a", 100, now=NOON + timedelta(seconds=0.61)) is None
    assert admit("a", 100, now=NOON + timedelta(seconds=0.62)) is not None
    assert [admit("a", 100, now=NOON + timedelta(hours=1)) for _ in range(101)].count(None) == 100


def test_many_at_once_are_counted_exactly() -> None:
    from django.db import connections

    from vitrina.api.throttling import admit

    def ask(_: int) -> float | None:
        try:
            return admit("crowd", 100, now=NOON)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(160)))
    assert answers.count(None) == 100


def test_who_is_too_fast_is_told_when_to_come_back_and_work_is_counted_apart(
    caller: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.api import throttling
    from vitrina.config import get_settings

    monkeypatch.setenv("API_RATE_PER_MINUTE", "3")
    get_settings.cache_clear()
    # The clock stands: after twenty seconds one call would pass again
    monkeypatch.setattr(throttling, "admit", partial(throttling.admit, now=NOON))
    me, other = caller(), caller("annotator", "b@example.com")
    answers = [me.get("me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1]["Retry-After"]) == 20
    assert other.get("me").status_code == 200
    assert me.get("items/next", batch=1).status_code == 404
    me.post("leases/release")  # the work's own count
    assert me.get("keys").status_code == 429


def test_guests_are_refused_before_they_are_counted() -> None:
    from tests.desk.conftest import new_client
    from vitrina.api.models import Pace

    answer = new_client().get("/api/v1/me")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert not Pace.objects.exists()
