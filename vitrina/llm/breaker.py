"""A circuit breaker by failure rate, as a pure state machine.

Belongs here: what opens and closes it. Stays out: waiting (``vitrina.llm.controls``), sharing between processes
(``vitrina.llm.board``).

Breakers that count consecutive failures never open where one call in five succeeds; this one opens on the share of
failures among the calls of the last seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from vitrina.llm.config import BreakerPolicy


class State(StrEnum):
    """CLOSED: calls go. OPEN: none goes. HALF_OPEN: few go, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class _Second:
    at: float
    calls: int = 0
    failures: int = 0


class Breaker:
    """The breaker of one model at one endpoint. All times are monotonic seconds that the caller passes in.

    Opens when at least ``min_samples`` calls of the last ``window_s`` ended and the share of failures among them is at
    least ``failure_rate``; also when nine of ten of the last ``2 * min_samples`` failed, because after a busy half
    minute without failures an outage would else have to use up the attempts of thousands of requests. After ``open_s``
    it lets ``probes`` calls through at a time; as many successes close it, one failure opens it again, for twice as
    long as before, up to ``max_open_s``.
    """

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._seconds: deque[_Second] = deque()
        self._calls = self._failures = 0
        self._recent = 0  # the last calls as bits, 1 for a failure
        self._recent_mask = (1 << 2 * policy.min_samples) - 1
        self._probing = self._successes = self._openings = 0
        self.state = State.CLOSED
        self.probe_at = 0.0
        self.reason = ""
        #: When it first opened since it was last closed; ``None`` while it is closed.
        self.out_since: float | None = None
        #: How often it opened, failed probes included.
        self.openings = 0
        #: Calls and failures in the window when it last opened.
        self.told_samples = self.told_failures = 0
        #: Grows with every change of state; a call that ends in a later epoch tells nothing about the present.
        self.epoch = 0
        #: Grows with every change that this process made: news for the others.
        self.changes = 0

    def enter(self, now: float) -> float | None:
        """Lets a call through: ``None``. Else the seconds after which to ask again.

        A call that was let through must end in :meth:`ended` or :meth:`given_up`.
        """
        if self.state is State.CLOSED:
            return None
        if self.state is State.OPEN:
            if now < self.probe_at:
                return self.probe_at - now
            self._to(State.HALF_OPEN)
        if self._probing >= self._policy.probes:
            return self._policy.open_s / 10
        self._probing += 1
        return None

    def given_up(self, epoch: int) -> None:
        """A call that was let through in that epoch did not take place."""
        if epoch == self.epoch and self._probing:
            self._probing -= 1

    def ended(self, ok: bool, now: float, *, epoch: int, why: str = "") -> None:
        """A call ended that was let through in that epoch: ``ok`` when the endpoint worked, whatever it answered."""
        if epoch != self.epoch:
            return
        if self.state is State.HALF_OPEN:
            self._probing -= 1
            if not ok:
                self._open(now, why)
            else:
                self._successes += 1
                if self._successes >= self._policy.probes:
                    self.close()
            return
        self._count(ok, now)
        if not ok and (
            (self._calls >= self._policy.min_samples and self._failures >= self._policy.failure_rate * self._calls)
            or self._recent.bit_count() >= 1.8 * self._policy.min_samples
        ):
            self._open(now, why)

    def close(self) -> None:
        """Back to normal, with an empty window."""
        self._to(State.CLOSED)
        self.reason, self._openings, self.out_since = "", 0, None

    def adopt(self, state: State, *, wait_s: float, now: float, reason: str) -> None:
        """Takes over what another process found out. ``wait_s``: until the next probe."""
        changes = self.changes
        # Two processes may probe at once: cheaper than a round trip for each probe.
        self._to(State.OPEN if state is State.HALF_OPEN else state)
        self.changes = changes
        self.probe_at, self.reason = now + wait_s, reason
        if state is State.CLOSED:
            self._openings, self.out_since = 0, None
        elif self.out_since is None:
            self.out_since = now

    def _open(self, now: float, why: str) -> None:
        self._openings += 1
        open_s = min(self._policy.max_open_s, self._policy.open_s * 2.0 ** min(self._openings - 1, 20))
        if self._calls:
            self.told_samples, self.told_failures = self._calls, self._failures
            self.reason = f"{self._failures} of {self._calls} calls failed" + (f"; last: {why}" if why else "")
        self._to(State.OPEN)
        self.openings += 1
        self.probe_at = now + open_s
        self.out_since = now if self.out_since is None else self.out_since

    def _to(self, state: State) -> None:
        self._forget()
        self.state, self._probing, self._successes = state, 0, 0
        self.epoch += 1
        self.changes += 1

    def _forget(self) -> None:
        self._seconds.clear()
        self._calls = self._failures = self._recent = 0

    def _count(self, ok: bool, now: float) -> None:
        if not self._seconds or now - self._seconds[-1].at >= 1.0:
            self._seconds.append(_Second(now))
            while self._seconds[0].at < now - self._policy.window_s:
                old = self._seconds.popleft()
                self._calls -= old.calls
                self._failures -= old.failures
        last = self._seconds[-1]
        last.calls += 1
        self._calls += 1
        self._recent = (self._recent << 1 | (not ok)) & self._recent_mask
        if not ok:
            last.failures += 1
            self._failures += 1
