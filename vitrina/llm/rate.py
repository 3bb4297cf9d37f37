"""When the next call may leave: fixed rates, what headers tell, and the measured pace.

Belongs here: pure objects over times that the caller passes in. Stays out: waiting (``vitrina.llm.controls``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vitrina.llm.cohorts import CohortController, Slice

#: A quiet endpoint may be asked for so many seconds' worth at once, and no more: a whole minute's worth in one instant
#: is what providers that watch the slope refuse.
_BURST_S = 0.1
_TOKEN_BURST_S = 3.0
#: A clump after a lowered pace would be refused and lower it again.
_PACE_BURST_S = 0.04
#: Tokens set aside for the answer of a request without a limit of its own, until calls came back.
_ANSWER_GUESS = 1_000
#: A header's word is believed so long.
_HEADER_S = 10.0
_LONGEST_RESET_S = 3600.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Spread:
    """Lets units through at an even rate (GCRA: the time is kept at which the rate has caught up)."""

    __slots__ = ("_at", "_burst_s", "per_s")

    def __init__(self, per_s: float, *, burst_s: float = _BURST_S) -> None:
        self.per_s = per_s
        self._burst_s = burst_s
        self._at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until something may leave; 0 for now. A call larger than the burst leaves, and the next ones pay."""
        return max(0.0, self._at - self._burst_s - now)

    def take(self, units: float, now: float) -> None:
        """Books units that leave now."""
        self._at = max(self._at, now) + units / self.per_s

    def settle(self, booked: float, actual: float) -> None:
        """Corrects a booking; what came out cheaper is given back."""
        self._at += (actual - booked) / self.per_s


class Ceiling:
    """A rate that the server's headers tell, for a short while. Only lowers, never raises."""

    __slots__ = ("_spread", "_until")

    def __init__(self, burst_s: float) -> None:
        self._spread = Spread(1.0, burst_s=burst_s)
        self._until = 0.0

    def wait(self, now: float) -> float:
        """Seconds until something may leave."""
        return self._spread.wait(now) if now < self._until else 0.0

    def take(self, units: float, now: float) -> None:
        """Books units that leave now."""
        if now < self._until:
            self._spread.take(units, now)

    def learn(self, per_s: float | None, now: float) -> None:
        """A reply told a rate."""
        if per_s is not None:
            self._spread.per_s, self._until = per_s, now + _HEADER_S


class Rate:
    """All that bounds the rate of one model at one endpoint.

    Args:
        rpm, tpm: Requests and tokens a minute, ``None`` for not fixed.
        measured: Whether 429s are watched; not for the embedded service.
    """

    def __init__(self, now: float, *, rpm: float | None, tpm: float | None, measured: bool = True) -> None:
        self._requests = Spread(rpm / 60.0) if rpm else None
        self._tokens = Spread(tpm / 60.0, burst_s=_TOKEN_BURST_S) if tpm else None
        self._told_requests, self._told_tokens = Ceiling(_BURST_S), Ceiling(_TOKEN_BURST_S)
        self.controller = CohortController(now) if measured else None
        self._pace = Spread(1.0, burst_s=_PACE_BURST_S)
        self._bound = False
        self._usual = 0.0

    @property
    def counts_tokens(self) -> bool:
        """Whether an estimate of tokens is of use."""
        return self._tokens is not None or self._told_tokens._until > 0

    @property
    def paced(self) -> bool:
        """Whether the server was found to have a limit."""
        return self.controller is not None and self.controller.lowered

    def wait(self, now: float) -> float:
        """Seconds until the next call may leave; 0 for now."""
        wait = max(self._told_requests.wait(now), self._told_tokens.wait(now))
        if self._requests is not None:
            wait = max(wait, self._requests.wait(now))
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(now))
        if self.controller is not None and (pace := self.controller.pace(now)) is not None:
            self._pace.per_s = pace
            if (paced := self._pace.wait(now)) > 0:
                self._bound = True
                wait = max(wait, paced)
        return wait

    def take(self, tokens: int, now: float) -> Slice | None:
        """A call with so many tokens (an estimate) leaves now."""
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)
        self._told_requests.take(1, now)
        self._told_tokens.take(tokens, now)
        if self.controller is None:
            return None
        if self.controller.pace(now) is not None:
            self._pace.take(1, now)
        bound, self._bound = self._bound, False
        return self.controller.sent(now, bound=bound)

    def returned(self, part: Slice | None, *, limited: bool, now: float) -> None:
        """A call is back; ``limited``: with a 429."""
        if part is not None and self.controller is not None:
            self.controller.returned(part, limited, now)

    def estimate(self, prompt: int, limit: int | None) -> int:
        """Tokens to set aside for a call: a fifth more than calls mostly took, at most what it may take."""
        most = prompt + (limit or _ANSWER_GUESS)
        return min(most, max(prompt, int(1.2 * self._usual))) if self._usual else most

    def settle(self, tokens: int, actual: int) -> None:
        """What the call did use; 0 for unknown."""
        if actual <= 0:
            return
        self._usual = actual if not self._usual else self._usual + 0.05 * (actual - self._usual)
        if self._tokens is not None:
            self._tokens.settle(tokens, actual)

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """What a reply's headers tell."""
        if "x-ratelimit-limit-requests" in headers:
            self._told_requests.learn(told_rate(headers, "requests"), now)
        if "x-ratelimit-limit-tokens" in headers:
            self._told_tokens.learn(told_rate(headers, "tokens"), now)


def told_rate(headers: Mapping[str, str], what: str) -> float | None:
    """The rate a second that ``x-ratelimit-{limit,remaining,reset}-{what}`` allow; ``None`` when they make no sense.

    Servers mean two things by them: a window (``remaining`` until ``reset``), or a bucket that is full again at
    ``reset``. The rate is what either meaning allows, so that a bucket that is nearly empty is not taken for a window
    that has nearly no calls left. Azure sends ``-1`` and ``0``, others a number without a unit, or nothing.
    """
    limit = _number(headers.get(f"x-ratelimit-limit-{what}"))
    remaining = _number(headers.get(f"x-ratelimit-remaining-{what}"))
    reset = _seconds(headers.get(f"x-ratelimit-reset-{what}"))
    if limit is None or remaining is None or reset is None:
        return None
    if limit < 1 or not 0 <= remaining <= limit or not 0 < reset <= _LONGEST_RESET_S:
        return None
    return max(remaining, limit - remaining) / reset


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e12 else None


def _seconds(text: str | None) -> float | None:
    """``1s``, ``6m0s``, ``20ms``, ``59.7``."""
    text = (text or "").strip()
    if (plain := _number(text)) is not None:
        return plain
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
