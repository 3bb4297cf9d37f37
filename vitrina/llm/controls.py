"""What stands between a request and the wire: one object for a gateway, a gate for each of its models.

Belongs here: making gates, stop flags, what the breakers say to people. Stays out: the single mechanisms, and money
(``vitrina.llm.budget``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Container, Mapping
from typing import Any

from vitrina.llm import board
from vitrina.llm.breaker import Breaker, State
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gate import Gate, Slots, summary
from vitrina.llm.local_slots import LocalSlots
from vitrina.llm.rate import Rate

log = logging.getLogger(__name__)


class Controls:
    """Gates of one gateway, on its event loop.

    Args:
        slots: Places among the calls in flight; the default counts this gateway's alone.
        tell: Hears of every breaker that this gateway changed, and in how many seconds its next probe goes out.
        clock, sleep: Seconds and waiting; tests pass their own.
    """

    def __init__(
        self,
        config: GatewayConfig,
        *,
        slots: Slots | None = None,
        tell: Callable[[Gate, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.config = config
        self.clock = clock
        #: Names this process in ledger rows, for the settling of budgets after a kill.
        self.holder = ""
        self._slots = slots or LocalSlots(config.concurrency)
        self._sleep = sleep
        self._tell = tell
        self._scopes = (f"endpoint:{config.endpoint}", f"run:{config.run_id}")
        self.gates: dict[str, Gate] = {}
        #: Models whose breaker is known to be open: told once, not at each probe.
        self._out: set[str] = set()
        #: What an operator stopped: scope to reason.
        self.stops: Mapping[str, str] = {}

    def gate(self, model: str) -> Gate:
        """The gate of a model."""
        gate = self.gates.get(model)
        if gate is None:
            config = self.config
            gate = self.gates[model] = Gate(
                model,
                rate=Rate(self.clock(), rpm=config.rpm, tpm=config.tpm, measured=not config.embedded),
                breaker=Breaker(config.breaker),
                slots=self._slots,
                clock=self.clock,
                sleep=self._sleep,
                patience_s=config.retry.outage_patience_s,
                stopped=self.stopped,
                changed=self._changed,
            )
        return gate

    def stopped(self, purpose: str, model: str) -> str | None:
        """Why nothing may be sent; ``None`` when it may."""
        if not self.stops:
            return None
        for scope in ("", f"purpose:{purpose}", f"model:{model}", *self._scopes):
            if scope in self.stops:
                return f"Stopped by an operator: {self.stops[scope] or 'no reason given'}. A later run goes on."
        return None

    def fallback(self, model: str, dead: Container[str] = ()) -> str | None:
        """The model that answers in place of this one while its breaker is open; never one of the ``dead``."""
        other = self.config.fallback_model
        if not other or other == model or other in dead or self.gate(other).breaker.state is State.OPEN:
            return None
        return other

    @property
    def waiting(self) -> str:
        """Why the run stands still, in a sentence for a person; empty when it does not."""
        now = self.clock()
        for gate in self.gates.values():
            if gate.breaker.state is not State.CLOSED and gate.waiting:
                wait = max(0.0, gate.breaker.probe_at - now)
                return (
                    f"The breaker of {gate.model} is {gate.breaker.state} ({gate.breaker.reason}); {gate.waiting + 1} "
                    f"requests wait, the next probe goes out in {wait:.0f} s."
                )
        return ""

    def summary(self) -> dict[str, Any]:
        """State of the controls: plain values for asset metadata."""
        return {"models": summary(self.gates, self.clock()), "stopped": dict(self.stops), "waiting": self.waiting}

    def hear_stops(self, stops: Mapping[str, str]) -> None:
        """What an operator stopped, or no longer: scope to reason."""
        self.stops = stops
        if stops:
            log.warning("Stopped by an operator: %s.", ", ".join(scope or "everything" for scope in stops))

    def hear(self, model: str, state: State, wait_s: float, reason: str) -> None:
        """What another process found out about a model."""
        breaker = self.gate(model).breaker
        if breaker.state is not state or state is not State.CLOSED:
            breaker.adopt(state, wait_s=max(0.0, wait_s), now=self.clock(), reason=reason)
            self._log(self.gates[model])

    @staticmethod
    def stop(dsn: str, scope: str = "", *, reason: str = "", by: str = "") -> None:
        """See :func:`vitrina.llm.board.stop`."""
        board.stop(dsn, scope, reason=reason, by=by)

    def _changed(self, gate: Gate) -> None:
        self._log(gate)
        if self._tell is not None:
            self._tell(gate, max(0.0, gate.breaker.probe_at - self.clock()))

    def _log(self, gate: Gate) -> None:
        breaker = gate.breaker
        if breaker.state is State.OPEN and gate.model not in self._out:
            self._out.add(gate.model)
            wait = max(0.0, breaker.probe_at - self.clock())
            log.warning(
                "The breaker of %s at %s is open (%s): nothing is sent, a probe goes out in %.0f s.",
                gate.model, self.config.endpoint, breaker.reason, wait,
            )  # fmt: skip
        elif breaker.state is State.CLOSED and gate.model in self._out:
            self._out.discard(gate.model)
            log.warning("The breaker of %s at %s is closed: requests go on.", gate.model, self.config.endpoint)
