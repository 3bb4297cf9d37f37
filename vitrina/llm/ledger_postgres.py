"""The ledger in PostgreSQL, over a psycopg connection of its own.

Belongs here: the statements over the table ``llm_attempt``. Stays out: creating or changing it (Django's migrations).
The engine runs beside Django, in threads that Django's connections must not cross, hence psycopg and a DSN.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any, TypeVar

import psycopg
import zstandard

from vitrina.llm.ledger import Attempt, Spend, StoredReply
from vitrina.llm.outcomes import LedgerError, Outcome, Usage

T = TypeVar("T")

_COLUMNS = """
    id, key, attempt, kind, purpose, item_id, endpoint, provider, model, status, answered, ended,
    error_class, error, http_status, request_id, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens,
    tokens_estimated, cost_usd, cost_known, price_source, latency_ms, run_id, drop_key, created_at,
    request_body, reply_body, content, batch_id, holder, first_key, cache_write_tokens
"""
_COPY = f"COPY llm_attempt ({_COLUMNS}) FROM STDIN"
_INSERT = f"""
INSERT INTO llm_attempt ({_COLUMNS}) VALUES ({", ".join(["%b"] * len(_COLUMNS.split(",")))})
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608 - constants
_LOOKUP = """
SELECT DISTINCT ON (key) key, status, model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens,
       tokens_estimated, cost_usd, latency_ms, content, reply_body, error, error_class, cache_write_tokens
FROM llm_attempt WHERE answered AND key = ANY(%s) ORDER BY key, created_at DESC, id DESC
"""
_SPENT = """
SELECT coalesce(sum(cost_usd), 0), count(*) FILTER (WHERE NOT cost_known), count(*) FROM llm_attempt
WHERE (%(purpose)s::text IS NULL OR purpose = %(purpose)s)
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
  AND (%(run_id)s::text IS NULL OR (run_id = %(run_id)s AND run_id <> ''))
"""
#: Purposes one by one along their index, and of each its newest rows: the table may have millions.
_RECENT = """
WITH RECURSIVE purposes AS (
    (SELECT purpose FROM llm_attempt ORDER BY purpose LIMIT 1)
    UNION ALL
    SELECT (SELECT a.purpose FROM llm_attempt AS a WHERE a.purpose > p.purpose ORDER BY a.purpose LIMIT 1)
    FROM purposes AS p WHERE p.purpose IS NOT NULL
)
SELECT p.purpose, r.model, r.completion_tokens FROM purposes AS p CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT model, completion_tokens, created_at, id, kind, answered, tokens_estimated
        FROM llm_attempt AS a WHERE a.purpose = p.purpose ORDER BY created_at DESC LIMIT 200
    ) AS newest WHERE kind = 'chat' AND answered AND NOT tokens_estimated AND completion_tokens > 0
) AS r ORDER BY r.created_at, r.id
"""
#: A lost connection is opened again this often, so that a restart of the server costs no paid answer.
_PATIENCE_S = (0.2, 1.0, 3.0, 8.0)
_MAX_BODY = 512 * 1024 * 1024


