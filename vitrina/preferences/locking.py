"""One writer of preferences at a time: collecting, importing and making datasets wait for each other.

Without it, a dataset made while votes are being collected would take what it has not read for what it has seen.
"""

from __future__ import annotations

from django.db import connection

_LOCK = 7_140_263


def alone() -> None:
    """Wait until no other transaction writes preferences; held to the end of this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
