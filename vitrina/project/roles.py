"""The two roles of the platform's database, by name, and whether a log-in may take them on.

Belongs here: what is asked before a process is started. Stays out: their rights (:mod:`vitrina.project.rights`).
"""

from __future__ import annotations

import psycopg

from vitrina.project.database import psycopg_dsn

PIPELINE, DESK = "vitrina_pipeline", "vitrina_desk"


def usable_roles(url: str) -> frozenset[str]:
    """Which of the two roles the URL's user may take on: none where its server has none, or it is no member.

    Raises:
        psycopg.Error: The database does not answer.
    """
    query = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND pg_has_role(current_user, oid, 'MEMBER')"
    with psycopg.connect(psycopg_dsn(url), autocommit=True, connect_timeout=10) as session:
        return frozenset(name for (name,) in session.execute(query, [[PIPELINE, DESK]]))
