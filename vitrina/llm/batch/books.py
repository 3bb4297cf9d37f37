"""What a row of a batch means for its request: tries, money, the ledger's row.

Belongs here: deciding whether a request ends with a row, and what it did cost. Stays out: files, provider and tables.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal

import orjson

from vitrina.llm.accounting import account, foreseen
from vitrina.llm.batch.files import Line
from vitrina.llm.batch.remote import Remote
from vitrina.llm.batch.store import Batch, Item
from vitrina.llm.budget import NOTHING, Budget, Hold
from vitrina.llm.config import GatewayConfig
from vitrina.llm.job import Job
from vitrina.llm.ledger import Attempt
from vitrina.llm.outcomes import Outcome, Usage
from vitrina.llm.pricing import Price, PriceBook
from vitrina.llm.tokens import estimate_prompt_tokens
from vitrina.llm.transport import Reply
from vitrina.llm.usual import Usual
from vitrina.llm.wire import Reading

#: A row's id is made of its batch and key, so that collecting again after a kill writes nothing twice.
_ROW = uuid.UUID("5d1f4c6e-8a35-4c40-9a53-0f5bb6a1c7a2")
_STEP = Decimal("0.00000001")
#: How often a request whose row failed or was cut is put into a further batch, and one that no batch came to.
_MAX_TRIES = 3
_MAX_UNANSWERED = 6
_FINAL = frozenset({Outcome.OK, Outcome.REFUSAL, Outcome.FILTERED, Outcome.PERMANENT})
_ANSWERS = frozenset({Outcome.OK, Outcome.REFUSAL, Outcome.FILTERED})


@dataclass(slots=True)
class Tried:
    """What a request has been through in this run. ``limit`` is the token limit of its next try."""

    sent: int = 0
    limit: int | None = None


@dataclass(slots=True, frozen=True)
class _Asked:
    """A row's request as it stands in the item, for :func:`vitrina.llm.accounting.account`."""

    model: str
    body: bytes
    kind: str = "chat"

    def prompt_tokens(self) -> int:
        return estimate_prompt_tokens(orjson.loads(self.body).get("messages") or ())


class Books:
    """One run's tries and money.

    Attributes:
        failed: Requests that ended without an answer, by key.
        paid: Keys whose answers this run collected.
    """

    def __init__(self, config: GatewayConfig, prices: PriceBook, budget: Budget, usual: Usual) -> None:
        self._config = config
        self._prices = prices
        self._budget = budget
        self._usual = usual
        self._tried: dict[str, Tried] = {}
        self._holds: dict[str, Hold] = {}
        self._dry: dict[str, str] = {}
        self.failed: dict[str, Reading] = {}
        self.paid: set[str] = set()

    def tried(self, key: str, limit: int | None = None) -> Tried:
        """The tries of a request so far."""
        found = self._tried.get(key)
        if found is None:
            found = self._tried[key] = Tried(limit=limit)
        return found

    def open_again(self) -> None:
        """Lets a further submission ask the budget anew: what batches did not use up was given back."""
        self._dry.clear()
        for key in [key for key, reading in self.failed.items() if reading.outcome is Outcome.BUDGET]:
            del self.failed[key]

    async def reserve(self, key: str, job: Job, limit: int | None) -> str | None:
        """Sets the price of a request aside; a sentence when there is no money for it.

        The money stays in this process's hands until :meth:`hand_over` or :meth:`give_back`.
        """
        if not self._budget.limited(job.purpose):
            return None
        if job.purpose in self._dry:
            return self._dry[job.purpose]
        estimate = foreseen(self._prices, job, limit, self._usual)
        if estimate is not None:  # as many decimals as the columns have, so that sums over rows are exact
            estimate = (estimate * self._prices.batch_multiplier).quantize(_STEP, ROUND_UP)
        held = await asyncio.to_thread(self._budget.reserve, estimate, job.purpose)
        if isinstance(held, str):
            self._dry[job.purpose] = held
            return held
        if held.purses:
            self._holds[key] = held
        return None

    def held(self, key: str) -> Hold:
        """What is set aside for a request in this process's hands."""
        return self._holds.get(key, NOTHING)

    def hand_over(self, keys: Iterable[str]) -> None:
        """The money of these requests stands on their items from here on: whoever collects them books it."""
        for key in keys:
            if (held := self._holds.pop(key, None)) is not None:
                self._budget.hand_over(held)

    def give_back(self) -> None:
        """Frees what was set aside for requests that were not put into a batch after all."""
        for held in self._holds.values():
            self._budget.release(held, Decimal(0))
        self._holds.clear()

    def row(self, batch: Batch, item: Item, line: Line, reading: Reading) -> Attempt:
        """The ledger's row of a line; decides whether the request ends with it (``ended``)."""
        tried = self.tried(item.key)
        tried.sent = max(tried.sent, item.attempt)
        again = reading.outcome not in _FINAL and tried.sent < _MAX_TRIES
        if reading.outcome is Outcome.TRUNCATED and again:
            retry = self._config.retry
            room = retry.default_max_tokens if tried.limit is None else tried.limit * 2
            tried.limit = min(room, retry.max_tokens_ceiling)
        usage, price = self._cost(batch.model, item, line, reading)
        answered = reading.outcome in _ANSWERS or (reading.outcome is Outcome.TRUNCATED and not again)
        if answered:
            self.paid.add(item.key)
            if usage.completion and not usage.estimated:
                self._usual.answered(item.purpose, batch.model, usage.completion)
        elif not again:
            self.failed[item.key] = reading
        return Attempt(
            id=uuid.uuid5(_ROW, f"{batch.id}/{item.key}"),
            key=item.key,
            model=batch.model,
            status=reading.outcome,
            created_at=datetime.now(UTC),
            attempt=item.attempt,
            purpose=item.purpose,
            item_id=item.item_id,
            endpoint=self._config.endpoint,
            provider=self._prices.provider,
            answered=answered,
            ended=not again,
            error_class=reading.error_class,
            error=reading.error or "",
            http_status=line.status,
            request_id=line.request_id,
            usage=usage,
            cost_usd=price.usd,
            price_source=price.source,
            run_id=batch.run_id or self._config.run_id,
            drop_key=item.drop_key,
            request_body=item.body,
            reply_body=line.reply or None,
            content=reading.text,
            batch_id=batch.remote_id,
        )

    def unanswered(self, batch: Batch, item: Item, remote: Remote) -> Attempt | None:
        """A request that its batch did not come to: it is sent again, a few times; the row of its end after that."""
        tried = self.tried(item.key)
        tried.sent = max(tried.sent, item.attempt)
        most = _MAX_TRIES if remote.status == "failed" else _MAX_UNANSWERED
        if tried.sent < most:
            return None
        told = f"The provider's batch ended as {remote.status} without this request. {remote.error}".strip()
        reading = Reading(Outcome.SERVER, error=told, error_class="batch_unanswered", charged=False)
        self.failed[item.key] = reading
        return self.row(batch, item, Line(item.key, reading), reading)

    def _cost(self, model: str, item: Item, line: Line, reading: Reading) -> tuple[Usage, Price]:
        reply = Reply(line.status or 200, {}, line.reply)
        usage, price = account(self._prices, _Asked(model, item.body), reading, reply)
        return usage, self._prices.batched(price) if reading.charged else price
