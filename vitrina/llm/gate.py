"""Where calls to one model at one endpoint wait their turn.

Belongs here: the order of waiting (stop, breaker, rate, slot), on one event loop. Stays out: what each of them decides
(``vitrina.llm.breaker``, ``vitrina.llm.rate``, ``vitrina.llm.slots``), and what a reply means.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vitrina.llm.breaker import Breaker, State
from vitrina.llm.cohorts import Slice
from vitrina.llm.outcomes import Outcome
from vitrina.llm.rate import Rate

#: The longest sleep of the first in line: so soon a stop is heard.
_LONGEST_SLEEP_S = 0.5


class Slots(Protocol):
    """Places among the calls in flight."""

    def try_take(self) -> int | None:
        """A place, when one is free here and now."""
        ...

    async def take(self) -> int:
        """A place, when one is free."""
        ...

    def give(self, slot: int) -> None:
        """Gives a place back."""
        ...


class Closed(Exception):
    """A request must leave the line unsent."""

    def __init__(self, outcome: Outcome, message: str, *, name: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.name = name


class Diverted(Exception):
    """The breaker is open, and another model may answer."""


@dataclass(slots=True)
class Ticket:
    """The right to make one call."""

    slot: int
    tokens: int
    epoch: int
    part: Slice | None
    back: bool = False
    left: bool = False


class Line:
    """A lock with two queues: who waits for a further attempt goes before who comes for the first time."""

    def __init__(self) -> None:
        self._taken = False
        self._again: deque[asyncio.Future[None]] = deque()
        self._first: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> bool:
        """Nobody is in the line."""
        return not self._taken

    @property
    def waiting(self) -> int:
        """How many wait, the first in line not counted."""
        return len(self._again) + len(self._first)

    async def enter(self, *, again: bool) -> None:
        """Waits until this is the first in line."""
        if not self._taken:
            self._taken = True
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._again if again else self._first).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Lets the next one be the first."""
        for queue in (self._again, self._first):
            while queue:
                future = queue.popleft()
                if not future.done():
                    future.set_result(None)
                    return
        self._taken = False


class Gate:
    """The gate of one model. Not safe over threads: it lives on one event loop.

    Args:
        stopped: Tells why nothing may be sent for a purpose, ``None`` when it may.
        changed: Called when the breaker changed its state.
    """

    def __init__(
        self,
        model: str,
        *,
        rate: Rate,
        breaker: Breaker,
        slots: Slots,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        patience_s: float,
        stopped: Callable[[str, str], str | None],
        changed: Callable[[Gate], None],
    ) -> None:
        self.model = model
        self.rate = rate
        self.breaker = breaker
        self._slots = slots
        self._clock = clock
        self._sleep = sleep
        self._patience_s = patience_s
        self._stopped = stopped
        self._changed = changed
        self._line = Line()
        self.waited_for_rate_s = self.waited_for_breaker_s = 0.0

    @property
    def waiting(self) -> int:
        """Requests in the line."""
        return self._line.waiting

    async def enter(self, tokens: int, *, purpose: str, again: bool, divertible: bool, seen: int) -> Ticket:
        """Waits for the right to make a call.

        Args:
            again: It is a further attempt; it goes before first ones.
            divertible: Another model may answer while the breaker is open.
            seen: How often the breaker had opened when the request came: who comes in an outage waits for one probe
                at least, however long the outage is.

        Raises:
            Closed: It must not be sent: stopped by an operator, or the endpoint is out for too long.
            Diverted: The breaker is open and ``divertible``.
        """
        if self._line.free and self.breaker.state is State.CLOSED:
            now = self._clock()
            if self.rate.wait(now) <= 0.0 and self._stopped(purpose, self.model) is None:
                slot = self._slots.try_take()
                if slot is not None:
                    return Ticket(slot, tokens, self.breaker.epoch, self.rate.take(tokens, now))
        if divertible and self.breaker.state is not State.CLOSED:
            raise Diverted
        await self._line.enter(again=again)
        try:
            epoch = await self._pass_breaker(purpose, divertible, seen)
            try:
                await self._pass_rate(purpose)
                slot = self._slots.try_take()
                if slot is None:
                    slot = await self._slots.take()
            except BaseException:
                self.breaker.given_up(epoch)
                raise
            return Ticket(slot, tokens, epoch, self.rate.take(tokens, self._clock()))
        finally:
            self._line.leave()

    def returned(
        self,
        ticket: Ticket,
        *,
        limited: bool,
        failed: bool | None,
        tokens: int,
        headers: Mapping[str, str] | None,
        why: str,
    ) -> None:
        """A call is back.

        Args:
            limited: With a 429.
            failed: Whether the endpoint failed; ``None`` when that is not known (the call was given up).
            tokens: What it used, 0 when unknown.
        """
        ticket.back = True
        now = self._clock()
        self.rate.returned(ticket.part, limited=limited, now=now)
        self.rate.settle(ticket.tokens, tokens)
        if headers:
            self.rate.learn(headers, now)
        if failed is None:
            self.breaker.given_up(ticket.epoch)
            return
        changes = self.breaker.changes
        self.breaker.ended(not failed, now, epoch=ticket.epoch, why=why)
        if self.breaker.changes != changes:
            self._changed(self)

    def leave(self, ticket: Ticket) -> None:
        """The attempt stands in the ledger, costs nothing, or was given up: its slot is free, once."""
        if ticket.left:
            return
        ticket.left = True
        if not ticket.back:
            self.returned(ticket, limited=False, failed=None, tokens=0, headers=None, why="")
        self._slots.give(ticket.slot)

    async def _pass_breaker(self, purpose: str, divertible: bool, seen: int) -> int:
        while True:
            self._check(purpose)
            now = self._clock()
            changes = self.breaker.changes
            wait = self.breaker.enter(now)
            if self.breaker.changes != changes:
                self._changed(self)
            if wait is None:
                return self.breaker.epoch
            if divertible:
                raise Diverted
            since = self.breaker.out_since
            if since is not None and now - since >= self._patience_s and self.breaker.openings > seen:
                raise Closed(
                    Outcome.TRANSPORT,
                    f"The endpoint has been out for longer than {self._patience_s:g} s ({self.breaker.reason}). "
                    "What was not sent is sent by a later run.",
                    name="outage",
                )
            wait = min(wait, _LONGEST_SLEEP_S)
            await self._sleep(wait)
            self.waited_for_breaker_s += wait

    async def _pass_rate(self, purpose: str) -> None:
        while (wait := self.rate.wait(self._clock())) > 0.0:
            wait = min(wait, _LONGEST_SLEEP_S)
            await self._sleep(wait)
            self.waited_for_rate_s += wait
            self._check(purpose)

    def _check(self, purpose: str) -> None:
        reason = self._stopped(purpose, self.model)
        if reason is not None:
            raise Closed(Outcome.STOPPED, reason, name="stopped")


def summary(gates: Mapping[str, Gate], now: float) -> dict[str, Any]:
    """State of the gates: plain values for asset metadata."""
    shown: dict[str, Any] = {}
    for model, gate in gates.items():
        controller = gate.rate.controller
        pace = None if controller is None else controller.pace(now)
        shown[model] = {
            "breaker": str(gate.breaker.state),
            "breaker_reason": gate.breaker.reason,
            "waited_for_breaker_s": round(gate.waited_for_breaker_s, 1),
            "waited_for_rate_s": round(gate.waited_for_rate_s, 1),
            "pace_per_s": None if pace is None else round(pace, 1),
            "pace_lowered": 0 if controller is None else controller.cuts,
        }
    return shown
