"""The money a run may spend.

Belongs here: reserve before a call, settle after it. Stays out: prices, and what becomes of requests that are refused.
"""

from __future__ import annotations

from decimal import Decimal
from threading import Lock

_ZERO = Decimal(0)


class Budget:
    """A limit in USD over one run. Safe to use from several threads.

    Args:
        limit: ``None`` for no limit.
        spent: What the run spent before this object was made.
        allow_unknown_prices: Let calls through whose price nobody knows; they count as zero.
    """

    def __init__(
        self, limit: Decimal | None = None, *, spent: Decimal = _ZERO, allow_unknown_prices: bool = False
    ) -> None:
        self.limit = limit
        self.spent = spent
        self.reserved = _ZERO
        self.allow_unknown_prices = allow_unknown_prices
        self._lock = Lock()

    def reserve(self, estimate: Decimal | None) -> str | None:
        """Sets an amount aside; ``None`` on success, else the reason in a sentence."""
        if self.limit is None:
            return None
        if estimate is None:
            if self.allow_unknown_prices:
                return None
            return (
                "The price of this model is unknown, and the run has a budget. "
                "Add the model to the price overrides, or allow unknown prices."
            )
        with self._lock:
            if self.spent + self.reserved + estimate > self.limit:
                return (
                    f"The run's budget of {self.limit} USD is used up ({self.spent} spent, {self.reserved} in flight). "
                    "What was not sent is sent by a later run."
                )
            self.reserved += estimate
        return None

    def settle(self, estimate: Decimal | None, actual: Decimal | None) -> None:
        """Gives a reservation back and books what the call did cost; an unknown cost is booked at its estimate."""
        if self.limit is None:
            return
        with self._lock:
            self.reserved -= estimate or _ZERO
            self.spent += actual if actual is not None else (estimate or _ZERO)
