"""One request until it ends: attempts, money, and a ledger row for each.

Belongs here: the loop around a single request. Stays out: cache and twins (``vitrina.llm.engine``), the decision to
try again (``vitrina.llm.retry``), the meaning of replies (``vitrina.llm.wire``), what they cost
(``vitrina.llm.accounting``).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from vitrina.llm.accounting import account, foreseen, kept_reply, kept_request
from vitrina.llm.breaker import State
from vitrina.llm.budget import NOTHING, Budget, Hold
from vitrina.llm.config import GatewayConfig
from vitrina.llm.controls import Controls
from vitrina.llm.dialects import UnsendableError
from vitrina.llm.gate import Closed, Diverted, Gate, Ticket
from vitrina.llm.job import Ended, Job
from vitrina.llm.ledger import Attempt
from vitrina.llm.outcomes import Outcome
from vitrina.llm.pricing import PriceBook
from vitrina.llm.retry import Decision, Tally, answers, decide, endpoint_failed
from vitrina.llm.stats import Stats
from vitrina.llm.transport import Reply, ReplyTooLargeError, Transport, TransportError
from vitrina.llm.usual import Usual
from vitrina.llm.wire import Reading

_LOG = logging.getLogger(__name__)
_ZERO = Decimal(0)


class Attempts:
    """Runs jobs against one endpoint.

    Args:
        controls: Rate, breaker and slots. A slot is given back while a job waits for its next attempt, and held until
            an attempt that may be charged stands in the ledger: after a kill, what was paid and not recorded is never
            more than what was in flight.
        record: Returns when the row is committed.
        usual: What calls mostly take; the default begins knowing nothing.
    """

    def __init__(
        self,
        config: GatewayConfig,
        transport: Transport,
        *,
        controls: Controls,
        record: Callable[[Attempt], Awaitable[None]],
        prices: PriceBook,
        budget: Budget,
        stats: Stats,
        usual: Usual | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._transport = transport
        self._controls = controls
        self._clock = controls.clock
        self._record = record
        self._prices = prices
        self._budget = budget
        self._stats = stats
        self._usual = usual or Usual()
        self._sleep = sleep
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self._dead: dict[str, Reading] = {}
        self._reached = False
        self._writing: set[asyncio.Future[None]] = set()
        self.sending: set[asyncio.Task[Any] | None] = set()

    async def run(self, job: Job) -> Ended:
        """Attempts until an outcome is final; never raises for what an endpoint does."""
        tally = Tally(limit=job.limit)
        ended = Ended(Outcome.PERMANENT, Reading(Outcome.PERMANENT))
        gate = self._controls.gate(job.model)
        seen = gate.breaker.openings
        while True:
            stop = self._unsent(job)
            if stop is None:
                try:
                    ticket = await gate.enter(
                        gate.rate.estimate(job.prompt_tokens(), tally.limit) if gate.rate.counts_tokens else 0,
                        purpose=job.purpose,
                        again=ended.attempts > 0,
                        seen=seen,
                        divertible=job.divertible and self._controls.fallback(job.model, self._dead) is not None,
                    )
                except Closed as closed:
                    stop = Reading(closed.outcome, error=str(closed), error_class=closed.name)
                except Diverted:
                    ended.diverted = True
                    return ended
            if stop is None:
                decision = await self._with_ticket(job, tally, ended, gate, ticket)
                if decision.again:
                    if decision.wait_s:
                        await self._sleep(decision.wait_s)
                    continue
                stop = decision.stop
            if stop is not None:
                ended.outcome, ended.reading = stop.outcome, stop
                if ended.attempts or stop.outcome in (Outcome.PERMANENT, Outcome.TRANSPORT):
                    await self._record(self._end_unsent(job, stop, ended.attempts))
            return ended

    async def _with_ticket(self, job: Job, tally: Tally, ended: Ended, gate: Gate, ticket: Ticket) -> Decision:
        try:
            stop = self._unsent(job)
            if stop is not None:
                return Decision(False, stop=stop)
            hold: Hold | str = NOTHING
            if self._budget.limited(job.purpose):
                hold = await self._budget.hold(foreseen(self._prices, job, tally.limit, self._usual), job.purpose)
            if isinstance(hold, str):
                return Decision(False, stop=Reading(Outcome.BUDGET, error=hold, error_class="budget"))
            task = asyncio.current_task()
            self.sending.add(task)
            try:
                return await self._attempt(job, tally, ended, hold, gate, ticket)
            except UnsendableError as error:
                self._budget.release(hold, _ZERO)
                return Decision(False, stop=Reading(Outcome.PERMANENT, error=str(error), error_class="request"))
            finally:
                self.sending.discard(task)
        finally:
            gate.leave(ticket)

    def _unsent(self, job: Job) -> Reading | None:
        """Why nothing can be sent, from what former requests met."""
        dead = self._dead.get("") or self._dead.get(job.model)
        if dead is None and (reason := self._budget.closed(job.purpose)) is not None:
            return Reading(Outcome.BUDGET, error=reason, error_class="budget")
        return dead

    async def _attempt(self, job: Job, tally: Tally, ended: Ended, hold: Hold, gate: Gate, ticket: Ticket) -> Decision:
        raw = orjson.dumps(job.body(tally.limit))  # not sorted: models write fields in the schema's order
        created, began = datetime.now(UTC), self._clock()
        reply, reading = None, None
        try:
            reply, reading = await self._send(job, raw)
        except asyncio.CancelledError:
            self._given_up(job, ended, raw, created, int((self._clock() - began) * 1000))
            raise
        finally:
            if reading is None:  # cancelled in flight: it may be charged
                self._budget.release(hold, None)
        now = self._clock()
        latency_ms = int((now - began) * 1000)
        usage, price = account(self._prices, job, reading, reply)
        self._budget.release(hold, price.usd)
        if hold.purses and reading.usage is not None and self._usual.due(job.purpose, job.model):
            self._usual.saw(job.purpose, job.model, job.prompt_tokens(), usage)
        rerouted = reading.text is None and job.reroute is not None and job.reroute(reading)
        if reading.dead and not rerouted:
            self._dead.setdefault("" if reading.dead == "endpoint" else job.model, reading)
        outcome = reading.outcome
        # Before anybody has answered at this address a failure more likely means a wrong address than an outage.
        told_of = self._reached or gate.breaker.state is not State.CLOSED
        gate.returned(
            ticket,
            limited=outcome is Outcome.RATE_LIMIT,
            failed=endpoint_failed(reading, answered=reply is not None) if told_of else None,
            tokens=usage.prompt + usage.completion,
            headers=None if reply is None else reply.headers,
            why=reading.error or "",
        )
        if not reading.charged:
            gate.leave(ticket)
        outage = gate.breaker.state is not State.CLOSED
        checked = job.check(reading) if outcome is Outcome.OK else None
        decision = decide(reading, tally, self._config.retry, now=now, jitter=self._random.random(), outage=outage,
                          paced=gate.rate.paced)  # fmt: skip
        if rerouted:
            decision = Decision(True)
        if outcome is Outcome.TRANSPORT and not (decision.again or reading.charged or self._reached):
            # Nobody ever answered at this address: ten thousand requests need not find that out one by one.
            self._dead[""] = replace(reading, error=f"{reading.error}; nothing more is sent. Check OPENAI_BASE_URL.")
        problems = () if checked is None else checked.problems
        if problems:
            outcome = Outcome.INVALID
        told = "; ".join(part for part in (reading.error, decision.note, *problems) if part)
        row = Attempt(
            key=job.key,
            model=job.model,
            status=outcome,
            created_at=created,
            attempt=ended.attempts + 1,
            kind=job.kind,
            purpose=job.purpose,
            item_id=job.item_id,
            endpoint=self._config.endpoint,
            provider=self._prices.provider,
            answered=not decision.again and job.keep and answers(reading),
            ended=not decision.again,
            error_class=reading.error_class or ("contract" if problems else ""),
            error=told,
            http_status=None if reply is None else reply.status,
            request_id="" if reply is None else reply.headers.get("x-request-id", ""),
            usage=usage,
            cost_usd=price.usd,
            price_source=price.source,
            latency_ms=latency_ms,
            run_id=self._config.run_id,
            holder=self._controls.holder,
            drop_key=job.drop_key,
            request_body=kept_request(job, raw) if reading.text is not None or not decision.again else None,
            reply_body=kept_reply(job, reading, reply),
            content=reading.text,
            first_key=job.first_key,
        )
        await self._record(row)
        self._stats.attempt(row)
        ended.outcome, ended.checked, ended.attempts = outcome, checked, ended.attempts + 1
        ended.reading = replace(reading, error=told or None, error_class=row.error_class)
        ended.usage, ended.latency_ms = ended.usage + usage, latency_ms
        ended.cost = None if ended.cost is None or price.usd is None else ended.cost + price.usd
        return decision

    def _given_up(self, job: Job, ended: Ended, raw: bytes, created: datetime, latency_ms: int) -> None:
        """Writes the row of a call that nobody waits for any more: the provider may charge for it all the same."""
        reading = Reading(Outcome.TRANSPORT, error="given up in flight: the run was stopped", error_class="interrupted")
        usage, price = account(self._prices, job, reading, None)
        row = replace(
            self._without_reply(job, reading, ended.attempts + 1),
            created_at=created,
            usage=usage,
            cost_usd=price.usd,
            price_source=price.source,
            latency_ms=latency_ms,
            request_body=kept_request(job, raw),
        )
        self._stats.attempt(row)
        writing = asyncio.ensure_future(self._record(row))  # this task is cancelled: it cannot wait for it
        self._writing.add(writing)
        writing.add_done_callback(self._written)

    def _end_unsent(self, job: Job, stop: Reading, attempts: int) -> Attempt:
        """The row of an end without a call: a person finds the request, and that nothing was paid for its end."""
        return replace(self._without_reply(job, stop, attempts), ended=True, cost_usd=_ZERO, price_source="not sent")

    def _without_reply(self, job: Job, reading: Reading, attempt: int) -> Attempt:
        return Attempt(
            key=job.key,
            model=job.model,
            status=reading.outcome,
            created_at=datetime.now(UTC),
            attempt=attempt,
            kind=job.kind,
            purpose=job.purpose,
            item_id=job.item_id,
            endpoint=self._config.endpoint,
            provider=self._prices.provider,
            error_class=reading.error_class,
            error=reading.error or "",
            run_id=self._config.run_id,
            holder=self._controls.holder,
            drop_key=job.drop_key,
            first_key=job.first_key,
        )

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled() and (error := writing.exception()) is not None:
            _LOG.warning("A call that was given up in flight is not in the ledger (%s).", error)

    async def _send(self, job: Job, raw: bytes) -> tuple[Reply | None, Reading]:
        try:
            reply = await self._transport.post(job.path, raw)
        except TransportError as error:
            told, retry = str(error), error.name != "certificate"
            return None, Reading(Outcome.TRANSPORT, error=told, error_class=error.name, charged=error.sent, retry=retry)
        except ReplyTooLargeError:
            told = f"the reply is larger than {self._config.max_reply_bytes} bytes and was not read"
            return None, Reading(Outcome.INVALID, error=told, error_class="too_large")
        self._reached = True
        if key := self._config.secret:  # an endpoint may echo the headers: from here on nobody meets the key
            headers = {name: value.replace(key, "***") for name, value in reply.headers.items()}
            reply = Reply(reply.status, headers, reply.body.replace(key.encode(), b"***"))
        return reply, job.read(reply)
