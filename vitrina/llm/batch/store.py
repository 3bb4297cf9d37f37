"""What is remembered of batches, in PostgreSQL.

Belongs here: the statements over ``llm_batch`` and ``llm_batch_item``, and the lock that lets one process at a time
submit to and collect from an endpoint. Stays out: creating the tables (Django's migrations).
A batch's row and its items stand before anything is sent: that row is the idempotency record.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import zstandard
from psycopg.types.json import Jsonb

from vitrina.llm.batch import holds
from vitrina.llm.outcomes import LedgerError

_BATCH = """
INSERT INTO llm_batch (id, endpoint, path, model, status, remote_status, remote_id, input_file_id, requests, error,
                       run_id, created_at)
VALUES (%s, %s, %s, %s, 'prepared', '', '', '', %s, '', %s, %s)
"""
_ITEM = """
COPY llm_batch_item (batch_id, key, attempt, purpose, item_id, drop_key, status, request_body, held_usd, budgets)
FROM STDIN
"""
_OPEN = """
SELECT id, model, status, remote_id, run_id, requests, created_at FROM llm_batch
WHERE endpoint = %s AND status IN ('prepared', 'submitted') ORDER BY created_at
"""
_WAITING = """
SELECT item.key FROM llm_batch AS batch JOIN llm_batch_item AS item ON item.batch_id = batch.id
WHERE batch.endpoint = %s AND batch.status IN ('prepared', 'submitted') AND item.status = 'pending'
"""
_SUBMITTED = """
UPDATE llm_batch SET status = 'submitted', remote_id = %s, remote_status = %s, submitted_at = now() WHERE id = %s
"""
_ENDED = "UPDATE llm_batch SET status = %s, remote_status = %s, error = %s, ended_at = now() WHERE id = %s"
_LOCK_POLL_S = 0.5


@dataclass(slots=True)
class Item:
    """A request in a batch. ``body`` is what the ledger will keep of it; ``held_usd`` is set aside in ``budgets``."""

    key: str
    purpose: str
    item_id: str
    drop_key: str
    body: bytes
    attempt: int = 1
    held_usd: Decimal | None = None
    budgets: tuple[str, ...] = ()


@dataclass(slots=True)
class Batch:
    """A batch of ours, submitted or about to be."""

    endpoint: str
    path: str
    model: str
    run_id: str = ""
    requests: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    status: str = "prepared"
    remote_id: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class PostgresBatches:
    """Methods block, and open a connection each: they are few.

    Raises:
        LedgerError: From every method, when the database cannot be reached.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    @contextmanager
    def lock(self, endpoint: str, *, wait: bool = True) -> Iterator[bool]:
        """Held by one process at a time for each endpoint; given back by the server when its holder dies.

        Args:
            wait: For the one who has it; else ``False`` is given where another one has it.
        """
        number = int.from_bytes(hashlib.sha256(f"llm_batch/{endpoint}".encode()).digest()[:8], "big", signed=True)
        with self._connect() as connection:
            while True:
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
                got = row is not None and bool(row[0])
                if got or not wait:
                    break
                time.sleep(_LOCK_POLL_S)
            yield got

    def prepare(self, batch: Batch, items: Sequence[Item], *, holder: str = "") -> None:
        """Writes the batch and its items, in one transaction, before anything is sent.

        Args:
            holder: The process whose blocks of budgets the items' money comes from.
        """
        pack = zstandard.ZstdCompressor(level=3)
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for item in items:
            for name in item.budgets:
                sums[name] += item.held_usd or 0
        with self._connect() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                _BATCH,
                (
                    batch.id, batch.endpoint[:300], batch.path, batch.model[:200], len(items), batch.run_id[:100],
                    batch.created_at,
                ),
            )  # fmt: skip
            with cursor.copy(_ITEM) as copy:
                for item in items:
                    copy.write_row(
                        (
                            batch.id, item.key, item.attempt, _cut(item.purpose, 64), _cut(item.item_id, 200),
                            _cut(item.drop_key, 200), "pending", pack.compress(item.body), item.held_usd,
                            Jsonb(item.budgets),
                        )
                    )  # fmt: skip
            holds.take_over(connection, holder, sums)

    def uploaded(self, batch: Batch, file_id: str) -> None:
        """Notes the file's id."""
        with self._connect() as connection:
            connection.execute("UPDATE llm_batch SET input_file_id = %s WHERE id = %s", (file_id[:128], batch.id))

    def submitted(self, batch: Batch, remote_id: str, remote_status: str) -> None:
        """Notes that the provider has it."""
        batch.status, batch.remote_id = "submitted", remote_id
        with self._connect() as connection:
            connection.execute(_SUBMITTED, (remote_id[:128], remote_status[:32], batch.id))

    def open(self, endpoint: str) -> list[Batch]:
        """Batches of an endpoint that have not ended, oldest first, whoever submitted them."""
        with self._connect() as connection:
            rows = connection.execute(_OPEN, (endpoint[:300],)).fetchall()
        return [
            Batch(endpoint, "", row[1], row[4], row[5], id=row[0], status=row[2], remote_id=row[3], created_at=row[6])
            for row in rows
        ]

    def items(self, batch: Batch) -> dict[str, Item]:
        """The items of a batch that are under way, by key."""
        unpack = zstandard.ZstdDecompressor()
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT key, purpose, item_id, drop_key, request_body, attempt FROM llm_batch_item "
                "WHERE batch_id = %s AND status = 'pending'",
                (batch.id,),
            ).fetchall()
        return {row[0]: Item(row[0], row[1], row[2], row[3], unpack.decompress(bytes(row[4])), row[5]) for row in rows}

    def pending(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that are under way in some batch."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT key FROM llm_batch_item WHERE status = 'pending' AND key = ANY(%s)", (list(keys),)
            ).fetchall()
        return {row[0] for row in rows}

    def waiting(self, endpoint: str) -> frozenset[str]:
        """Keys of all requests that are under way in batches of an endpoint."""
        with self._connect() as connection:
            rows = connection.execute(_WAITING, (endpoint[:300],)).fetchall()
        return frozenset(row[0] for row in rows)

    def end(
        self,
        batch: Batch,
        *,
        status: str,
        ended: Sequence[str] = (),
        paid: Mapping[str, Decimal | None] | None = None,
        remote_status: str = "",
        error: str = "",
    ) -> None:
        """Closes a batch and settles what was set aside for it, in one transaction.

        Args:
            ended: Keys that have their rows in the ledger; the others came back without an answer.
            paid: What the rows cost, by key.
        """
        batch.status = status
        with self._connect() as connection, connection.transaction():
            items = connection.execute(
                # Bodies stand in the ledger's rows; who asks again makes them anew. A second copy would stay for ever.
                "UPDATE llm_batch_item SET status = CASE WHEN key = ANY(%s) THEN 'ended' ELSE 'unanswered' END, "
                "request_body = '' WHERE batch_id = %s AND status = 'pending' RETURNING key, held_usd, budgets",
                (list(ended), batch.id),
            ).fetchall()
            holds.settle(connection, items, paid or {})
            connection.execute(_ENDED, (status, remote_status[:32], error.replace("\x00", "")[:10_000], batch.id))

    @contextmanager
    def _connect(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with psycopg.connect(self._dsn, autocommit=True, application_name="vitrina-llm-batches") as connection:
                yield connection
        except psycopg.errors.UndefinedTable as error:
            raise LedgerError("The table of batches is missing.", hint="Run the migrations.") from error
        except psycopg.Error as error:
            raise LedgerError(
                f"What is known of batches cannot be read or written ({type(error).__name__}).",
                hint="Check DATABASE_URL, then start again: submitted batches are found again.",
            ) from error


def _cut(text: str, length: int) -> str:
    return text.replace("\x00", "")[:length]
