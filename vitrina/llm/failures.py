"""Requests that ended without an answer: who they are, and having them tried again.

Belongs here: the list, the counts, and ``again`` over the ledger. Stays out: sending (the next run does that).

A request and what was asked in its place (in other words after a refusal, with its problems after a broken contract, by
a raised ``try_no``) are one question: ``first_key`` links them. A failure is the last ended attempt of a question when
its status is not ``ok`` and its item got no answer for the same purpose since (another sample, another run; for a file
of questions, the same file). Refusals, filtered and truncated answers are kept as answers, so that nobody pays for them
twice; :func:`again` takes that back for the chosen ones, all their tries: the next run that comes to them asks the
model anew, and a file of answers gives their lines up (:func:`due`).

A request that was not sent because of an earlier one (a dead key or model, an outage) has a row with attempt 0. One
that met its budget or a stop before it was sent has none: every later run sends it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from vitrina.llm.outcomes import LedgerError, Outcome

#: The last ended attempt of each question, where it is not ok. A rare status, so its partial index is read first.
_LAST = sql.SQL("""
FROM llm_attempt AS a
WHERE a.ended AND a.status <> 'ok'
  AND NOT EXISTS (
      SELECT 1 FROM llm_attempt AS later
      WHERE later.ended AND later.key = coalesce(a.first_key, a.key)
        AND (later.created_at, later.id) > (a.created_at, a.id)
  )
  AND NOT EXISTS (
      SELECT 1 FROM llm_attempt AS second
      WHERE second.ended AND second.first_key = coalesce(a.first_key, a.key)
        AND (second.created_at, second.id) > (a.created_at, a.id)
  )
  AND NOT (a.item_id <> '' AND EXISTS (
      SELECT 1 FROM llm_attempt AS good
      WHERE good.ended AND good.status = 'ok' AND good.purpose = a.purpose AND good.item_id = a.item_id
        AND good.created_at >= a.created_at
        -- Ids of files of questions are the files' own: "1" in another file is another question.
        AND (left(a.run_id, 5) <> 'file-' OR good.run_id = a.run_id)
  ))
  AND (%(purpose)s::text IS NULL OR a.purpose = %(purpose)s)
  AND (%(run_id)s::text IS NULL OR a.run_id = %(run_id)s)
  AND (%(item_id)s::text IS NULL OR a.item_id = %(item_id)s)
  AND (%(since)s::timestamptz IS NULL OR a.created_at >= %(since)s)
  AND (%(statuses)s::text[] IS NULL OR a.status = ANY(%(statuses)s))
  AND (%(keys)s::text[] IS NULL OR a.key = ANY(%(keys)s) OR a.first_key = ANY(%(keys)s))
""")
_LIST = sql.SQL("""
SELECT coalesce(a.first_key, a.key), a.purpose, a.item_id, a.model, a.endpoint, a.status, a.error_class, a.error,
       a.run_id, a.drop_key, a.created_at, a.again_at
{last}
ORDER BY a.created_at DESC, a.id DESC LIMIT %(limit)s
""").format(last=_LAST)
_COUNT = sql.SQL("""
SELECT a.purpose, a.model, a.status, count(*), count(a.again_at) {last} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""").format(last=_LAST)
#: The last ended attempt of each request of the listed questions.
_TRIES = sql.SQL("""
SELECT DISTINCT ON (first, key) first, key, status, error_class, error, attempt, created_at, cost_usd FROM (
    SELECT key AS first, * FROM llm_attempt WHERE ended AND key = ANY(%(keys)s)
    UNION ALL
    SELECT first_key AS first, * FROM llm_attempt WHERE ended AND first_key = ANY(%(keys)s)
) AS tries
ORDER BY first, key, created_at DESC, id DESC
""")
_DUE = sql.SQL("SELECT a.key, a.first_key {last} AND a.again_at IS NOT NULL").format(last=_LAST)
_AGAIN = sql.SQL("""
WITH chosen AS (SELECT a.id, coalesce(a.first_key, a.key) AS first {last}),
     tries AS (
         SELECT first AS key FROM chosen
         UNION SELECT s.key FROM chosen JOIN llm_attempt AS s ON s.ended AND s.first_key = chosen.first
     ),
     freed AS (
         UPDATE llm_attempt AS old SET answered = false FROM tries
         WHERE old.key = tries.key AND old.answered AND NOT EXISTS (SELECT 1 FROM chosen WHERE chosen.id = old.id)
     )
