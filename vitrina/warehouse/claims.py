"""Who works on a product now: session advisory locks, which a killed process gives back at once.

Belongs here: taking and giving back. Stays out: what is done meanwhile. A claim in a table would outlive its holder
and need a timeout; these end with the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from zlib import crc32

import psycopg

from vitrina.config import get_settings
from vitrina.project.database import database_url, psycopg_dsn

#: The server's lock table holds 64 x max_connections entries (12,800 by default): claims go in groups.
CLAIM_GROUP = 1000


@contextmanager
def claimed(ids: Sequence[int], purpose: str) -> Iterator[frozenset[int]]:
    """The ids among these that nobody else works on for this purpose; given back at the end.

    Args:
        ids: At most :data:`CLAIM_GROUP`.
        purpose: Claims for different purposes do not meet.
    """
    kind = crc32(purpose.encode()) & 0x7FFFFFFF
    # A connection of its own: session locks on a pooled or transaction-bound one would leak or end early.
    with psycopg.connect(psycopg_dsn(database_url(get_settings())), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT id FROM unnest(%s::bigint[]) AS id WHERE pg_try_advisory_lock(%s, (id %% 2147483647)::int)",
            (list(ids), kind),
        ).fetchall()
        try:
            yield frozenset(row[0] for row in rows)
        finally:
            # Closing does not wait: on a busy server the session ends later, and the next run would find all taken.
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock_all()")


def groups(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Slices of at most :data:`CLAIM_GROUP`."""
    for start in range(0, len(ids), CLAIM_GROUP):
        yield ids[start : start + CLAIM_GROUP]
