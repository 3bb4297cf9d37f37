"""What a reply cost, and what the ledger keeps of it.

Belongs here: tokens and price of one attempt, the bodies that are kept. Pure. Stays out: price tables
(``vitrina.llm.pricing``), budgets (``vitrina.llm.budget``), writing rows (``vitrina.llm.attempts``).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from vitrina.llm.job import Job
from vitrina.llm.outcomes import Usage
from vitrina.llm.pricing import Price, PriceBook
from vitrina.llm.tokens import estimate_tokens
from vitrina.llm.transport import Reply
from vitrina.llm.usual import Usual
from vitrina.llm.wire import Reading

_ERROR_BODY = 4_000
_NOT_CHARGED = Price(Decimal(0), "not charged")
_UNKNOWN = Price(None, "unknown")


def foreseen(prices: PriceBook, job: Job, limit: int | None, usual: Usual) -> Decimal | None:
    """What an attempt may cost in USD, before it is made; ``None`` when the model has no price."""
    prompt, answer = usual.set_aside(job.purpose, job.model, job.prompt_tokens(), limit)
    return prices.estimate(job.model, prompt, answer if job.kind == "chat" else 0)


class Asked(Protocol):
    """What is known of a call when its cost is told: a :class:`vitrina.llm.job.Job`, or a row of a batch."""

    @property
    def model(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def prompt_tokens(self) -> Callable[[], int]: ...


def account(prices: PriceBook, job: Asked, reading: Reading, reply: Reply | None) -> tuple[Usage, Price]:
    """Tokens and price of an attempt: as the server says, else estimated and flagged."""
    if not reading.charged:
        return Usage(), _NOT_CHARGED
    if reading.usage is not None:
        return reading.usage, _price(prices, job, reading, reading.usage)
    usage = Usage(job.prompt_tokens(), estimate_tokens(reading.text or ""), estimated=True)
    if reply is None or (reading.text is None and job.kind == "chat"):
        # Cut off or unreadable: whether and what the provider charges is not known.
        return usage, prices.cost(job.model, usage) if prices.free else _UNKNOWN
    return usage, _price(prices, job, reading, usage)


def kept_request(job: Job, raw: bytes) -> bytes:
    """The sent body as the ledger keeps it."""
    return raw if job.kept_body is None else job.kept_body(raw)


def kept_reply(job: Job, reading: Reading, reply: Reply | None) -> bytes | None:
    """The reply as the ledger keeps it: whole when it is an answer, the beginning of an error."""
    if reply is None or not job.keep:
        return None
    return reply.body if reading.data is not None and reply.status == 200 else reply.body[:_ERROR_BODY]


def _price(prices: PriceBook, job: Asked, reading: Reading, usage: Usage) -> Price:
    price = prices.cost(job.model, usage)
    return price if price.known or not reading.model else prices.cost(reading.model, usage)