UPDATE llm_attempt AS row SET answered = false, again_at = %(now)s FROM chosen
WHERE row.id = chosen.id AND row.again_at IS NULL
""").format(last=_LAST)


@dataclass(slots=True, frozen=True)
class Try:
    """One request of a question and how it ended last; ``attempts`` is the number of calls it took."""

    key: str
    status: Outcome
    error_class: str
    error: str
    attempts: int
    created_at: datetime
    cost_usd: Decimal | None


@dataclass(slots=True, frozen=True)
class Failure:
    """A question that ended without an answer.

    Attributes:
        key: Of the request as it was first put; names the failure for :func:`again`.
        status, error_class, error, created_at: Of the last try.
        again_at: Since when it is due to be asked anew.
        tries: Its requests in the order they were asked: the first, then what was asked in its place.
    """

    key: str
    purpose: str
    item_id: str
    model: str
    endpoint: str
    status: Outcome
    error_class: str
    error: str
    run_id: str
    drop_key: str
    created_at: datetime
    again_at: datetime | None
    tries: tuple[Try, ...] = ()

    @property
    def attempts(self) -> int:
        """Calls that were made for it."""
        return sum(one.attempts for one in self.tries)

    @property
    def cost_usd(self) -> Decimal | None:
        """What its tries' last calls cost together; ``None`` when nobody knows."""
        costs = [one.cost_usd for one in self.tries if one.cost_usd is not None]
        return sum(costs, Decimal(0)) if len(costs) == len(self.tries) else None


@dataclass(slots=True, frozen=True)
class FailureCount:
    """How many questions of one purpose and model ended in one class; ``due`` of them will be tried again."""

    purpose: str
    model: str
    status: Outcome
    count: int
    due: int


@dataclass(slots=True, frozen=True)
class Which:
    """Which failures are meant; conditions that are given must all hold, the empty object means every failure."""

    purpose: str | None = None
    run_id: str | None = None
    item_id: str | None = None
    since: datetime | None = None
    statuses: Sequence[Outcome] | None = None
    keys: Sequence[str] | None = None

    def values(self) -> dict[str, Any]:
        """Parameters of the statements."""
        return {
            "purpose": self.purpose,
            "run_id": self.run_id,
            "item_id": self.item_id,
            "since": self.since,
            "statuses": None if self.statuses is None else [str(status) for status in self.statuses],
            "keys": None if self.keys is None else list(self.keys),
        }


EVERY = Which()


def list_failures(dsn: str, which: Which = EVERY, *, limit: int = 100) -> list[Failure]:
    """The newest failures first.

    Raises:
        LedgerError: The database is out of reach or has no ledger.
    """
    rows = _run(dsn, _LIST, {**which.values(), "limit": limit})
    tries: dict[str, list[Try]] = {}
    if rows:
        for first, key, status, *rest in _run(dsn, _TRIES, {"keys": [row[0] for row in rows]}):
            tries.setdefault(first, []).append(Try(key, Outcome(status), *rest))
    return [
        Failure(*(*row[:5], Outcome(row[5]), *row[6:], tuple(sorted(tries[row[0]], key=lambda t: t.created_at))))
        for row in rows
    ]


def count_failures(dsn: str, which: Which = EVERY) -> list[FailureCount]:
    """Counts by purpose, model and class.

    Raises:
        LedgerError: The database is out of reach or has no ledger.
    """
    return [FailureCount(row[0], row[1], Outcome(row[2]), row[3], row[4]) for row in _run(dsn, _COUNT, which.values())]


def again(dsn: str, which: Which) -> int:
    """Marks failures so that the next run asks the model anew; returns how many were marked now.

    Idempotent: a failure that is marked already is not counted again. Nothing is deleted, what was paid stays booked.

    Raises:
        LedgerError: The database is out of reach or has no ledger.
    """
    with _connect(dsn) as connection:
        try:
            return connection.execute(_AGAIN, {**which.values(), "now": datetime.now(UTC)}).rowcount
        except psycopg.Error as error:
            raise LedgerError(f"The LLM ledger refused a statement: {error}") from error


def due(dsn: str, keys: Sequence[str]) -> set[str]:
    """Those of the keys whose question failed and waits to be asked anew, since a person said :func:`again`.

    Raises:
        LedgerError: The database is out of reach or has no ledger.
    """
    found = _run(dsn, _DUE, Which(keys=keys).values())
    return {key for row in found for key in row if key} & set(keys)


def _run(dsn: str, statement: sql.SQL | sql.Composed, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with _connect(dsn) as connection:
        try:
            return connection.execute(statement, values).fetchall()
        except psycopg.Error as error:
            raise LedgerError(f"The LLM ledger refused a statement: {error}") from error


def _connect(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        return psycopg.connect(dsn, autocommit=True, application_name="vitrina-llm-failures", connect_timeout=10)
    except psycopg.OperationalError as error:
        raise LedgerError(
            f"The LLM ledger cannot reach its database ({type(error).__name__}).", hint="Check DATABASE_URL."
        ) from error
