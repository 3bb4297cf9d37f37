"""Limits on money that processes share: rows of ``llm_budget``, from which each process takes blocks.

Belongs here: the purses that a configuration asks for, and the statements. Stays out: single calls
(``vitrina.llm.budget``).

A block is reserved by one statement that checks the limit, before anything of it is spent; so the sum over all
processes never passes the limit, whoever is killed. A killed process leaves its block reserved, the safe side; its
share of the ledger tells later what of it was spent, and the rest is given back.

Rows are locked in one order, here and in ``vitrina.llm.batch.holds``: first all of ``llm_budget_hold``, then those of
``llm_budget``, each by name. Else one who takes a block and one who puts a batch's money aside wait for each other.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

import psycopg
from psycopg import sql

from vitrina.llm.budget import Budget, Purse, day_ends
from vitrina.llm.config import GatewayConfig
from vitrina.llm.ledger import Ledger
from vitrina.llm.link import Connection, Link

_STEP = Decimal("0.00000001")
#: So many calls' worth is asked for at once, but never more than this part of the limit.
_BLOCK_CALLS, _BLOCK_SHARE = 64, 20
#: A process without a connection that was silent for so long is dead; its blocks are settled.
_DEAD_S = 30.0
_SETTLE_EVERY_S = 30.0

_OPEN = "UPDATE llm_budget SET limit_usd = %(limit)s, updated_at = now() WHERE name = %(name)s RETURNING used_usd"
_CREATE = sql.SQL("""
INSERT INTO llm_budget AS row (name, limit_usd, used_usd, reserved_usd, updated_at)
SELECT %(name)s, %(limit)s, coalesce(sum(cost_usd), 0), 0, now() FROM llm_attempt WHERE {scope}
ON CONFLICT (name) DO UPDATE SET limit_usd = excluded.limit_usd RETURNING row.used_usd
""")
_RESERVE = """
UPDATE llm_budget SET reserved_usd = reserved_usd + %(amount)s, updated_at = now()
WHERE name = %(name)s AND used_usd + reserved_usd + %(amount)s <= limit_usd RETURNING used_usd
"""
_LOCK_HOLD = "SELECT 1 FROM llm_budget_hold WHERE budget = %(name)s AND holder = %(holder)s FOR UPDATE"
_HOLD = """
INSERT INTO llm_budget_hold AS row (budget, holder, amount_usd, at_risk_usd, booked_usd)
VALUES (%(name)s, %(holder)s, %(amount)s, %(at_risk)s, 0)
ON CONFLICT (budget, holder) DO UPDATE SET amount_usd = row.amount_usd + excluded.amount_usd,
    at_risk_usd = greatest(row.at_risk_usd, excluded.at_risk_usd)
"""
#: ``amount`` was spent; ``held`` of the block is thereby no longer reserved.
_BOOK_HOLD = """
UPDATE llm_budget_hold SET amount_usd = greatest(0, amount_usd - %(held)s), booked_usd = booked_usd + %(amount)s
WHERE budget = %(name)s AND holder = %(holder)s
"""
_BOOK = """
UPDATE llm_budget SET used_usd = used_usd + %(amount)s, reserved_usd = greatest(0, reserved_usd - %(held)s),
    updated_at = now()
