"""One worker at a time for a piece of the vectors, over all processes and machines.

Belongs here: a lock by name in the database; a killed process gives it back at once. Stays out: the lock of the
embedded index's files (``locking``), which is held for parts of a second only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from vitrina.config import get_settings
from vitrina.project.database import database_url, psycopg_dsn


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Wait for the lock of this name, hold it for the block."""
    # A connection of its own: a session lock on a pooled one would leak or end early.
    with psycopg.connect(psycopg_dsn(database_url(get_settings())), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"vitrina vectors {name}",))
        yield
