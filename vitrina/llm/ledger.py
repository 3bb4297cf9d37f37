"""The ledger: what was asked, answered and paid. Cache and resume are this same thing.

Belongs here: the port, its records, and an implementation in memory for tests and tries.
Stays out: PostgreSQL (``vitrina.llm.ledger_postgres``), the table (``vitrina.llm.models``).
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Protocol

from vitrina.llm.outcomes import Outcome, Usage


def attempt_id() -> uuid.UUID:
    """A UUID of version 7: it grows with time, so the primary key's index is written at its end.

    No secret, so its bits are no system call; a forked process has bits of its own.
    """
    stamp = time.time_ns() // 1_000_000
    value = (stamp & (2**48 - 1)) << 80 | 7 << 76 | random.getrandbits(76)
    return uuid.UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


@dataclass(slots=True)
class Attempt:
    """One row. Bodies are plain here; a store compresses them. See :class:`vitrina.llm.models.LlmAttempt`."""

    key: str
    model: str
    status: Outcome
    created_at: datetime
    attempt: int = 1
    kind: str = "chat"
    purpose: str = ""
    item_id: str = ""
    endpoint: str = ""
    provider: str = ""
    answered: bool = False
    ended: bool = False
    error_class: str = ""
    error: str = ""
    http_status: int | None = None
    request_id: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = None
    price_source: str = ""
    latency_ms: int = 0
    run_id: str = ""
    drop_key: str = ""
    request_body: bytes | None = None
    reply_body: bytes | None = None
    content: str | None = None
    batch_id: str = ""
    holder: str = ""
    first_key: str | None = None
    id: uuid.UUID = field(default_factory=attempt_id)


@dataclass(slots=True, frozen=True)
class StoredReply:
    """An answer that stands in the ledger."""

    key: str
    status: Outcome
    model: str
    usage: Usage
    cost_usd: Decimal | None
    latency_ms: int
    content: str | None
    reply_body: bytes | None
    error: str = ""
    error_class: str = ""


@dataclass(slots=True, frozen=True)
class Spend:
    """What was paid: the sum of known costs in USD, and how many attempts have an unknown one."""

    usd: Decimal
    unknown: int
    attempts: int


class Ledger(Protocol):
    """A store of attempts. Methods block; the engine calls them from one thread of their own."""

    def lookup(self, keys: Sequence[str]) -> Mapping[str, StoredReply]:
        """The newest answer of each key that has one."""
        ...

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Writes rows; they are committed when this returns. The same rows again change nothing.

        Raises:
            LedgerError: They are not committed.
        """
        ...

    def spent(self, purpose: str | None = None, since: datetime | None = None, *, run_id: str | None = None) -> Spend:
        """What attempts cost that match all given conditions."""
        ...

    def recent_answers(self) -> Sequence[tuple[str, str, int]]:
        """Purpose, model and tokens of the newest chat answers of each purpose, oldest first; none that we guessed."""
        ...

    def close(self) -> None:
        """Gives connections back."""
        ...


class MemoryLedger:
    """Keeps attempts in a list. For tests and for trying a prompt: nothing outlives the process."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self._ids: set[uuid.UUID] = set()
        self._answers: dict[str, Attempt] = {}
        self._lock = Lock()

    def lookup(self, keys: Sequence[str]) -> Mapping[str, StoredReply]:
        with self._lock:
            return {key: _stored(self._answers[key]) for key in keys if key in self._answers}

    def record(self, attempts: Sequence[Attempt]) -> None:
        with self._lock:
            for attempt in attempts:
                if attempt.id in self._ids:
                    continue
                self._ids.add(attempt.id)
                self.attempts.append(attempt)
                if attempt.answered:
                    self._answers[attempt.key] = attempt

    def spent(self, purpose: str | None = None, since: datetime | None = None, *, run_id: str | None = None) -> Spend:
        rows = [
            row
            for row in self.attempts
            if (purpose is None or row.purpose == purpose)
            and (since is None or row.created_at >= since)
            and (run_id is None or row.run_id == run_id)
        ]
        known = [row.cost_usd for row in rows if row.cost_usd is not None]
        return Spend(sum(known, Decimal(0)), len(rows) - len(known), len(rows))

    def recent_answers(self) -> Sequence[tuple[str, str, int]]:
        return [
            (row.purpose, row.model, row.usage.completion)
            for row in self.attempts
            if row.answered and row.kind == "chat" and row.usage.completion and not row.usage.estimated
        ]

    def close(self) -> None:
        """Nothing to give back."""


def _stored(row: Attempt) -> StoredReply:
    return StoredReply(
        row.key,
        row.status,
        row.model,
        row.usage,
        row.cost_usd,
        row.latency_ms,
        row.content,
        row.reply_body,
        row.error,
        row.error_class,
    )
