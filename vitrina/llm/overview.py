"""What the ledger and the shared limits tell a person: sums of costs, places in use, batches under way.

Belongs here: the statements behind ``vitrina llm ledger`` and ``vitrina llm status``. Stays out: how it is
shown; lists of failures (``vitrina.llm.failures``), breakers and stops (``vitrina.llm.board``).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from vitrina.llm.link import STALE_S
from vitrina.llm.outcomes import LedgerError
from vitrina.llm.purses import budget_states
from vitrina.project.database import as_login

#: What sums can be made by, and the column behind it.
GROUPS = {
    "model": sql.SQL("model"),
    "day": sql.SQL("to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
    "purpose": sql.SQL("purpose"),
    "endpoint": sql.SQL("endpoint"),
    "run": sql.SQL("run_id"),
    "status": sql.SQL("status"),
}
RESOURCES = ("llm", "image", "task")

_SUMS = sql.SQL("""
SELECT {groups}, count(*) FILTER (WHERE price_source <> 'not sent'), count(*) FILTER (WHERE ended AND status = 'ok'),
       count(*) FILTER (WHERE ended AND status <> 'ok'), coalesce(sum(prompt_tokens), 0),
       coalesce(sum(completion_tokens), 0), count(*) FILTER (WHERE tokens_estimated),
       coalesce(sum(cost_usd), 0), count(*) FILTER (WHERE NOT cost_known)
FROM llm_attempt
WHERE (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
  AND (%(purpose)s::text IS NULL OR purpose = %(purpose)s)
  AND (%(run)s::text IS NULL OR run_id = %(run)s)
GROUP BY {numbers} ORDER BY {order} LIMIT %(limit)s
""")
_SLOTS = """
SELECT p.host, p.pid, count(l.objid) FROM llm_process AS p
JOIN pg_stat_activity AS a ON a.pid = p.backend_pid AND a.backend_start = p.backend_start
LEFT JOIN pg_locks AS l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
    AND l.classid = %(class)s::bigint::oid AND l.objid > 0
WHERE p.beat_at > now() - make_interval(secs => %(stale)s)
GROUP BY p.host, p.pid ORDER BY p.host, p.pid
"""


_BATCHES = """
SELECT b.endpoint, b.model, b.remote_id, b.remote_status, b.run_id, b.requests,
       (SELECT count(*) FROM llm_batch_item AS i WHERE i.batch_id = b.id AND i.status = 'pending'), b.created_at
FROM llm_batch AS b WHERE b.status IN ('prepared', 'submitted') ORDER BY b.created_at
"""


@dataclass(slots=True, frozen=True)
class Sum:
    """Attempts that share ``group``. ``unknown_cost`` of them cost nobody knows what, which is not zero."""

    group: tuple[str, ...]
    attempts: int
    answered: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    tokens_estimated: int
    cost_usd: Decimal
    unknown_cost: int


def ledger_sums(
    dsn: str,
    by: tuple[str, ...],
    *,
    since: datetime | None = None,
    purpose: str | None = None,
    run: str | None = None,
    limit: int = 200,
) -> list[Sum]:
    """Sums over the ledger, days newest first, everything else dearest first.

    Args:
        by: Names of :data:`GROUPS`.

    Raises:
        KeyError: There is no such group.
        LedgerError: The database is out of reach or has no ledger.
    """
    groups = sql.SQL(", ").join(GROUPS[name] for name in by)
    numbers = sql.SQL(", ").join(sql.Literal(number) for number in range(1, len(by) + 1))
    cost, count = sql.Literal(len(by) + 7), sql.Literal(len(by) + 1)
    order = sql.SQL("{} DESC, {} DESC").format(cost, count)
    if "day" in by:
        order = sql.SQL("{} DESC, {}").format(sql.Literal(by.index("day") + 1), order)
    statement = _SUMS.format(groups=groups, numbers=numbers, order=order)
    values = {"since": since, "purpose": purpose, "run": run, "limit": limit}
    with _connected(dsn) as connection:
        rows = connection.execute(statement, values).fetchall()
    return [Sum(tuple(row[: len(by)]), *row[len(by) :]) for row in rows]


def slot_states(dsn: str) -> dict[str, list[dict[str, Any]]]:
    """Resource → the living processes and how many places each holds.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    found = {}
    with _connected(dsn) as connection:
        for name in RESOURCES:
            number = (zlib.crc32(f"vitrina:{name}".encode()) - 2**31) % 2**32  # an oid has no sign
            rows = connection.execute(_SLOTS, {"class": number, "stale": STALE_S}).fetchall()
            found[name] = [{"host": host, "pid": pid, "held": held} for host, pid, held in rows]
    return found


def open_batches(dsn: str) -> list[dict[str, Any]]:
    """Batches that a provider works on, the oldest first: endpoint, model, its id and word for it, what waits in it.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    names = ("endpoint", "model", "remote_id", "remote_status", "run_id", "requests", "waiting", "created_at")
    with _connected(dsn) as connection:
        return [dict(zip(names, row, strict=True)) for row in connection.execute(_BATCHES).fetchall()]


def shared_budgets(dsn: str, *, limit: int = 20) -> list[dict[str, Any]]:
    """The newest budgets that processes share.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    with _connected(dsn) as connection:
        return budget_states(connection, limit=limit)


@contextmanager
def _connected(dsn: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    try:
        with psycopg.connect(
            as_login(dsn), autocommit=True, application_name="vitrina-llm-overview", connect_timeout=10
        ) as one:
            yield one
    except psycopg.OperationalError as error:
        raise LedgerError(
            f"The LLM ledger cannot reach its database ({type(error).__name__}).", hint="Check DATABASE_URL."
        ) from error
    except psycopg.errors.UndefinedTable as error:
        raise LedgerError("The tables of the LLM gateway are missing.", hint="Run the migrations.") from error
