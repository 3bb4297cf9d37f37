"""Manners and patience with one host: how many requests at once, how often, and when to leave it alone.

Belongs here: the interval, pauses that a host asks for, the breaker. Pure but for the clock that is given. Stays out:
requests (``fetch``), what is written down of it (``outcomes``).

The breaker opens after five tries in a row without an answer, or when a host asks for more patience than a run has.
While it is open nothing is asked; afterwards one request at a time goes out until one is answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from vitrina.images.reasons import Reason

#: Tries in a row without an answer.
FAILURES_TO_OPEN = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=24)
#: A pause up to this long is waited for within a run.
PATIENCE_SECONDS = 20.0
#: What says that the host, and not the file, has a problem.
HOST_FAULTS = frozenset((Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.SERVER_ERROR, Reason.RATE_LIMITED))


@dataclass(slots=True)
class HostState:
    """What is known of a host; this is what is kept between runs."""

    host: str
    failures: int = 0
    opened: int = 0
    open_until: datetime | None = None
    reason: str = ""
    message: str = ""
    changed: bool = False


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class HostGate:
    """The gate of one host in one process."""

    state: HostState
    concurrency: int
    interval: float
    clock: Callable[[], datetime] = _now
    _next_start: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def closed_for(self) -> timedelta | None:
        """How long the host is to be left alone; ``None`` when it may be asked."""
        until = self.state.open_until
        return until - self.clock() if until is not None and until > self.clock() else None

    @property
    def probing(self) -> bool:
        """The breaker's time is over, and no answer has come since: one request at a time."""
        return self.state.open_until is not None

    async def turn(self) -> None:
        """Wait until the next request may start."""
        async with self._turn:
            wait = self._next_start - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self._next_start = time.monotonic() + self.interval

    def pause(self, seconds: float) -> bool:
        """The host asked for a pause. True when it is short enough to be waited for; else the breaker opens."""
        if seconds > PATIENCE_SECONDS:
            self._open(timedelta(seconds=min(seconds, LONGEST_PAUSE.total_seconds())), Reason.RATE_LIMITED)
            return False
        self._next_start = max(self._next_start, time.monotonic() + seconds)
        return True

    def answered(self) -> None:
        """Any answer that is not the host's own fault."""
        state = self.state
        if state.failures or state.opened or state.open_until is not None:
            state.failures, state.opened, state.open_until, state.changed = 0, 0, None, True
            state.reason = state.message = ""

    def failed(self, reason: Reason, message: str) -> None:
        """No answer, or the host's own fault."""
        state = self.state
        if self.closed_for is not None:
            return  # another request of the same burst opened it already
        state.failures, state.reason, state.message, state.changed = state.failures + 1, reason.value, message, True
        if self.probing or state.failures >= FAILURES_TO_OPEN:
            self._open(min(FIRST_PAUSE * 2 ** min(state.opened, 12), LONGEST_PAUSE), reason)

    def _open(self, pause: timedelta, reason: Reason) -> None:
        state = self.state
        state.open_until, state.opened, state.changed = self.clock() + pause, state.opened + 1, True
        state.reason = reason.value
