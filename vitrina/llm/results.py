"""Results made from what a call, the ledger, or two calls gave.

Belongs here: filling :class:`ChatResult`. Stays out: getting there (``vitrina.llm.engine``).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from vitrina.llm.job import Ended
from vitrina.llm.ledger import StoredReply
from vitrina.llm.messages import ChatRequest
from vitrina.llm.outcomes import ChatResult, Outcome
from vitrina.llm.structured import Checked, Contract, check
from vitrina.llm.transport import Reply
from vitrina.llm.wire import Reading, read_chat

PENDING = "The request waits in a batch of the provider. A later run takes its answer."
NOT_THERE = "The ledger holds no answer to this request, and nothing is sent in replay mode."


def not_in_ledger(request: ChatRequest, key: str) -> ChatResult:
    """What replay mode says of a request that was never answered."""
    return ChatResult(request, Outcome.NOT_IN_LEDGER, key=key, error=NOT_THERE, error_class="not_in_ledger")


def pending(request: ChatRequest, key: str, told: str = PENDING) -> ChatResult:
    """What is said of a request whose answer is still to come from a batch."""
    return ChatResult(request, Outcome.PENDING, key=key, error=told, error_class="pending")


def from_call(request: ChatRequest, key: str, ended: Ended) -> ChatResult:
    """What was just called."""
    reading, checked = ended.reading, ended.checked or Checked()
    return ChatResult(
        request,
        ended.outcome,
        key=key,
        text=reading.text,
        parsed=checked.value,
        usage=ended.usage,
        cost_usd=ended.cost,
        repaired=checked.mended,
        attempts=ended.attempts,
        model=reading.model or request.model or "",
        finish_reason=reading.finish_reason,
        latency_ms=ended.latency_ms,
        error=reading.error,
        error_class=reading.error_class,
        problems=checked.problems,
        reply=reading.data,
    )


def from_ledger(request: ChatRequest, key: str, stored: StoredReply, contract: Contract | None) -> ChatResult:
    """The stored answer, judged by today's contract: what was invalid once may be valid now."""
    reply = None if stored.reply_body is None else Reply(200, {}, stored.reply_body)
    reading = Reading(stored.status) if reply is None else read_chat(reply)
    outcome: Outcome = Outcome.OK if stored.status is Outcome.INVALID else stored.status
    checked = Checked()
    if outcome is Outcome.OK and contract is not None and stored.content is not None:
        checked = check(contract, request, stored.content, reading.finish_reason)
        outcome = Outcome.INVALID if checked.problems else Outcome.OK
    return ChatResult(
        request,
        outcome,
        key=key,
        text=stored.content,
        parsed=checked.value,
        usage=stored.usage,
        cost_usd=stored.cost_usd,
        cached=True,
        repaired=checked.mended,
        model=reading.model or stored.model,
        finish_reason=reading.finish_reason,
        latency_ms=stored.latency_ms,
        error="; ".join(checked.problems) or (None if outcome is Outcome.OK else stored.error),
        error_class="" if outcome is Outcome.OK else stored.error_class,
        problems=checked.problems,
        reply=reading.data,
    )


def joined(first: ChatResult, second: ChatResult, request: ChatRequest) -> ChatResult:
    """The second call's end, with what both cost. When it brought no answer, the first one's text is kept."""
    known = first.cost_usd is not None and second.cost_usd is not None
    sums: dict[str, Any] = {
        "request": request,
        "usage": first.usage + second.usage,
        "cost_usd": (first.cost_usd or Decimal(0)) + (second.cost_usd or Decimal(0)) if known else None,
        "attempts": first.attempts + second.attempts,
        "cached": first.cached and second.cached,
        "repaired": True,
    }
    if second.outcome in (Outcome.OK, Outcome.INVALID) and second.text is not None:
        return replace(second, **sums)
    return replace(second, **sums, text=first.text, problems=first.problems, key=first.key)
