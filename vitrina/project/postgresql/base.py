"""Django's PostgreSQL engine that does not keep a dead connection.

Belongs here: noticing that the server has gone. Stays out: everything else about the database. Django looks at its
connections between web requests only; a step that is tried again, or a sensor's thread, would meet the connection
that failed it for as long as the process lives.
"""

from __future__ import annotations

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Opens a new connection when the former one is closed and no transaction depends on it."""

    def ensure_connection(self) -> None:
        """Guarantees a connection that was alive at its last use."""
        if self.connection is not None and not self.in_atomic_block and self.connection.closed:
            self.close()
        super().ensure_connection()
