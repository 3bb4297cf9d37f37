"""Figures of one gateway, for asset metadata and progress.

Belongs here: counting. Stays out: where figures are shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any

from vitrina.llm.ledger import Attempt
from vitrina.llm.outcomes import Outcome, Usage

#: Latencies kept for the percentiles; beyond it every second one is dropped and half of what follows is kept.
_SAMPLES = 20_000


@dataclass(slots=True)
class Stats:
    """Counts of attempts and results; safe to read while the gateway works."""

    calls: int = 0
    cache_hits: int = 0
    unknown_cost_calls: int = 0
    estimated_token_calls: int = 0
    cost_usd: Decimal = Decimal(0)
    usage: Usage = field(default_factory=Usage)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    attempts: Counter[Outcome] = field(default_factory=Counter)
    _latencies: list[int] = field(default_factory=list)
    _stride: int = 1
    _lock: Lock = field(default_factory=Lock)

    def attempt(self, row: Attempt) -> None:
        """Counts an attempt that was sent."""
        with self._lock:
            self.calls += 1
            self.attempts[row.status] += 1
            self.usage = self.usage + row.usage
            self.estimated_token_calls += row.usage.estimated
            if row.cost_usd is None:
                self.unknown_cost_calls += 1
            else:
                self.cost_usd += row.cost_usd
            if row.status is Outcome.OK and self.calls % self._stride == 0:
                self._latencies.append(row.latency_ms)
                if len(self._latencies) >= _SAMPLES:
                    self._latencies, self._stride = self._latencies[::2], self._stride * 2

    def result(self, outcome: Outcome, *, cached: bool) -> None:
        """Counts a request that ended."""
        with self._lock:
            self.outcomes[outcome] += 1
            self.cache_hits += cached

    def summary(self) -> dict[str, Any]:
        """Plain values. ``cost_usd`` is the sum of known costs, ``None`` when nothing but unknown ones was paid."""
        with self._lock:
            ordered = sorted(self._latencies)
            only_unknown = self.unknown_cost_calls > 0 and self.cost_usd == 0
            return {
                "requests": sum(self.outcomes.values()),
                "calls": self.calls,
                "cache_hits": self.cache_hits,
                "prompt_tokens": self.usage.prompt,
                "completion_tokens": self.usage.completion,
                "cached_tokens": self.usage.cached,
                "cache_write_tokens": self.usage.cache_write,
                "reasoning_tokens": self.usage.reasoning,
                "estimated_token_calls": self.estimated_token_calls,
                "cost_usd": None if only_unknown else self.cost_usd,
                "unknown_cost_calls": self.unknown_cost_calls,
                "latency_p50_ms": _percentile(ordered, 0.5),
                "latency_p95_ms": _percentile(ordered, 0.95),
                "by_outcome": {str(key): count for key, count in sorted(self.outcomes.items())},
                "attempts_by_outcome": {str(key): count for key, count in sorted(self.attempts.items())},
            }


def _percentile(ordered: list[int], share: float) -> int | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
