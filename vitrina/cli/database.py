"""The database for a command: there and answering, or a sentence that says what to do.

Belongs here: the check before any query. Stays out: starting servers (``vitrina up``).
"""

from __future__ import annotations

import os

from vitrina.config import get_settings
from vitrina.errors import PermanentError
from vitrina.project.database import DatabaseUnavailable, database_url
from vitrina.project.setup import setup_django


class NotMigrated(PermanentError):
    """The database answers, and has no tables of the platform."""


def connected(*, desk: bool = False) -> None:
    """Make Django ready and the database answer.

    Args:
        desk: With the applications of the desk, which pipelines do without.

    Raises:
        DatabaseUnavailable: never started here, not running now, or out of reach.
        NotMigrated: it has no tables yet.
    """
    settings = get_settings()
    database_url(settings)  # before Django, which would try the machine's own server without one
    if desk:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrina.project.desk_settings")
    setup_django()
    from django.db import OperationalError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT to_regclass('catalog_drop') IS NOT NULL AND to_regclass('review_outbox') IS NOT NULL"
            )
            ready = cursor.fetchone()[0]
    except OperationalError as error:
        if settings.embedded_database:
            raise DatabaseUnavailable(
                "The embedded PostgreSQL is not running.", hint="Start the platform with `make up`, then ask again."
            ) from error
        said = " ".join(str(error).split())[:300]
        raise DatabaseUnavailable(
            f"The database does not answer: {said}", hint="Check DATABASE_URL; `vitrina doctor` tries it."
        ) from error
    if not ready:
        raise NotMigrated("The database has no tables of Vitrina yet.", hint="`make up` makes them.")
