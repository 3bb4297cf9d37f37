"""A desk of its own for a while: an embedded PostgreSQL in a temporary folder, migrated, planted, with its marts.

Belongs here: making and removing it, and serving its pages on loopback. Stays out: what is planted (``seeding``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from vitrina.config import get_settings
from vitrina.project.database import split_url
from vitrina.screenshots.seeding import Seeded, seed

DBT_FOLDER = Path(__file__).resolve().parents[2] / "dbt_like_sql"


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk. ``marts``: whether they could be built."""

    address: str
    seeded: Seeded
    marts: bool


@contextmanager
def scratch() -> Iterator[Desk]:
    """Serve a planted desk. Settings of this process point at it; call it in a process that does nothing else."""
    from vitrina.servers.testing import test_server

    with test_server() as server, tempfile.TemporaryDirectory(prefix="vitrina-desk-") as home:
        dsn = server.fresh_dsn()
        os.environ |= {"DATABASE_URL": dsn, "VITRINA_HOME": home, "DESK_PUBLIC_URL": ""}
        # In place of whatever the command line chose: pages need the desk's applications.
        os.environ["DJANGO_SETTINGS_MODULE"] = "vitrina.project.desk_settings"
        get_settings.cache_clear()
        (Path(home) / "static").mkdir()
        from vitrina.project.setup import migrate

        migrate()
        seeded = seed(files=True)
        marts = build_marts(dsn, Path(home))
        with _serving() as address:
            yield Desk(address, seeded, marts)
        from django.db import connections

        connections.close_all()


def session_cookie(user_id: int) -> dict[str, str]:
    """A cookie by which a person is signed in, without the sign-in page."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.get(pk=user_id)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return {"name": settings.SESSION_COOKIE_NAME, "value": str(store.session_key)}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Requests of the browser are no news."""


@contextmanager
def _serving() -> Iterator[str]:
    from vitrina.project.wsgi import application

    with make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def build_marts(dsn: str, home: Path) -> bool:
    """``dbt run`` on the scratch database; pages say what is missing where it fails."""
    database = split_url(dsn)
    variables = {
        "VITRINA_DBT_HOST": database["HOST"], "VITRINA_DBT_PORT": database["PORT"] or "5432",
        "VITRINA_DBT_USER": database["USER"] or "postgres", "VITRINA_DBT_PASSWORD": database["PASSWORD"],
        "VITRINA_DBT_DB": database["NAME"], "DO_NOT_TRACK": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "run", "--project-dir", str(DBT_FOLDER)]
    command += ["--profiles-dir", str(DBT_FOLDER), "--target-path", str(home / "dbt"), "--log-path", str(home / "log")]
    done = subprocess.run(  # noqa: S603 - our own command line
        command, cwd=DBT_FOLDER, env=os.environ | variables, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=300,
    )  # fmt: skip
    return done.returncode == 0
