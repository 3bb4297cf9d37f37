"""How a request can end, and what the caller gets.

Belongs here: the classes of outcome, the result record, the errors of the gateway.
Stays out: how a reply is judged (``vitrina.llm.wire``) and what is done about it (``vitrina.llm.engine``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vitrina.errors import PermanentError, RetryableError

if TYPE_CHECKING:
    from vitrina.llm.messages import ChatRequest


class Outcome(StrEnum):
    """How an attempt, and at the end a request, turned out."""

    OK = "ok"
    TRANSPORT = "transport"  # no connection, a cut, a deadline: tried again
    RATE_LIMIT = "rate_limit"  # 429: tried again inside a wall-clock budget, never uses up attempts
    SERVER = "server"  # 5xx and the like: tried again
    INVALID = "invalid"  # a reply that is no answer, or an answer that breaks its contract
    TRUNCATED = "truncated"  # cut at the token limit: tried again with more room
    REFUSAL = "refusal"  # the model declined: final
    FILTERED = "filtered"  # a content filter stopped it: final
    BUDGET = "budget"  # not sent: the money is used up, or the price is unknown
    STOPPED = "stopped"  # not sent: an operator stopped the work
    PERMANENT = "permanent"  # trying again without a change gives the same (bad key, unknown model, bad request)
    NOT_IN_LEDGER = "not_in_ledger"  # replay mode: never answered, and nothing is sent
    PENDING = "pending"  # in a provider's batch that has not ended: a later run takes the answer


#: Ends that are no word on the request: a later run may get its answer, so nobody keeps one of them as final.
#: ``PERMANENT`` is not among them: nothing changes until somebody does.
UNFINISHED = frozenset(
    {
        Outcome.TRANSPORT,
        Outcome.RATE_LIMIT,
        Outcome.SERVER,
        Outcome.BUDGET,
        Outcome.STOPPED,
        Outcome.NOT_IN_LEDGER,
        Outcome.PENDING,
    }
)


class GatewayConfigError(PermanentError):
    """The gateway cannot work with these settings."""


class LedgerError(RetryableError):
    """The ledger could not be read or written; no answer is handed out that does not stand in it."""


@dataclass(slots=True, frozen=True)
class Usage:
    """Tokens of one call. ``estimated`` says that the server sent none and these are our guess.

    ``cached`` (read from the provider's prompt cache) and ``cache_write`` (written into it, which some charge more for)
    are parts of ``prompt``; ``reasoning`` is a part of ``completion``.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    estimated: bool = False
    cache_write: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
            self.estimated or other.estimated,
            self.cache_write + other.cache_write,
        )


@dataclass(slots=True)
class ChatResult:
    """How one request ended. Never an exception: ``outcome`` says what happened, ``error`` says it to a person.

    Attributes:
        text: The answer's text; present also when it breaks its contract, ``None`` when none came.
        parsed: What the validation made of it; ``None`` without a schema or when it failed.
        usage, cost_usd: Sums over all attempts of the request, repair included. A cost of ``None`` is unknown,
            which is not zero. For an answer from the ledger: what that answer once cost.
        cached: It came from the ledger, or from a twin in flight: nothing was paid now.
        repaired: The JSON was mended, or a second call with the validation errors gave it.
        attempts: Attempts that were sent now, 0 for an answer from the ledger.
        problems: Why the validation failed, one sentence each.
    """

    request: ChatRequest
    outcome: Outcome
    key: str = ""
    text: str | None = None
    parsed: Any = None
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = Decimal(0)
    cached: bool = False
    repaired: bool = False
    attempts: int = 0
    model: str = ""
    finish_reason: str = ""
    latency_ms: int = 0
    error: str | None = None
    error_class: str = ""
    problems: tuple[str, ...] = ()
    reply: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """True when there is an answer that may be used."""
        return self.outcome is Outcome.OK
