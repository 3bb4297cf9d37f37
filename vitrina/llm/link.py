"""One direct connection of this process to the database, for what processes share.

Belongs here: the thread that owns the connection, its heartbeat, work that is handed to it. Stays out: what is shared
(``vitrina.llm.slots``, ``vitrina.llm.board``, ``vitrina.llm.purses``).

Advisory locks belong to a session, so the connection must be direct: not through a pooler in transaction mode.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

import psycopg

from vitrina.project.database import as_login

log = logging.getLogger(__name__)

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

_TICK_S = 1.0
_BEAT_S = 5.0
#: A process that was silent for so long is taken for hung: its connection is ended, and with it its locks.
STALE_S = 60.0
_RECONNECT_S = 5.0

_HELLO = """
INSERT INTO llm_process (holder, host, pid, backend_pid, backend_start, beat_at)
SELECT %s, %s, %s, pid, backend_start, now() FROM pg_stat_activity WHERE pid = pg_backend_pid()
ON CONFLICT (holder) DO UPDATE SET backend_pid = excluded.backend_pid, backend_start = excluded.backend_start,
    beat_at = excluded.beat_at
"""
_BEAT = "UPDATE llm_process SET beat_at = now() WHERE holder = %s"
#: A process that holds no money takes its row with it; of those that were killed, rows go after a week.
_GOODBYE = """
DELETE FROM llm_process AS p WHERE (p.holder = %s OR p.beat_at < now() - interval '7 days')
    AND NOT EXISTS (SELECT 1 FROM llm_budget_hold AS h WHERE h.holder = p.holder)
"""
#: Limits of runs and days begin again with what the ledger tells; others would begin at zero, and stay.
_OLD_BUDGETS = """
DELETE FROM llm_budget WHERE name IN (
    SELECT b.name FROM llm_budget AS b WHERE b.updated_at < now() - interval '90 days' AND b.reserved_usd = 0
        AND (b.name LIKE 'run:%' OR b.name LIKE 'day:%' OR b.name LIKE 'purpose:%')
        AND NOT EXISTS (SELECT 1 FROM llm_budget_hold AS h WHERE h.budget = b.name)
    FOR UPDATE OF b SKIP LOCKED
)
"""
_END_HUNG = """
SELECT pg_terminate_backend(a.pid) FROM llm_process AS p
JOIN pg_stat_activity AS a ON a.pid = p.backend_pid AND a.backend_start = p.backend_start
WHERE p.holder <> %s AND p.beat_at < now() - make_interval(secs => %s)
"""


class Member(Protocol):
    """Something that is kept in step with the database by the link's thread."""

    def tick(self, connection: Connection) -> None:
        """Called about once a second."""
        ...

    def poll(self, connection: Connection | None) -> float | None:
        """Called when it was woken; returns after how many seconds it wants to be called again, ``None`` for never.

        ``None`` for the connection: the database is out of reach.
        """
        ...

    def lost(self) -> None:
        """The connection broke: locks that hung on it are gone."""
        ...


