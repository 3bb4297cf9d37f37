"""What the server does wrong, and the dice it throws.

Belongs here: the switches and the draws. Pure. Stays out: HTTP (``benchmarks.llm.server``) and bodies
(``benchmarks.llm.replies``).

Every draw is a hash of (seed, item, attempt), so each client meets the same faults in whatever order it comes.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

_NORMAL = NormalDist()
_TOP = 2**64


@dataclass(slots=True)
class Faults:
    """Switches. Shares are from 0 to 1, times in seconds.

    Attributes:
        latency_s: Of an answer: constant, the median of the lognormal one, the middle of the uniform one.
        latency: ``constant``, ``lognormal`` or ``uniform``.
        spread: Sigma of the lognormal latency; half width of the uniform one as a share of ``latency_s``.
        refused_s: How long a 429 or an outage's 503 takes: saying no is quick.
        rate_429, rate_500, hang, cut, html, truncated_json: Shares of attempts; they exclude each other.
        refusal, content_filter, length: Shares of items: the same question is refused again. ``length`` ends when the
            request allows ``needs_tokens``.
        retry_after: Value of the header on a 429; ``None`` sends none.
        ignores_schema: ``response_format`` is silently not honoured: JSON in a fence after a line of prose.
        rps: Requests a second that are let in; the rest get a 429. ``burst`` are let in at once at the beginning.
        headers: Send ``x-ratelimit-*`` with every reply while ``rps`` is set.
        outage_after_s, outage_s: From so long after the first request, for so long, nothing works.
        outage: ``503``; ``cut`` (connections are closed unanswered); ``hang`` (no answer ever).
        usage: Whether replies count tokens.
    """

    seed: int = 1
    latency_s: float = 0.0
    latency: str = "constant"
    spread: float = 0.5
    refused_s: float = 0.02
    rate_429: float = 0.0
    retry_after: str | None = None
    rate_500: float = 0.0
    hang: float = 0.0
    cut: float = 0.0
    html: float = 0.0
    truncated_json: float = 0.0
    refusal: float = 0.0
    content_filter: float = 0.0
    length: float = 0.0
    needs_tokens: int = 1000
    ignores_schema: bool = False
    rps: float | None = None
    burst: float = 1.0
    headers: bool = False
    outage_after_s: float | None = None
    outage_s: float = 0.0
    outage: str = "503"
    usage: bool = True

    def __post_init__(self) -> None:
        if self.latency not in ("constant", "lognormal", "uniform"):
            raise ValueError(f"no such latency: {self.latency}")
        if self.outage not in ("503", "cut", "hang"):
            raise ValueError(f"no such outage: {self.outage}")
        if sum(getattr(self, name) for name in PER_ATTEMPT) > 1 or sum(getattr(self, name) for name in PER_ITEM) > 1:
            raise ValueError("shares that exclude each other sum to more than 1")


PER_ATTEMPT = ("rate_429", "rate_500", "hang", "cut", "html", "truncated_json")
PER_ITEM = ("refusal", "content_filter", "length")


def draw(seed: int, item: str, attempt: int, what: str = "") -> float:
    """A number from 0 to 1 that belongs to this attempt at this item."""
    digest = hashlib.blake2b(f"{seed}/{item}/{attempt}/{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _TOP


def fate(faults: Faults, item: str, attempt: int) -> str:
    """The fault of an attempt, or an empty string."""
    return _chosen(faults, PER_ATTEMPT, draw(faults.seed, item, attempt))


def nature(faults: Faults, item: str) -> str:
    """The fault that sticks to an item, or an empty string."""
    return _chosen(faults, PER_ITEM, draw(faults.seed, item, 0))


def latency(faults: Faults, item: str, attempt: int) -> float:
    """Seconds until an attempt is answered."""
    if faults.latency == "constant" or not faults.latency_s:
        return faults.latency_s
    number = draw(faults.seed, item, attempt, "latency")
    if faults.latency == "uniform":
        return faults.latency_s * (1 + faults.spread * (2 * number - 1))
    return faults.latency_s * math.exp(faults.spread * _NORMAL.inv_cdf(min(max(number, 1e-9), 1 - 1e-9)))


def _chosen(faults: Faults, names: tuple[str, ...], number: float) -> str:
    for name in names:
        share: Any = getattr(faults, name)
        if number < share:
            return name
        number -= share
    return ""


class Bucket:
    """A server's limit of ``rps`` with room for ``burst`` seconds of it, full at the beginning."""

    def __init__(self, rps: float, burst: float) -> None:
        self.rps = rps
        self.room = max(1.0, rps * burst)
        self.level = self.room
        self._filled: float | None = None

    def take(self, now: float) -> bool:
        """Whether a request at ``now`` (monotonic seconds) is let in. One that is not costs nothing."""
        if self._filled is not None:
            self.level = min(self.room, self.level + (now - self._filled) * self.rps)
        self._filled = now
        if self.level < 1:
            return False
        self.level -= 1
        return True
