"""The pace of a caller, counted in PostgreSQL: exact over all processes.

Belongs here: one statement and the classes that use it. Stays out: the figures (settings ``API_RATE_PER_MINUTE`` and
``API_WORK_RATE_PER_MINUTE``).

The generic cell rate algorithm (GCRA, ITU-T I.371): a row holds the time at which the caller's credit is whole again.
A call moves it on by one interval, and is refused where that would be more than a whole minute ahead. Counters in the
memory of two workers let 110 calls of 100 pass.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from django.db import connection
from rest_framework.throttling import BaseThrottle

from vitrina.config import get_settings

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

PERIOD = 60.0  # seconds

_ADMIT = """
INSERT INTO api_pace AS p (key, whole_at)
VALUES (%(key)s, coalesce(%(now)s, clock_timestamp()) + make_interval(secs => %(interval)s))
ON CONFLICT (key) DO UPDATE
SET whole_at = greatest(p.whole_at, coalesce(%(now)s, clock_timestamp())) + make_interval(secs => %(interval)s)
WHERE greatest(p.whole_at, coalesce(%(now)s, clock_timestamp())) + make_interval(secs => %(interval)s)
      <= coalesce(%(now)s, clock_timestamp()) + make_interval(secs => %(period)s + %(interval)s / 1000)
RETURNING 1
"""
_WAIT = """
SELECT extract(epoch FROM whole_at - coalesce(%(now)s, clock_timestamp())) + %(interval)s - %(period)s
FROM api_pace WHERE key = %(key)s
"""


def admit(key: str, per_minute: int, *, now: datetime | None = None) -> float | None:
    """Count one call of ``key``.

    Args:
        key: Whose call of which class.
        per_minute: How many pass at once, and how many come back in a minute.
        now: Another clock than the database's.

    Returns:
        ``None`` where it passes, else after how many seconds one passes again.
    """
    values = {"key": key, "now": now, "interval": PERIOD / per_minute, "period": PERIOD}
    with connection.cursor() as cursor:
        cursor.execute(_ADMIT, values)
        if cursor.fetchone() is not None:
            return None
        cursor.execute(_WAIT, values)
        row = cursor.fetchone()
    return max(float(row[0]), 0.0) if row is not None else 0.0


class PerPerson(BaseThrottle):
    """So many calls a minute a person, whatever keys and sessions they come by."""

    scope = "api"

    def __init__(self) -> None:
        self._wait: float | None = None

    def rate(self) -> int:
        """Calls a minute."""
        return get_settings().api_rate_per_minute

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - the signature of DRF
        """Whether the call passes; guests are refused before."""
        self._wait = admit(f"{self.scope}:{request.user.pk}", self.rate())
        return self._wait is None

    def wait(self) -> float | None:
        """Seconds for ``Retry-After``."""
        return ceil(self._wait) or 1 if self._wait is not None else None


class PerPersonAtWork(PerPerson):
    """The class of taking and deciding items: a person at the keyboard is quicker than any script should be."""

    scope = "work"

    def rate(self) -> int:
        """Calls a minute."""
        return get_settings().api_work_rate_per_minute
