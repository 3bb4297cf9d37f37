"""Where the platform's database is: a URL from the settings, or the embedded server's socket.

Belongs here: the translation of one URL to Django's and psycopg's forms. Stays out: starting servers.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError


class DatabaseUnavailable(VitrinaError):
    """No database to talk to: the embedded server does not run and no URL is set."""


def database_url(settings: Settings) -> str:
    """The URL of the platform's database, with the role that this process acts as (``DATABASE_ROLE``).

    Raises:
        DatabaseUnavailable: embedded mode and the server has never been started.
    """
    if settings.database_url is not None:
        return with_role(settings.database_url.get_secret_value(), settings.database_role)
    from vitrina.servers.postgres import EmbeddedPostgres

    url = EmbeddedPostgres(settings.vitrina_home).known_url()
    if url is None:
        raise DatabaseUnavailable(
            "The embedded PostgreSQL has not been started here yet.", hint="Run `make demo` or `make up` first."
        )
    return with_role(url, settings.database_role)


def with_role(url: str, role: str) -> str:
    """The URL whose sessions take on a role when they begin; the URL itself where none is given."""
    if not role:
        return url
    place, _, given = url.partition("?")  # urlunsplit would lose the empty host of a socket's URL
    query = dict(parse_qsl(given))
    query["options"] = f"{query.get('options', '')} -c role={role}".strip()
    return f"{place}?{urlencode(query, quote_via=quote)}"


def as_login(dsn: str) -> str:
    """The URL or key-value string without :func:`with_role`: for sessions that watch over others of their log-in.

    PostgreSQL shows a session's beginning, and lets it be ended, to its log-in alone; a role that was taken on later
    does not even see its own.
    """
    given = conninfo_to_dict(dsn)
    options = re.sub(r"-c role=\S+", "", str(given.pop("options", ""))).strip()
    return make_conninfo("", **given, **({"options": options} if options else {}))


def split_url(url: str) -> dict[str, Any]:
    """A ``postgresql://`` URL as Django's ``DATABASES`` entry (``host`` in the query may be a socket folder).

    Raises:
        PermanentError: the URL is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise PermanentError(
            f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://.",
            hint="Vitrina keeps everything relational in PostgreSQL.",
        )
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or parts.hostname or ""
    port = query.pop("port", None) or (str(parts.port) if parts.port else "")
    return {
        "ENGINE": "vitrina.project.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        # A pooled connection outlives its server in long-lived daemons; a new one costs 3 ms on the socket.
        "CONN_MAX_AGE": 0,
        "OPTIONS": query,
    }


def django_database(settings: Settings) -> dict[str, Any]:
    """Django's entry; an empty one while no database is known, so that settings load before the first start."""
    try:
        return split_url(database_url(settings))
    except DatabaseUnavailable:
        return {"ENGINE": "vitrina.project.postgresql", "NAME": "vitrina", "CONN_MAX_AGE": 0}


def psycopg_dsn(url: str) -> str:
    """The URL as psycopg takes it (SQLAlchemy's ``+driver`` removed)."""
    scheme, rest = url.split("://", 1)
    return f"{scheme.split('+')[0]}://{rest}"
