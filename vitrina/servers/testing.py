"""A throw-away PostgreSQL for a test session, and fresh databases in it.

What belongs here: what tests of any room need from the server. What stays out: fixtures (``tests/conftest.py``)
and anything that production uses.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from vitrina.servers.locks import locked
from vitrina.servers.postgres import Connection, EmbeddedPostgres

# Nothing here outlives the session, so nothing need reach the disk
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
#: In memory a database of 1,000 files is copied in 22 ms, on a disk in 70 to 160.
_NAME = "vitrina-test-"
_MEMORY, _ENOUGH_MEMORY = Path("/dev/shm"), 4_000_000_000  # noqa: S108 - a folder of our own is made in it


@dataclass(slots=True)
class TestServer:
    """One server of a test session.

    ``migrate`` (given to :meth:`template`) runs once; every :meth:`fresh_database` is a copy of what it made.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    server: EmbeddedPostgres
    connection: Connection
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.connection.dsn_socket("postgres"), autocommit=True)

    def template(self, migrate: Callable[[str], None], *, name: str = "migrated") -> str:
        """Make a template database once; later calls return at once, and those of other processes wait.

        ``migrate`` gets its socket DSN, and must close its connections, since a database in use cannot be copied.
        """
        with locked(self.server.home / f"{name}.lock"), self._admin() as admin:
            made = admin.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name]).fetchone()
            if made == (True,):
                return name
            if made is not None:  # by somebody who did not get to its end
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            dsn = self.connection.dsn_socket(name)
            with psycopg.connect(dsn, autocommit=True) as session:
                session.execute("CREATE EXTENSION IF NOT EXISTS vector")
            migrate(dsn)
            admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
        return name

    def fresh_database(self, *, template: str | None = None) -> str:
        """Make a database of its own (about 30 ms) and return its name.

        Args:
            template: a name that :meth:`template` returned; None gives an empty database.
        """
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        source = sql.Identifier(template or "template1")
        with self._admin() as admin:
            query = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            admin.execute(query.format(sql.Identifier(name), source))
        return name

    def fresh_dsn(self, *, template: str | None = None) -> str:
        """As :meth:`fresh_database`, but the socket DSN of it."""
        return self.connection.dsn_socket(self.fresh_database(template=template))

    def drop_database(self, name: str) -> None:
        """Remove a database, ending whoever still uses it."""
        with self._admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _fast_place() -> Path | None:
    """Memory where there is plenty of it (a container often has 64 MB); else wherever temporary files go."""
    try:
        free = shutil.disk_usage(_MEMORY).free
    except OSError:
        return None
    if free < _ENOUGH_MEMORY or not os.access(_MEMORY, os.W_OK):
        return None
    for left in _MEMORY.glob(f"{_NAME}*"):  # of a session that was killed; memory is dearer than a disk
        owner = left.name.removeprefix(_NAME).split("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)  # a server that lost its folder ends within a minute
    return _MEMORY


def make_folder() -> Path:
    """A folder for :func:`server_in`, in memory where there is plenty."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=_fast_place()))
    folder.chmod(0o711)  # the server's user must pass through it when root runs the tests
    return folder


def server_in(folder: Path) -> TestServer:
    """The server of a folder, started by whoever asks first: the workers of a parallel run share one."""
    server = EmbeddedPostgres(folder / "home", settings=FAST_SETTINGS)
    return TestServer(server=server, connection=server.start())


def end_server(folder: Path) -> None:
    """Stop the folder's server, if one was ever asked for, and remove the folder."""
    if (folder / "home").is_dir():
        server = EmbeddedPostgres(folder / "home", settings=FAST_SETTINGS)
        server.stop()
        server.remove_data()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def test_server() -> Iterator[TestServer]:
    """Start a server in a temporary folder, and stop and remove it afterwards. Several may run at once."""
    folder = make_folder()
    try:
        yield server_in(folder)
    finally:
        end_server(folder)


test_server.__test__ = False  # type: ignore[attr-defined]  # imported into test modules, yet no test
