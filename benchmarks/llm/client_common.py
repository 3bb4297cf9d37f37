"""What all measured clients do alike: the questions, the judgement of answers, the talk with the driver.

Belongs here: the standard library only, since peers run in environments of their own. A client imports, connects,
makes one call, says ``ready``, waits for ``go``, answers all questions and prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MODEL = "gpt-4o-mini"
#: 1.4 thousand characters: a small product.
_PROMPT = "Опиши товар для витрины: состав, размер, уход. " * 30
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "text": {"type": "string"}},
    "required": ["item", "text"],
    "additionalProperties": False,
}
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
WARM = "warm"
#: The driver's line, also where a library takes ``sys.stdout`` for its own display.
_DRIVER = sys.stdout


@dataclass(frozen=True)
class Task:
    """One measurement of one client; comes as JSON in the first argument.

    Attributes:
        how: What the client makes of it (``memory``, ``aiohttp``, …).
        rpm: Limit of requests a minute that the client is told, if any.
    """

    base_url: str
    calls: int
    concurrency: int
    how: str = ""
    retries: int = 6
    rpm: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def items(self) -> list[str]:
        return [f"i{number}" for number in range(self.calls)]


def task() -> Task:
    """The task in the command line."""
    return Task(**json.loads(sys.argv[1]))


def prompt(item: str) -> str:
    """The question about one item."""
    return f"item:{item} {_PROMPT}"


def right(item: str, text: str | None) -> bool:
    """Whether an answer is JSON and about its item."""
    try:
        data = json.loads(text or "")
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("item") == item


@dataclass
class Tally:
    """What came of each item: how many results, and how they ended."""

    results: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    right: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, item: str, outcome: str, good: bool) -> None:
        self.results[item] += 1
        self.outcomes[outcome] += 1
        self.right += good

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Waits for the driver's word, then takes wall time and this process's CPU time."""
        _DRIVER.write("ready\n")
        _DRIVER.flush()
        sys.stdin.readline()
        began, cpu = time.monotonic(), _cpu()
        yield
        self.wall_s, self.cpu_s = time.monotonic() - began, _cpu() - cpu

    def report(self, asked: int, **more: Any) -> None:
        """Prints the JSON object."""
        told = {
            "results": len(self.results),
            "result_twice": sum(self.results.values()) - len(self.results),
            "without_end": asked - len(self.results),
            "right": self.right,
            "outcomes": dict(self.outcomes),
            "wall_s": round(self.wall_s, 3),
            "cpu_ms_per_call": round(self.cpu_s / max(asked, 1) * 1000, 4),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            **more,
        }
        _DRIVER.write(json.dumps(told, default=str) + "\n")
        _DRIVER.flush()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
