"""The money that may be spent: by a run, on a day, for a purpose, or under a name that a pipeline chose.

Belongs here: set aside before a call, settle after it. Stays out: prices, what becomes of requests that are refused,
and how processes share a limit (``vitrina.llm.purses``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Protocol

_ZERO = Decimal(0)
_UNKNOWN_PRICE = (
    "The price of this model is unknown, and there is a budget. "
    "Add the model to the price overrides, or allow unknown prices."
)
#: A refusal stands so long before it is looked again whether somebody gave money back.
_REFUSED_S = 2.0


@dataclass(slots=True)
class Purse:
    """A named limit in the hands of one process.

    Attributes:
        granted: What this process may spend in all; grows by blocks where the limit is shared.
        spent, reserved: What calls did cost since the process began, and what calls in flight may cost.
        earlier: What was spent before, or by others, as far as it is known here; for messages.
        booked: What of ``spent`` the other processes were told of.
        dry_at, refused_at: When there was last no block to be had, and when a call was last refused.
    """

    name: str
    limit: Decimal
    purpose: str | None = None
    until: float | None = None
    granted: Decimal = _ZERO
    spent: Decimal = _ZERO
    reserved: Decimal = _ZERO
    earlier: Decimal = _ZERO
    booked: Decimal = _ZERO
    dry_at: float = -1e9
    refused_at: float = -1e9

    @property
    def room(self) -> Decimal:
        """What may yet be set aside."""
        return self.granted - self.spent - self.reserved


class Till(Protocol):
    """Where blocks of a shared limit come from. ``holder`` names this process there."""

    holder: str

    async def grant(self, purse: Purse, need: Decimal) -> Decimal:
        """A block of at least ``need``; 0 when the limit does not allow it."""
        ...

    def grant_now(self, purse: Purse, need: Decimal) -> Decimal:
        """The same, blocking."""
        ...

    def handed_over(self, amounts: Mapping[str, Decimal]) -> None:
        """Parts of the blocks that are no longer this process's."""
        ...


@dataclass(slots=True, frozen=True)
class Hold:
    """Money set aside for one call."""

    amount: Decimal
    purses: tuple[Purse, ...] = field(repr=False, default=())


#: Where nothing is limited.
NOTHING = Hold(_ZERO)