WHERE name = %(name)s
"""
_FORGET = "DELETE FROM llm_budget_hold WHERE budget = %(name)s AND holder = %(holder)s"
_FORGET_EMPTY = "DELETE FROM llm_budget_hold WHERE budget = %(name)s AND holder = %(holder)s AND amount_usd <= 0"
_DEAD = """
SELECT h.budget, h.holder, h.amount_usd, h.at_risk_usd, h.booked_usd FROM llm_budget_hold AS h
LEFT JOIN llm_process AS p ON p.holder = h.holder
LEFT JOIN pg_stat_activity AS a ON a.pid = p.backend_pid AND a.backend_start = p.backend_start
WHERE a.pid IS NULL AND (p.holder IS NULL OR p.beat_at < now() - make_interval(secs => %s))
ORDER BY h.budget, h.holder FOR UPDATE OF h SKIP LOCKED
"""
_COST = sql.SQL("SELECT coalesce(sum(cost_usd), 0) FROM llm_attempt WHERE holder = %(holder)s AND {scope}")
_STATES = "SELECT name, limit_usd, used_usd, reserved_usd, updated_at FROM llm_budget ORDER BY updated_at DESC LIMIT %s"


def purses_of(config: GatewayConfig, *, now: float | None = None) -> list[Purse]:
    """The limits that a configuration asks for, empty purses as yet."""
    day, ends = day_ends(time.time() if now is None else now)
    found = []
    if config.budget_usd is not None:
        # A run without a name is this one: it must not share a limit with all others that have none.
        found.append(Purse(f"run:{config.run_id or uuid.uuid4().hex}", config.budget_usd))
    if config.day_budget_usd is not None:
        found.append(Purse(f"day:{day}", config.day_budget_usd, until=ends))
    for purpose, limit in config.purpose_budgets_usd.items():
        found.append(Purse(f"purpose:{purpose}:{day}", limit, purpose=purpose, until=ends))
    found += [Purse(name, limit) for name, limit in config.budgets.items()]
    return found


def local_budget(config: GatewayConfig, ledger: Ledger) -> Budget:
    """Limits of this process alone, over what the ledger tells of earlier spending."""

    def fill(purse: Purse) -> Purse:
        purse.earlier = _spent(ledger, config, purse)
        purse.granted = purse.limit - purse.earlier
        return purse

    return Budget(
        purses=[fill(purse) for purse in purses_of(config)],
        allow_unknown_prices=config.allow_unknown_prices,
        renew=lambda purse: fill(_renewed(config)(purse)),
    )


def _spent(ledger: Ledger, config: GatewayConfig, purse: Purse) -> Decimal:
    if purse.until is not None:
        return ledger.spent(purse.purpose, datetime.fromtimestamp(purse.until - 86_400, UTC)).usd
    if config.run_id and purse.name == f"run:{config.run_id}":
        return ledger.spent(run_id=config.run_id).usd
    return Decimal(0)


def shared_budget(config: GatewayConfig, link: Link) -> tuple[Budget, SharedTill]:
    """Limits that all processes share, and what keeps them in step: a member of the link."""
    till = SharedTill(link, concurrency=config.concurrency)
    till.budget = Budget(
        purses=purses_of(config), allow_unknown_prices=config.allow_unknown_prices, renew=_renewed(config), till=till
    )
    return till.budget, till


def _renewed(config: GatewayConfig) -> Callable[[Purse], Purse]:
    return lambda old: next(p for p in purses_of(config) if p.until is not None and p.purpose == old.purpose)


class SharedTill:
    """Blocks of limits that stand in the database.

    Args:
        concurrency: Calls in flight at once: what may have been paid at a kill and stands in no row.
    """

    def __init__(self, link: Link, *, concurrency: int) -> None:
        self._link = link
        self._concurrency = concurrency
        self.holder = link.holder
        self._held: dict[str, Decimal] = {}
        self._lock = Lock()
        self._settled_at = 0.0
        self.budget: Budget | None = None

    async def grant(self, purse: Purse, need: Decimal) -> Decimal:
        """A block of at least ``need``; 0 when the limit does not allow it, or the database is out of reach."""
        try:
            return await asyncio.wrap_future(self._link.submit(lambda link: self._grant(link, purse, need)))
        except psycopg.Error:
            return Decimal(0)

    def grant_now(self, purse: Purse, need: Decimal) -> Decimal:
        """The same for callers outside the event loop, blocking."""
        try:
            return self._link.submit(lambda link: self._grant(link, purse, need)).result(timeout=30)
        except (psycopg.Error, TimeoutError):
            return Decimal(0)

    def handed_over(self, amounts: Mapping[str, Decimal]) -> None:
        """Items of batches took these parts of the blocks over."""
        for name, amount in amounts.items():
            self._keep(name, -amount)

    def tick(self, connection: Connection) -> None:
        """Books what was spent."""
        if self.budget is not None:
            for purse, amount in self.budget.unbooked():
                self._book(connection, purse.name, amount)

    def poll(self, connection: Connection | None) -> float | None:  # noqa: ARG002
        """Nothing between bookings."""
        return None

    def lost(self) -> None:
        """Blocks are rows: they outlive the connection."""

    def close(self, connection: Connection) -> None:
        """Books the rest, and gives back what was not spent."""
        self.tick(connection)
        for name, held in self._held.items():
            values = {"name": name, "holder": self._link.holder, "amount": Decimal(0), "held": held}
            with connection.transaction():
                if held > 0 and connection.execute(_BOOK_HOLD, values).rowcount:
                    connection.execute(_BOOK, values)
                connection.execute(_FORGET_EMPTY, values)
        self._held.clear()

    def _grant(self, connection: Connection, purse: Purse, need: Decimal) -> Decimal:
        if purse.name not in self._held:
            purse.earlier = open_budget(connection, purse.name, purse.limit)
            self._held[purse.name] = Decimal(0)
        block = max(need, min(need * _BLOCK_CALLS, purse.limit / _BLOCK_SHARE)).quantize(_STEP)
        while True:
            for amount in dict.fromkeys((block, max(need, block / 8).quantize(_STEP), need)):
                values = {"name": purse.name, "holder": self._link.holder, "amount": amount}
                with connection.transaction():
                    mine = connection.execute(_LOCK_HOLD, values).fetchone()
                    if mine is None and self._held[purse.name] > 0:
                        self._lost(purse.name)
                    row = connection.execute(_RESERVE, values).fetchone()
                    if row is not None:
                        connection.execute(_HOLD, {**values, "at_risk": need * self._concurrency})
                if row is not None:
                    self._keep(purse.name, amount)
                    purse.earlier = max(Decimal(0), row[0] - purse.booked)
                    return amount
            now = time.monotonic()
            if self._settled_at and now - self._settled_at < _SETTLE_EVERY_S:
                return Decimal(0)
            self._settled_at = now
            if not settle_dead(connection):
                return Decimal(0)

    def _book(self, connection: Connection, name: str, amount: Decimal) -> None:
        held = min(amount, self._held.get(name, Decimal(0)))
        values = {"name": name, "holder": self._link.holder, "amount": amount, "held": held}
        with connection.transaction():
            if not connection.execute(_BOOK_HOLD, values).rowcount:
                connection.execute(_BOOK, {**values, "held": Decimal(0)})
                self._lost(name)
                return
            connection.execute(_BOOK, values)
        self._keep(name, -held)

    def _lost(self, name: str) -> None:
        """This process was taken for dead, and its block is settled."""
        self._held[name] = Decimal(0)
        if self.budget is not None:
            self.budget.void(name)

    def _keep(self, name: str, change: Decimal) -> None:
        with self._lock:  # the link's thread and those that submit batches
            self._held[name] = self._held.get(name, Decimal(0)) + change


def open_budget(connection: Connection, name: str, limit: Decimal) -> Decimal:
    """Makes a shared limit, or sets it anew; returns what is used of it.

    Names ``run:ID``, ``day:DATE`` and ``purpose:NAME:DATE`` begin with what the ledger tells; others at zero.
    """
    row = connection.execute(_OPEN, {"name": name, "limit": limit}).fetchone()
    if row is None:
        scope, values = _scope(name, other=sql.SQL("false"))
        row = connection.execute(_CREATE.format(scope=scope), {**values, "name": name, "limit": limit}).fetchone()
    return Decimal(0) if row is None else row[0]


def settle_dead(connection: Connection, *, dead_s: float = _DEAD_S) -> int:
    """Settles the blocks of processes that died, against the ledger; returns how many.

    What their calls in flight may have cost stays booked as used: nobody recorded it.
    """
    count = 0
    with connection.transaction():
        for name, holder, amount, at_risk, booked in connection.execute(_DEAD, (dead_s,)).fetchall():
            # Of a name that the ledger does not know, all that the process spent is an upper bound.
            scope, values = _scope(name, other=sql.SQL("true"))
            row = connection.execute(_COST.format(scope=scope), {**values, "holder": holder}).fetchone()
            spent = row[0] if row else Decimal(0)
            used = min(amount, max(Decimal(0), spent - booked) + at_risk)
            settled = {"name": name, "holder": holder, "amount": used, "held": amount}
            connection.execute(_BOOK, settled)
            connection.execute(_FORGET, settled)
            count += 1
    return count


def budget_states(connection: Connection, *, limit: int = 50) -> list[dict[str, Any]]:
    """The newest shared limits: name, limit, used, reserved, when."""
    names = ("name", "limit_usd", "used_usd", "reserved_usd", "updated_at")
    return [dict(zip(names, row, strict=True)) for row in connection.execute(_STATES, (limit,)).fetchall()]


def _scope(name: str, *, other: sql.SQL) -> tuple[sql.SQL, dict[str, Any]]:
    kind, _, rest = name.partition(":")
    if kind == "run" and rest:
        return sql.SQL("run_id = %(run)s"), {"run": rest}
    if kind == "day":
        return sql.SQL("created_at >= %(day)s::timestamptz AND created_at < %(day)s::timestamptz + interval '1 day'"), {
            "day": f"{rest} 00:00:00+00"
        }
    if kind == "purpose":
        purpose, _, day = rest.rpartition(":")
        return sql.SQL(
            "purpose = %(purpose)s AND created_at >= %(day)s::timestamptz "
            "AND created_at < %(day)s::timestamptz + interval '1 day'"
        ), {"purpose": purpose, "day": f"{day} 00:00:00+00"}
    return other, {}
