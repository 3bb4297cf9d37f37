"""Who may write which table: the database roles of the pipelines and of the desk.

Belongs here: the two roles, their rights by application and table, and granting them. Stays out: the owner of the
tables, who migrates, and people's roles at the desk (:mod:`vitrina.accounts.access`).

The owner makes tables. Dagster's processes act as ``vitrina_pipeline``: they read what people decided and cannot
change it, and they see nobody's password, session or key. The desk acts as ``vitrina_desk``: it changes rows, and no
table. Both are roles without a log-in: whoever logs in as a member of one takes it on (``DATABASE_ROLE``).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from vitrina.project.roles import DESK, PIPELINE

#: Applications of the pipelines: their tables are written by Dagster's processes.
PIPELINE_APPS = frozenset(
    {"catalog", "categories", "content", "images", "vectors", "llm", "preferences", "models_registry", "drift"}
)
#: People's side: what pipelines may do there, by table. A table that is not named they may read.
PIPELINE_RIGHTS: dict[str, tuple[str, ...]] = {
    # Questions to people are theirs, and so is taking one back.
    "review_reviewitem": ("INSERT", "UPDATE", "DELETE"),
    "review_responsepair": ("INSERT", "UPDATE", "DELETE"),
    "review_batch": ("INSERT", "UPDATE"),
    "review_batch_members": ("INSERT", "DELETE"),
    "review_guidelinesversion": ("INSERT",),
    # Who votes gets a pseudonym when somebody first asks for it.
    "review_annotator": ("INSERT",),
    # Leases and passes over the queue that have run out.
    "review_lease": ("UPDATE", "DELETE"),
    "review_setaside": ("INSERT", "DELETE"),
    "review_watermark": ("INSERT", "UPDATE", "DELETE"),
    # Which approvals are looked at again is drawn where they take effect.
    "review_secondlook": ("INSERT", "UPDATE"),
    # Of a decision nothing changes but the version that an edit became; of an outbox row, that it was acted on.
    "review_decision": ("UPDATE (version_id)",),
    "review_outbox": ("UPDATE (consumed_by, consumed_at, problem)",),
}
#: Applications that pipelines do not see: passwords, sessions, keys, addresses of people, what was clicked.
HIDDEN_APPS = frozenset({"auth", "sessions", "admin", "account", "mfa", "socialaccount", "axes", "accounts", "api"})
#: … but for who is who: ids and names, without passwords.
NAMES_OF_PEOPLE = ("id", "username", "first_name", "last_name", "email", "is_active")
#: Applications whose tables both roles may read.
COMMON_APPS = frozenset({"contenttypes"})

#: Schemas that dbt makes as the pipelines' role.
MARTS = ("marts", "marts_staging")
_EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
_LOCK = 0x76697472  # one grant at a time: two at once fail with "tuple concurrently updated"

logger = logging.getLogger(__name__)


def pipeline_rights(app: str, table: str) -> tuple[str, ...]:
    """What the pipelines' role may do with a table of an application.

    Raises:
        LookupError: The application is named nowhere in this module.
    """
    if app in PIPELINE_APPS:
        return _EVERYTHING
    if app == "review":
        return ("SELECT", *PIPELINE_RIGHTS.get(table, ()))
    if table == "auth_user":
        return (f"SELECT ({', '.join(NAMES_OF_PEOPLE)})",)
    if app in COMMON_APPS:
        return ("SELECT",)
    if app in HIDDEN_APPS:
        return ()
    raise LookupError(f"The application {app} is not named in {__name__}: say whether pipelines may write it.")


def grant_rights(**_: Any) -> None:
    """Make the two roles and give them their rights, after each migration; what they had too much is taken away.

    Without the right to make roles, and where nobody made them (docs/operating.md), nothing is granted, and every
    process acts as the owner of the tables.
    """
    if connection.vendor != "postgresql":
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not _roles_stand(cursor):
            logger.warning("This database role may not make roles: pipelines and desk act as the owner of the tables.")
            return
        for statement in _grants(connection.settings_dict["NAME"], connection.introspection.table_names(cursor)):
            cursor.execute(statement)
        # Only a member may give to the role, or speak for it: who made it is one.
        cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [PIPELINE])
        if cursor.fetchone() == (True,):
            for statement in _default_rights():
                cursor.execute(statement)
            _hand_over_marts(cursor)
    _let_watch()


def _let_watch() -> None:
    """Log-ins of their own share limits of calls: each must see whether the other's process lives, and end a hung one.

    Where that is not the owner's to give, a process of one log-in is never taken for dead by the other's.
    """
    with contextlib.suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        for right in ("pg_read_all_stats", "pg_signal_backend"):
            words = sql.SQL("GRANT {} TO {}, {}")
            cursor.execute(words.format(*map(sql.Identifier, (right, PIPELINE, DESK))))


def _roles_stand(cursor: Any) -> bool:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[PIPELINE, DESK]])
    missing = {PIPELINE, DESK} - {name for (name,) in cursor.fetchall()}
    cursor.execute("SELECT rolsuper OR rolcreaterole, rolsuper FROM pg_roles WHERE rolname = current_user")
    may_make, superuser = cursor.fetchone()
    if missing and not may_make:
        return False
    for name in sorted(missing):
        # Roles are the whole server's: another of its databases may be migrated at this moment.
        cursor.execute(
            sql.SQL("""
            DO $$ BEGIN CREATE ROLE {} NOLOGIN;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$""").format(sql.Identifier(name))
        )
        if not superuser:
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
    return True


def _grants(database: str, there: list[str]) -> Iterator[sql.Composed]:
    pipeline, desk = sql.Identifier(PIPELINE), sql.Identifier(DESK)
    both = sql.SQL(", ").join([pipeline, desk])
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(both)
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(both)
    yield sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(database), pipeline)
    if "django_migrations" in there:
        yield sql.SQL("GRANT SELECT ON django_migrations TO {}").format(both)
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if not model._meta.managed or table not in there:
            continue
        rights = pipeline_rights(model._meta.app_label, table)
        if rights:
            yield _grant(rights, table, pipeline)
        yield _grant(_EVERYTHING, table, desk)
    yield sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(both)


def _default_rights() -> Iterator[sql.Composed]:
    pipeline, desk = sql.Identifier(PIPELINE), sql.Identifier(DESK)
    # What dbt makes anew with each build, the desk may read.
    yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT USAGE ON SCHEMAS TO {}").format(pipeline, desk)
    yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO {}").format(pipeline, desk)


def _grant(rights: tuple[str, ...], table: str, role: sql.Identifier) -> sql.Composed:
    # The words are this module's own constants.
    return sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(", ".join(rights)), sql.Identifier(table), role)  # type: ignore[arg-type]


def _hand_over_marts(cursor: Any) -> None:
    """Marts that were built before there were roles belong to the owner, and dbt could not replace them."""
    cursor.execute(
        "SELECT n.nspname, NULL FROM pg_namespace n WHERE n.nspname = ANY(%(marts)s) "
        "AND pg_get_userbyid(n.nspowner) <> %(role)s UNION ALL "
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ANY(%(marts)s) AND c.relkind IN ('r', 'v', 'm') AND pg_get_userbyid(c.relowner) <> %(role)s",
        {"marts": list(MARTS), "role": PIPELINE},
    )
    role, desk = sql.Identifier(PIPELINE), sql.Identifier(DESK)
    for schema, relation in cursor.fetchall():
        if relation is None:
            cursor.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.Identifier(schema), role))
            cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), desk))
        else:
            place = sql.Identifier(schema, relation)
            cursor.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(place, role))
            cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(place, desk))