class Budget:
    """Limits in USD. Calls come from one event loop; figures may be read in any thread.

    Args:
        limit: Of the run, ``None`` for none.
        spent: What the run spent before this object was made.
        allow_unknown_prices: Let calls through whose price nobody knows; they count as zero.
        purses: Further limits.
        renew: Makes the purses of the next day when those of a day have ended.
        till: Where purses get their blocks from; without it they must be filled.
    """

    def __init__(
        self,
        limit: Decimal | None = None,
        *,
        spent: Decimal = _ZERO,
        allow_unknown_prices: bool = False,
        purses: Iterable[Purse] = (),
        renew: Callable[[Purse], Purse] | None = None,
        till: Till | None = None,
    ) -> None:
        own = () if limit is None else (Purse("run", limit, granted=limit - spent, earlier=spent),)
        self.purses: list[Purse] = [*own, *purses]
        self.allow_unknown_prices = allow_unknown_prices
        self._renew = renew
        self._till = till
        self._ends = min((purse.until for purse in self.purses if purse.until is not None), default=None)
        self._by_purpose: dict[str, tuple[Purse, ...]] = {}
        self._lock = Lock()
        self._settled: asyncio.Event | None = None
        self._granting: asyncio.Lock | None = None
        #: Purses of days that are over, whose calls may still settle.
        self.ended: list[Purse] = []

    @property
    def limit(self) -> Decimal | None:
        """The first limit, ``None`` where there is none at all."""
        return self.purses[0].limit if self.purses else None

    @property
    def spent(self) -> Decimal:
        """What was spent under the first limit, earlier spending included; 0 without a limit."""
        return self.purses[0].earlier + self.purses[0].spent if self.purses else _ZERO

    def limited(self, purpose: str) -> bool:
        """Whether calls for this purpose are limited, so that an estimate is of use."""
        return bool(self.purses) and bool(self._of(purpose))

    def closed(self, purpose: str) -> str | None:
        """Why nothing can be set aside for this purpose just now, from the last refusal; ``None`` when it may."""
        if not self.purses:
            return None
        now = time.monotonic()
        for purse in self._of(purpose):
            if now - purse.refused_at < _REFUSED_S:
                return told(purse)
        return None

    async def hold(self, estimate: Decimal | None, purpose: str = "") -> Hold | str:
        """Sets an amount aside under every limit that concerns the purpose, or says in a sentence why not.

        Calls in flight mostly cost less than was set aside for them, so it is only refused when none is in flight.
        """
        purses = self._of(purpose) if self.purses else ()
        if not purses:
            return NOTHING
        if estimate is None:
            return NOTHING if self.allow_unknown_prices else _UNKNOWN_PRICE
        while True:
            short = self._take(purses, estimate)
            if short is None:
                return Hold(estimate, purses)
            if await self._granted(short, estimate):
                continue
            short = self._take(purses, estimate)  # a call may have settled meanwhile
            if short is None:
                return Hold(estimate, purses)
            if short.reserved <= 0:
                short.refused_at = time.monotonic()
                return told(short)
            await self._next_settled()

    def reserve(self, estimate: Decimal | None, purpose: str = "") -> Hold | str:
        """As :meth:`hold`, for callers outside the event loop. It waits for no call in flight."""
        purses = self._of(purpose) if self.purses else ()
        if not purses:
            return NOTHING
        if estimate is None:
            return NOTHING if self.allow_unknown_prices else _UNKNOWN_PRICE
        while (short := self._take(purses, estimate)) is not None:
            need = estimate - max(_ZERO, short.room)
            amount = _ZERO if self._till is None else self._till.grant_now(short, need)
            if amount <= 0:
                return told(short)
            with self._lock:
                short.granted += amount
        return Hold(estimate, purses)

    @property
    def holder(self) -> str:
        """Who holds this process's blocks of shared limits; empty where none is shared."""
        return "" if self._till is None else self._till.holder

    def hand_over(self, hold: Hold) -> None:
        """A reservation leaves this process's hands: others have taken its part of the blocks, and will settle it."""
        with self._lock:
            for purse in hold.purses:
                purse.reserved -= hold.amount
                purse.granted -= hold.amount
        if self._till is not None:
            self._till.handed_over({purse.name: hold.amount for purse in hold.purses})

    def release(self, hold: Hold, actual: Decimal | None) -> None:
        """Gives a reservation back and books what the call did cost; an unknown cost is booked at its estimate."""
        if not hold.purses:
            return
        with self._lock:
            for purse in hold.purses:
                purse.reserved -= hold.amount
                purse.spent += hold.amount if actual is None else actual
        if self._settled is not None:
            self._settled.set()

    def summary(self) -> Mapping[str, Mapping[str, str]]:
        """Limit and spending by this process of each purse, as text: plain values for asset metadata."""
        return {purse.name: {"limit_usd": str(purse.limit), "spent_usd": str(purse.spent)} for purse in self.purses}

    def unbooked(self) -> Sequence[tuple[Purse, Decimal]]:
        """Spending that is not yet told to the other processes; marks it as told."""
        with self._lock:
            found = [(purse, purse.spent - purse.booked) for purse in (*self.ended, *self.purses)]
            for purse, _ in found:
                purse.booked = purse.spent
            self.ended = [purse for purse in self.ended if purse.reserved > 0]
        return [(purse, amount) for purse, amount in found if amount]

    def void(self, name: str) -> None:
        """The block of this purse is no longer this process's: nothing more is taken from it."""
        with self._lock:
            for purse in self.purses:
                if purse.name == name:
                    purse.granted = purse.spent + purse.reserved

    def _take(self, purses: tuple[Purse, ...], estimate: Decimal) -> Purse | None:
        """Takes from all or from none; returns the purse that has not enough."""
        with self._lock:
            for purse in purses:
                if purse.room < estimate:
                    return purse
            for purse in purses:
                purse.reserved += estimate
        return None

    async def _granted(self, purse: Purse, estimate: Decimal) -> bool:
        if self._till is None:
            return False
        self._granting = self._granting or asyncio.Lock()
        async with self._granting:
            if purse.room >= estimate:
                return True  # somebody else asked meanwhile
            if time.monotonic() - purse.dry_at < _REFUSED_S:
                return False
            amount = await self._till.grant(purse, estimate - max(_ZERO, purse.room))
            with self._lock:
                purse.granted += amount
            if amount <= 0:
                purse.dry_at = time.monotonic()
            return amount > 0

    async def _next_settled(self) -> None:
        self._settled = self._settled or asyncio.Event()
        self._settled.clear()
        await self._settled.wait()

    def _of(self, purpose: str) -> tuple[Purse, ...]:
        if self._ends is not None and time.time() >= self._ends:
            self._next_day()
        found = self._by_purpose.get(purpose)
        if found is None:
            found = tuple(purse for purse in self.purses if purse.purpose in (None, purpose))
            self._by_purpose[purpose] = found
        return found

    def _next_day(self) -> None:
        now = time.time()
        with self._lock:
            for index, purse in enumerate(self.purses):
                if purse.until is not None and purse.until <= now and self._renew is not None:
                    self.ended.append(purse)
                    self.purses[index] = self._renew(purse)
            self._by_purpose.clear()
            self._ends = min((p.until for p in self.purses if p.until is not None and p.until > now), default=None)


def told(purse: Purse) -> str:
    """Why nothing more is sent, for a person."""
    kind = purse.name.split(":", 1)[0]
    whose = {"run": "run's", "day": "day's", "purpose": f"day's {purse.purpose}"}.get(kind, f"{purse.name!r}")
    return (
        f"The {whose} budget of {purse.limit} USD is used up ({purse.earlier + purse.spent} spent of it, as far as "
        "this run knows). What was not sent is sent by a later run."
    )


def day_ends(now: float) -> tuple[str, float]:
    """The UTC day of a time as ``2026-01-31``, and when it ends, both of and in seconds since 1970."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.date().isoformat(), (day + timedelta(days=1)).timestamp()
