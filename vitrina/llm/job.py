"""A request in the form that the loop of attempts needs, and how it ended.

Belongs here: these two records. Stays out: making jobs (``vitrina.llm.jobs``), running them (``vitrina.llm.attempts``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vitrina.llm.outcomes import Outcome, Usage
from vitrina.llm.structured import Checked
from vitrina.llm.transport import Reply
from vitrina.llm.wire import Reading


@dataclass(slots=True, frozen=True)
class Job:
    """A request in the form that the loop needs, chat or embeddings.

    Attributes:
        reroute: Told of every reading that is no answer; ``True`` when the body was changed for what the server
            refuses, and the next attempt follows at once.
        kept_body: The body as the ledger keeps it, from the bytes that were sent.
        divertible: The caller can ask another model while this one's breaker is open.
        first_key: Key of the request that this one asks once more, when it does.
    """

    key: str
    kind: str
    path: str
    model: str
    purpose: str
    item_id: str
    drop_key: str
    limit: int | None
    body: Callable[[int | None], dict[str, Any]]
    read: Callable[[Reply], Reading]
    prompt_tokens: Callable[[], int]
    check: Callable[[Reading], Checked | None] = lambda _: None
    keep: bool = True
    reroute: Callable[[Reading], bool] | None = None
    kept_body: Callable[[bytes], bytes] | None = None
    divertible: bool = False
    first_key: str | None = None


@dataclass(slots=True)
class Ended:
    """How a job ended, with sums over its attempts. ``diverted``: it did not; another model is to be asked."""

    outcome: Outcome
    reading: Reading
    checked: Checked | None = None
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = Decimal(0)
    attempts: int = 0
    latency_ms: int = 0
    diverted: bool = False
