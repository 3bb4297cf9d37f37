"""The places of one resource that this process holds, and who waits for one in it.

Belongs here: handing over, asking the database, giving back; called from any thread. Stays out: the connection
(``vitrina.llm.link``), what users hold in their hands (``vitrina.llm.slots``).
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable

from vitrina.llm.link import Connection, Link

_TRY = "SELECT n FROM unnest(%s::int[]) AS n WHERE pg_try_advisory_lock(%s, n) LIMIT %s"
_FREE = "SELECT pg_advisory_unlock(%s, n) FROM unnest(%s::int[]) AS n"
#: Number 0 of a class is no place: who waits in vain holds it shared, so whoever cannot have it alone knows of that.
_CRY = "SELECT pg_try_advisory_lock_shared(%s, 0)"
_HUSH = "SELECT pg_advisory_unlock_shared(%s, 0)"
_QUIET = "SELECT CASE WHEN pg_try_advisory_lock(%s, 0) THEN pg_advisory_unlock(%s, 0) ELSE false END"
#: Of the places that come back here, this one goes to the processes that wait in vain. Equal shares are then reached
#: after a few calls' time, whatever a process held before.
_GIVE_BACK_EVERY = 3
_IDLE_S = 0.2
#: Waits between looks for a free place, in seconds: short at first, then longer.
_LOOK_FIRST_S, _LOOK_LAST_S = 0.003, 0.025
#: After looking in vain for so long a process tells the others; so long after the last time it takes that back.
_CRY_AFTER_S, _HUSH_AFTER_S = 0.05, 1.0
#: A waiter that got none for so long looks for processes that hang.
_STARVED_S = 1.0


class Waiter:
    """Somebody who waits, in whatever thread: ``deliver`` is called once, with a place."""

    __slots__ = ("deliver", "gone")

    def __init__(self, deliver: Callable[[int], None]) -> None:
        self.deliver = deliver
        self.gone = False


class SlotPool:
    """The places of one resource in this process."""

    def __init__(self, link: Link, resource: str, limit: int) -> None:
        self.resource = resource
        self.limit = limit
        self._link = link
        self._class = zlib.crc32(f"vitrina:{resource}".encode()) - 2**31
        self._lock = threading.Lock()
        self._idle: list[int] = []
        self._used: set[int] = set()
        #: Places whose lock is gone, or that were never locked (negative numbers), and whose calls still run.
        self._orphans: set[int] = set()
        self._waiters: deque[Waiter] = deque()
        self._to_free: list[int] = []
        self._handed = 0
        self._orphan = 0
        self._idle_at = 0.0
        self._look_s = _LOOK_FIRST_S
        self._starving_since: float | None = None
        self._hungry_at = 0.0
        self._crying = False
        #: Whether another process waits in vain, as of the last second.
        self._wanted = False
        self._rest_until = 0.0
        self.users = 0

    @property
    def waiting(self) -> int:
        """How many wait in this process."""
        return len(self._waiters)

    def try_take(self) -> int | None:
        """A place, when this process holds an idle one and nobody waits."""
        with self._lock:
            if not self._idle or self._waiters:
                return None
            slot = self._idle.pop()
            self._used.add(slot)
            return slot

    def wait(self, deliver: Callable[[int], None]) -> Waiter:
        """Puts somebody into the queue; ``deliver`` may be called in any thread."""
        waiter = Waiter(deliver)
        with self._lock:
            if self._idle and not self._waiters:
                slot = self._idle.pop()
                self._used.add(slot)
            else:
                slot = None
                self._waiters.append(waiter)
        if slot is None:
            self._link.wake()
        else:
            deliver(slot)
        return waiter

    def give(self, slot: int) -> None:
        """Gives a place back: to who waits, or to the other processes."""
        with self._lock:
            if slot in self._orphans:
                self._orphans.discard(slot)
                wake, waiter = bool(self._waiters), None
            else:
                self._used.discard(slot)
                wake, waiter = self._place(slot)
        if waiter is not None:
            waiter.deliver(slot)
        if wake:
            self._link.wake()

    def _place(self, slot: int) -> tuple[bool, Waiter | None]:
        """Where a place goes; the caller holds the lock. Returns whether the link has work, and who gets it."""
        self._handed += 1
        # Whether or not somebody waits here just now: calls that come back together leave no waiter for the second
        if slot > self.limit or (self._wanted and self._handed % _GIVE_BACK_EVERY == 0):
            self._to_free.append(slot)
            return True, None
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.gone:
                self._used.add(slot)
                return False, waiter
        self._idle.append(slot)
        self._idle_at = time.monotonic()
        return False, None

    def poll(self, connection: Connection | None) -> float | None:
        """The link's thread: frees, and looks for places for who waits."""
        now = time.monotonic()
        with self._lock:
            free, self._to_free = self._to_free, []
            if self._idle and not self._waiters and now - self._idle_at >= _IDLE_S:
                free, self._idle = [*free, *self._idle], []
            while self._waiters and self._waiters[0].gone:
                self._waiters.popleft()
            held = self._used | set(self._idle)
            room = min(len(self._waiters), self.limit - len(held) - len(self._orphans))
        if connection is None:
            self._deliver([self._unlocked() for _ in range(room)], orphans=True)
            return None
        if free:
            connection.execute(_FREE, (self._class, free))
            # Whoever waits elsewhere comes first, also the one who looks most rarely
            self._rest_until = now + (_LOOK_LAST_S * 1.2 if self._wanted else _LOOK_FIRST_S * 2)
        if room <= 0:
            self._starving_since = None
            return _IDLE_S if self._idle else None
        if now < self._rest_until:
            return self._rest_until - now
        wanted = [n for n in range(1, self.limit + 1) if n not in held and n not in self._orphans]
        found = [row[0] for row in connection.execute(_TRY, (wanted, self._class, room)).fetchall()]
        self._deliver(found)
        if found:
            self._look_s, self._starving_since = _LOOK_FIRST_S, None
        elif self._starving_since is None:
            self._starving_since = now
        elif now - self._starving_since >= _CRY_AFTER_S:
            self._hungry_at = now
            if not self._crying:
                self._crying = bool(connection.execute(_CRY, (self._class,)).fetchall()[0][0])
            if now - self._starving_since >= _STARVED_S:
                self._link.hunt(connection)
        if len(found) >= room:
            return _IDLE_S
        self._look_s = min(_LOOK_LAST_S, self._look_s * 1.5)
        return self._look_s

    def tick(self, connection: Connection) -> None:
        """Hears whether others wait in vain, and takes back that this process does."""
        if self._crying and time.monotonic() - self._hungry_at >= _HUSH_AFTER_S:
            connection.execute(_HUSH, (self._class,))
            self._crying = False
        with self._lock:
            holds = bool(self._used or self._idle)
        self._wanted = holds and not connection.execute(_QUIET, (self._class, self._class)).fetchall()[0][0]

    def lost(self) -> None:
        """The connection broke: idle places are gone, calls under way go on without their lock."""
        with self._lock:
            self._orphans |= self._used
            self._used, self._idle, self._to_free = set(), [], []
            self._crying = self._wanted = False

    def close(self) -> None:
        """Nobody in this process wants it any more: unlocks what is idle."""
        with self._lock:
            free, self._idle, self._to_free = [*self._idle, *self._to_free], [], []
        if free:
            self._link.submit(lambda connection: connection.execute(_FREE, (self._class, free)))
        if self._crying:
            self._link.submit(lambda connection: connection.execute(_HUSH, (self._class,)))

    def _unlocked(self) -> int:
        self._orphan -= 1
        return self._orphan

    def _deliver(self, slots: list[int], *, orphans: bool = False) -> None:
        for slot in slots:
            with self._lock:
                waiter = None
                while self._waiters and waiter is None:
                    first = self._waiters.popleft()
                    waiter = None if first.gone else first
                if waiter is None:
                    if not orphans:
                        self._idle.append(slot)
                        self._idle_at = time.monotonic()
                else:
                    (self._orphans if orphans else self._used).add(slot)
            if waiter is not None:
                waiter.deliver(slot)