class Link:
    """Made by :func:`join`, given back by :meth:`leave`; one for a process and database.

    Args:
        dsn: Of a direct connection.
        stale_s: After which silence another process is taken for hung; tests pass their own.
    """

    def __init__(self, dsn: str, *, stale_s: float = STALE_S) -> None:
        self.holder = str(uuid.uuid4())
        self.stale_s = stale_s
        self._dsn = dsn
        self._users = 0
        self._members: list[Member] = []
        self._work: queue.SimpleQueue[Callable[[Connection | None], None] | None] = queue.SimpleQueue()
        self._closing = False
        self._up = False
        self._thread = threading.Thread(target=self._run, name="llm-link", daemon=True)
        self._last_hunt = 0.0

    @property
    def up(self) -> bool:
        """Whether the database is in reach."""
        return self._up

    def add(self, member: Member) -> None:
        """Keeps a member in step from now on."""
        self._members = [*self._members, member]
        self.wake()

    def remove(self, member: Member) -> None:
        """No longer."""
        self._members = [one for one in self._members if one is not member]

    def wake(self) -> None:
        """Has members polled soon."""
        self._work.put(None)

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Runs ``work`` on the connection, in the link's thread.

        The future raises :class:`psycopg.Error` when the statement failed or the database is out of reach.
        """
        future: Future[T] = Future()

        def run(connection: Connection | None) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                if connection is None:
                    raise psycopg.OperationalError("the database is out of reach")
                future.set_result(work(connection))
            except psycopg.OperationalError as error:
                future.set_exception(error)
                raise
            except Exception as error:  # noqa: BLE001 - the caller gets it
                future.set_exception(error)

        self._work.put(run)
        return future

    def hunt(self, connection: Connection) -> None:
        """Ends connections of processes that hang. Cheap to call often: it looks every few seconds at most."""
        now = time.monotonic()
        if now - self._last_hunt >= min(5.0, self.stale_s / 4):
            self._last_hunt = now
            ended = connection.execute(_END_HUNG, (self.holder, self.stale_s)).fetchall()
            if ended:
                log.warning(
                    "%d processes did not answer for %g s: their LLM slots were freed.", len(ended), self.stale_s
                )

    def _run(self) -> None:
        connection: Connection | None = None
        beat = tick = tried = 0.0
        while True:
            now = time.monotonic()
            if connection is None and (now - tried >= _RECONNECT_S or tried == 0.0):
                tried, connection = now, self._connect()
                beat = tick = 0.0
            wait = _TICK_S
            try:
                if connection is not None and now - beat >= min(_BEAT_S, self.stale_s / 4):
                    beat = now
                    connection.execute(_BEAT, (self.holder,))
                if connection is not None and now - tick >= _TICK_S:
                    tick = now
                    for member in self._members:
                        member.tick(connection)
                for member in self._members:
                    delay = member.poll(connection)
                    wait = wait if delay is None else min(wait, delay)
                if self._closing and self._work.empty():
                    break
                try:
                    work = self._work.get(timeout=wait)
                except queue.Empty:
                    continue
                if work is not None:
                    work(connection)
            except psycopg.OperationalError as error:
                self._lose(connection, error)
                connection = None
            except psycopg.Error:
                log.exception("The LLM controls met a statement that failed.")
                time.sleep(0.1)
        if connection is not None:
            with contextlib.suppress(psycopg.Error):  # the next process that leaves takes the row with it
                connection.execute(_GOODBYE, (self.holder,))
                connection.execute(_OLD_BUDGETS)
            connection.close()

    def _connect(self) -> Connection | None:
        try:
            connection: Connection = psycopg.connect(
                as_login(self._dsn), autocommit=True, application_name="vitrina-llm-link", connect_timeout=5
            )
            connection.execute(_HELLO, (self.holder, socket.gethostname()[:200], os.getpid()))
        except psycopg.Error as error:
            if self._up or not self._last_hunt:
                log.warning("Limits are kept by this process alone: no database (%s).", type(error).__name__)
            self._up, self._last_hunt = False, time.monotonic()
            return None
        self._up = True
        return connection

    def _lose(self, connection: Connection | None, error: psycopg.Error) -> None:
        if connection is not None:
            connection.close()
        if self._up:
            log.warning("The connection that LLM limits hang on broke (%s); it is made anew.", type(error).__name__)
        self._up = False
        for member in self._members:
            member.lost()

    def leave(self) -> None:
        """Gives the link back; the last one to leave closes the connection."""
        with _LOCK:
            self._users -= 1
            if self._users:
                return
            _LINKS.pop((os.getpid(), self._dsn), None)
            self._closing = True
        self.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)


_LOCK = threading.Lock()
_LINKS: dict[tuple[int, str], Link] = {}


def join(dsn: str, *, stale_s: float = STALE_S) -> Link:
    """The process's link to this database; each call wants one :meth:`Link.leave`."""
    with _LOCK:
        key = (os.getpid(), dsn)
        link = _LINKS.get(key)
        if link is None:
            link = _LINKS[key] = Link(dsn, stale_s=stale_s)
            link._thread.start()
        link._users += 1
        return link
