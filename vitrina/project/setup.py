"""Starting Django in a process that is not a web server: assets, sensors, the command line, tests."""

from __future__ import annotations

import os


def setup_django() -> None:
    """``django.setup()`` once; cheap when it is done already. Old connections are closed so that a database
    that was restarted since the last call is met by a new connection (measured: without it every later call of a
    long-lived process fails).
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrina.project.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    from django.db import close_old_connections

    close_old_connections()


def migrate() -> None:
    """Bring every table to the newest migration; a no-op when it stands.

    Where a migration is due, the staging views of the marts go first: PostgreSQL refuses to change a column that a
    view reads. The next build of the marts makes them again.
    """
    setup_django()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.loader.applied_migrations and executor.migration_plan(executor.loader.graph.leaf_nodes()):
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS marts_staging CASCADE")
    call_command("migrate", interactive=False, verbosity=0)