class PostgresLedger:
    """Reads and writes ``llm_attempt``. Safe to use from several threads, one statement at a time.

    Args:
        dsn: ``postgresql://…`` or a key-value string of libpq.

    Raises:
        LedgerError: From every method, when the database cannot be reached or the table is missing.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = Lock()
        self._pack = zstandard.ZstdCompressor(level=3)
        self._unpack = zstandard.ZstdDecompressor()

    @property
    def dsn(self) -> str:
        """Where the ledger is: processes share their limits there too."""
        return self._dsn

    def lookup(self, keys: Sequence[str]) -> Mapping[str, StoredReply]:
        # Not prepared: a generic plan cannot hash the list of keys, and 500 of them took 310 ms in place of 10.
        rows = self._run(lambda connection: connection.execute(_LOOKUP, (list(keys),), prepare=False).fetchall())
        return {row[0]: self._stored(row) for row in rows}

    def record(self, attempts: Sequence[Attempt]) -> None:
        rows = [self._row(attempt) for attempt in attempts]

        def write(connection: psycopg.Connection[Any]) -> None:
            # One statement is one transaction. For groups of ten, 47 µs a row here and 45 in the server, where
            # prepared inserts take 56 and 60.
            with connection.cursor() as cursor:
                try:
                    with cursor.copy(_COPY) as copy:
                        for row in rows:
                            copy.write_row(row)
                except psycopg.errors.UniqueViolation:  # they stand already, and that was not heard of
                    with connection.transaction():
                        cursor.executemany(_INSERT, rows)

        self._run(write)

    def spent(self, purpose: str | None = None, since: datetime | None = None, *, run_id: str | None = None) -> Spend:
        values = {"purpose": purpose, "since": since, "run_id": run_id}
        row = self._run(lambda connection: connection.execute(_SPENT, values).fetchone())
        return Spend(Decimal(row[0]), row[1], row[2]) if row else Spend(Decimal(0), 0, 0)

    def recent_answers(self) -> Sequence[tuple[str, str, int]]:
        return self._run(lambda connection: connection.execute(_RECENT).fetchall())

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        with self._lock:
            for pause in (*_PATIENCE_S, None):
                try:
                    return work(self._connect())
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    # Rows carry their own id, so a group whose commit was not heard of is simply written again.
                    if self._connection is not None:
                        self._connection.close()
                        self._connection = None
                    if pause is None:
                        raise LedgerError(
                            f"The LLM ledger cannot reach its database ({type(error).__name__}).",
                            hint="Check DATABASE_URL and that PostgreSQL runs, then start again: what stands is kept.",
                        ) from error
                    time.sleep(pause)
                except psycopg.errors.UndefinedTable as error:
                    raise LedgerError("The LLM ledger's table is missing.", hint="Run the migrations.") from error
                except psycopg.Error as error:
                    raise LedgerError(f"The LLM ledger refused a statement: {error}") from error
        raise AssertionError("unreachable")

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._dsn, autocommit=True, application_name="vitrina-llm-ledger")
        return self._connection

    def _row(self, a: Attempt) -> tuple[Any, ...]:
        usage = a.usage
        return (
            a.id,
            a.key,
            a.attempt,
            a.kind,
            _cut(a.purpose, 64),
            _cut(a.item_id, 200),
            _cut(a.endpoint, 300),
            _cut(a.provider, 64),
            _cut(a.model, 200),
            str(a.status),
            a.answered,
            a.ended,
            _cut(a.error_class, 100),
            _cut(a.error, 10_000),
            a.http_status,
            _cut(a.request_id, 200),
            usage.prompt,
            usage.completion,
            usage.cached,
            usage.reasoning,
            usage.estimated,
            a.cost_usd,
            a.cost_usd is not None,
            _cut(a.price_source, 120),
            a.latency_ms,
            _cut(a.run_id, 100),
            _cut(a.drop_key, 200),
            a.created_at,
            None if a.request_body is None else self._pack.compress(a.request_body),
            None if a.reply_body is None else self._pack.compress(a.reply_body),
            None if a.content is None else a.content.replace("\x00", ""),
            a.batch_id,
            a.holder,
            a.first_key,
            usage.cache_write,
        )

    def _stored(self, row: tuple[Any, ...]) -> StoredReply:
        body = row[11]
        return StoredReply(
            key=row[0],
            status=Outcome(row[1]),
            model=row[2],
            usage=Usage(row[3], row[4], row[5], row[6], row[7], row[14]),
            cost_usd=row[8],
            latency_ms=row[9],
            content=row[10],
            reply_body=None if body is None else self._unpack.decompress(bytes(body), max_output_size=_MAX_BODY),
            error=row[12],
            error_class=row[13],
        )


def _cut(text: str, length: int) -> str:
    """Fits a text into its column: a paid answer is not lost to a long name. PostgreSQL takes no NUL in text."""
    return text.replace("\x00", "")[:length]
