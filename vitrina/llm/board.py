"""Breakers and stops as all processes see them.

Belongs here: their statements, and the functions by which people look at them and stop work. Stays out: what opens a
breaker (``vitrina.llm.breaker``), who waits (``vitrina.llm.gate``).

Times cross processes as seconds from the database's now, so that clocks need not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from vitrina.llm.breaker import State
from vitrina.llm.link import Connection
from vitrina.llm.outcomes import LedgerError

_BREAKERS = """
SELECT endpoint, model, state, reason, failures, samples, opened_at, probe_at, changed_at, version, changed_by,
       coalesce(extract(epoch FROM probe_at - now()), 0)::float8
FROM llm_breaker ORDER BY endpoint, model
"""
_NEWER = """
SELECT model, state, reason, version, changed_by, coalesce(extract(epoch FROM probe_at - now()), 0)::float8
FROM llm_breaker WHERE endpoint = %s
"""
_WRITE = """
INSERT INTO llm_breaker AS row (endpoint, model, state, reason, failures, samples, opened_at, probe_at, version,
    changed_by, changed_at)
VALUES (%(endpoint)s, %(model)s, %(state)s::text, %(reason)s, %(failures)s, %(samples)s,
    CASE WHEN %(state)s::text = 'closed' THEN NULL ELSE now() END, now() + make_interval(secs => %(wait_s)s::float8), 1,
    %(holder)s, now())
ON CONFLICT (endpoint, model) DO UPDATE SET state = excluded.state, reason = excluded.reason,
    failures = excluded.failures, samples = excluded.samples, probe_at = excluded.probe_at,
    opened_at = CASE WHEN excluded.state = 'closed' THEN NULL ELSE coalesce(row.opened_at, now()) END,
    version = row.version + 1, changed_by = excluded.changed_by, changed_at = now()
RETURNING version
"""
_STOPS = "SELECT scope, reason FROM llm_stop"
_STOP = """
INSERT INTO llm_stop (scope, reason, stopped_by, stopped_at) VALUES (%s, %s, %s, now())
ON CONFLICT (scope) DO UPDATE SET reason = excluded.reason, stopped_by = excluded.stopped_by, stopped_at = now()
"""
_RESUME = "DELETE FROM llm_stop WHERE scope = %s"
_STOPPED = "SELECT scope, reason, stopped_by, stopped_at FROM llm_stop ORDER BY stopped_at"


@dataclass(slots=True, frozen=True)
class BreakerState:
    """A breaker as the last process that changed it left it. ``probe_in_s``: until the next probe, 0 when it is due."""

    endpoint: str
    model: str
    state: State
    reason: str
    failures: int
    samples: int
    opened_at: datetime | None
    changed_at: datetime
    probe_in_s: float


@dataclass(slots=True, frozen=True)
class Stop:
    """Somebody's word that nothing more is sent. ``scope``: see :func:`stop`."""

    scope: str
    reason: str
    stopped_by: str
    stopped_at: datetime


@dataclass(slots=True, frozen=True)
class News:
    """A breaker's row, for the processes that share it."""

    model: str
    state: State
    reason: str
    version: int
    changed_by: str
    wait_s: float


def breaker_states(dsn: str) -> list[BreakerState]:
    """Every breaker that ever opened, by endpoint and model.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    with _connected(dsn) as connection:
        rows = connection.execute(_BREAKERS).fetchall()
    return [
        BreakerState(row[0], row[1], State(row[2]), row[3], row[4], row[5], row[6], row[8], max(0.0, row[11]))
        for row in rows
    ]


def stop(dsn: str, scope: str = "", *, reason: str = "", by: str = "") -> None:
    """Has all processes send nothing more, within about a second; calls on the wire are let end and recorded.

    Requests that were not sent end as ``stopped``, and a later run sends them, once :func:`resume` was called.

    Args:
        scope: Empty for everything, or ``run:ID``, ``purpose:NAME``, ``model:NAME``, ``endpoint:ADDRESS``.

    Raises:
        ValueError: The scope is of no such form.
        LedgerError: The database is out of reach or not migrated.
    """
    if scope and (scope.split(":", 1)[0] not in ("run", "purpose", "model", "endpoint") or ":" not in scope):
        raise ValueError(f"{scope!r} names nothing: use run:ID, purpose:NAME, model:NAME or endpoint:ADDRESS.")
    with _connected(dsn) as connection:
        connection.execute(_STOP, (scope, reason, by))


def resume(dsn: str, scope: str = "") -> bool:
    """Takes a stop back; ``False`` when there was none.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    with _connected(dsn) as connection:
        return connection.execute(_RESUME, (scope,)).rowcount > 0


def stops(dsn: str) -> list[Stop]:
    """What is stopped now, the oldest first.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    with _connected(dsn) as connection:
        return [Stop(*row) for row in connection.execute(_STOPPED).fetchall()]


class Board:
    """Keeps one gateway in step: hears of breakers and stops about once a second, in the link's thread.

    Args:
        on_stops: Gets scope → reason whenever it changed.
        on_news: Gets rows that another process changed.
    """

    def __init__(
        self,
        endpoint: str,
        holder: str,
        *,
        on_stops: Callable[[Mapping[str, str]], None],
        on_news: Callable[[list[News]], None],
    ) -> None:
        self._endpoint = endpoint
        self._holder = holder
        self._on_stops = on_stops
        self._on_news = on_news
        self._versions: dict[str, int] = {}
        self._stops: dict[str, str] = {}

    def tick(self, connection: Connection) -> None:
        """Looks for what changed."""
        stops: dict[str, str] = dict(connection.execute(_STOPS).fetchall())
        if stops != self._stops:
            self._stops = stops
            self._on_stops(stops)
        news = []
        for row in connection.execute(_NEWER, (self._endpoint,)).fetchall():
            known = self._versions.get(row[0], 0)
            self._versions[row[0]] = row[3]
            # The first look takes over what others found out before this process was there.
            if row[3] > known and not (known == 0 and row[1] == State.CLOSED):
                news.append(News(row[0], State(row[1]), row[2], row[3], row[4], row[5]))
        if news:
            self._on_news(news)

    def poll(self, connection: Connection | None) -> float | None:  # noqa: ARG002
        """Nothing between looks."""
        return None

    def lost(self) -> None:
        """Nothing hangs on the connection."""

    def write(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Tells the others of a breaker that this process changed."""
        row = connection.execute(_WRITE, {**values, "endpoint": self._endpoint, "holder": self._holder}).fetchone()
        if row is not None:
            self._versions[values["model"]] = row[0]


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    try:
        with psycopg.connect(
            dsn, autocommit=True, application_name="vitrina-llm-board", connect_timeout=10
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise LedgerError(
            f"The LLM controls cannot reach their database ({type(error).__name__}).", hint="Check DATABASE_URL."
        ) from error
    except psycopg.errors.UndefinedTable as error:
        raise LedgerError("The tables of the LLM controls are missing.", hint="Run the migrations.") from error
