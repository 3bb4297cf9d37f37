"""The ledger's database for a command: started when it is embedded and does not run, with the tables it needs.

Belongs here: making it ready and leaving it as it was. Stays out: what commands do with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vitrina.config import Settings
from vitrina.project.database import DatabaseUnavailable, database_url, psycopg_dsn
from vitrina.project.setup import setup_django
from vitrina.servers.postgres import EmbeddedPostgres

#: Two commands that start together must not migrate together.
_LOCK = 0x76_6C_6C_6D


@contextmanager
def ledger_database(settings: Settings, *, make: bool = True) -> Iterator[None]:
    """The platform's database with the tables of the ledger. The embedded server stops again with its last user.

    Args:
        make: Make what is missing; ``False`` for commands that only report.

    Raises:
        DatabaseUnavailable: It does not answer; or nothing was ever asked here, and ``make`` is false.
    """
    if not settings.embedded_database:
        _migrate(settings)
        yield
        return
    server = EmbeddedPostgres(settings.vitrina_home)
    if not make and server.known_url() is None:
        raise DatabaseUnavailable(
            "There is no ledger here yet: no model was ever asked from this folder.",
            hint="VITRINA_HOME or DATABASE_URL name another place.",
        )
    with server.session():
        _migrate(settings)
        yield


def _migrate(settings: Settings) -> None:
    """The migrations of the gateway's tables alone: a platform on an older version keeps the rest as it is."""
    import psycopg

    dsn = psycopg_dsn(database_url(settings))
    setup_django()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as lock:
            lock.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            executor = MigrationExecutor(connection)
            targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "llm"]
            if executor.migration_plan(targets):
                call_command("migrate", "llm", interactive=False, verbosity=0)
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())[:300]
        raise DatabaseUnavailable(
            f"The database does not answer: {said}", hint="Check DATABASE_URL; `vitrina doctor` tries it."
        ) from error
    finally:
        connection.close()
