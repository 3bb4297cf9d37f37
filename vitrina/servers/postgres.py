"""The embedded PostgreSQL: one server per home folder, for development, the demo, tests and CI.

What belongs here: making, starting, finding and stopping that server. What stays out: schemas (Django's
migrations), and production, which gives ``DATABASE_URL`` and never comes here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from vitrina.errors import PermanentError, RetryableError
from vitrina.servers.locks import FileLock, locked
from vitrina.servers.pgbinaries import Binaries, ServerUser, find_binaries, run_as
from vitrina.servers.pgcluster import make_cluster, prepare_databases
from vitrina.servers.pgconnection import (
    DEFAULT_SETTINGS,
    LOG_LIMIT,
    START_SECONDS,
    Connection,
    PidFile,
    conf_value,
    postmaster,
    working_in,
    write_file,
)
from vitrina.servers.pgplaces import Places, choose_places, socket_folder
from vitrina.servers.processes import ProcessId, free_port, port_is_free


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What stands now. ``pid`` and ``connection`` are None unless the server runs."""

    running: bool
    data: Path
    pid: int | None = None
    connection: Connection | None = None


class EmbeddedPostgres:
    """The server of one home folder.

    Args:
        home: the folder that everything is made in (``.vitrina``); it may hold spaces and any letters.
        binaries: a folder of PostgreSQL programs; by default ``VITRINA_PG_BIN``, then the wheel's.
        settings: server settings that replace the defaults (tests turn fsync off).

    Any number of processes may use one home: starts and stops are serialised, a second start uses what runs.
    """

    def __init__(self, home: Path, *, binaries: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.absolute()
        self.run_dir = self.home / "run"
        self.log = self.home / "log" / "postgres.log"
        configured = binaries or (Path(os.environ["VITRINA_PG_BIN"]) if os.environ.get("VITRINA_PG_BIN") else None)
        self._configured = configured
        self._settings = {**DEFAULT_SETTINGS, **(settings or {})}
        self._server_user = ServerUser.needed()

    # -- finding -------------------------------------------------------------------------------------

    def status(self) -> ServerStatus:
        """Whether the server runs, judged by the process and not by the pid file. Starts and makes nothing."""
        if not self.home.is_dir():
            return ServerStatus(running=False, data=self.home / "postgres")
        places = self._places()
        pid = postmaster(places.data)
        if pid is None:
            return ServerStatus(running=False, data=places.data)
        return ServerStatus(running=True, data=places.data, pid=pid, connection=self._read_connection(places))

    def connection(self) -> Connection:
        """How to reach the running server. Raises RetryableError when it does not run."""
        found = self.status().connection
        if found is None:
            raise RetryableError("The embedded PostgreSQL is not running.", hint="Start it with `vitrina up`.")
        return found

    def known_url(self, database: str = "vitrina") -> str | None:
        """The socket DSN of the last start, None when there was none. Reads one file and starts nothing."""
        try:
            known = json.loads((self.run_dir / "postgres.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return Connection(Path(known["socket_dir"]), known["port"], "").dsn_socket(database)

    def _places(self) -> Places:
        return choose_places(self.home, self._server_user)

    def _read_connection(self, places: Places) -> Connection | None:
        said = PidFile.read(places.data)
        if said.port is None or said.socket_dir is None:
            return None
        secret = self.run_dir / "postgres.password"
        return Connection(
            socket_dir=said.socket_dir,
            port=said.port,
            password=secret.read_text(encoding="utf-8") if secret.is_file() else "",
            note=places.note,
        )

    # -- starting ------------------------------------------------------------------------------------

    def start(self) -> Connection:
        """Start the server, or use the one that runs; make the data folder and the databases when missing.

        Raises PermanentError when it cannot start (with the end of its log), RetryableError when the lock is held.
        """
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.run_dir / "postgres.lock"):
            return self._start_locked()

    def _start_locked(self) -> Connection:
        places = self._places()
        if postmaster(places.data) is None:
            binaries = find_binaries(self._configured, self._server_user, (places.outside or self.run_dir) / "pgsql")
            self._clear_stale_pid_file(places)
            make_cluster(places.data, binaries, self._server_user)
            self._launch(places, binaries)
        connection = self._read_connection(places)
        if connection is None:
            raise PermanentError("PostgreSQL runs but does not say where.", hint=f"See {self.log}.")
        return prepare_databases(connection, self.run_dir / "postgres.password")

    def _clear_stale_pid_file(self, places: Places) -> None:
        """Remove a pid file whose number lives on as something else, or as a zombie.

        PostgreSQL itself recovers from a dead number, and checks for orphaned backends while it does. A
        living number makes it refuse, so then that check is done here.
        """
        pid = PidFile.read(places.data).pid
        if pid is None or not psutil.pid_exists(pid):
            return
        deadline = time.monotonic() + 20
        while orphans := working_in(places.data):
            if time.monotonic() > deadline:
                raise RetryableError(
                    f"Processes of a former PostgreSQL still work in {places.data}: {orphans}.",
                    hint="Wait until they end, or end them.",
                )
            time.sleep(0.1)
        (places.data / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self, places: Places, binaries: Binaries) -> None:
        remembered = self.run_dir / "postgres.json"
        port = json.loads(remembered.read_text())["port"] if remembered.is_file() else 0
        if not port or not port_is_free(port):
            port = free_port()
        socket_dir = str(socket_folder(self.home, self._server_user))
        values = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": socket_dir,
        }
        # a file and not `pg_ctl -o`: that string goes through a shell, and paths may hold anything
        write_file(places.data / "vitrina.conf", "".join(f"{name} = {conf_value(v)}\n" for name, v in values.items()))
        write_file(remembered, json.dumps({"port": port, "socket_dir": socket_dir}))
        if self.log.is_file() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("a", encoding="utf-8") as log:
            # the descriptor is ours, so the log may lie where the server's user could not open it
            command = [binaries.path("pg_ctl"), "-s", "-w", "-t", str(START_SECONDS), "-D", str(places.data), "start"]
            done = run_as(self._server_user, command, timeout_s=START_SECONDS + 30, output=log.fileno())
        if done.returncode != 0 or postmaster(places.data) is None:
            tail = self.log.read_text(encoding="utf-8", errors="replace")[-800:].strip()
            raise PermanentError(f"PostgreSQL did not start. The end of its log: {tail}", hint=f"See {self.log}.")

    # -- stopping ------------------------------------------------------------------------------------

    def stop(self, *, timeout_s: int = 60) -> bool:
        """Stop the server (fast: transactions are rolled back, data are flushed). False when none ran.

        Raises RetryableError when it still runs after ``timeout_s`` seconds.
        """
        if not self.home.is_dir():
            return False
        with locked(self.run_dir / "postgres.lock"):
            return self._stop_locked(timeout_s)

    def _stop_locked(self, timeout_s: int = 60) -> bool:
        places = self._places()
        pid = postmaster(places.data)
        if pid is None:
            return False
        server = ProcessId.of(pid)
        # SIGINT is PostgreSQL's "fast": what `pg_ctl stop -m fast` sends, to a process that was just verified
        if (process := server.process()) is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)
        # psutil's wait() ends when the dead one was reaped: in a container that may take a second, or for ever
        deadline = time.monotonic() + timeout_s
        while server.process() is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        if postmaster(places.data) is not None:
            raise RetryableError(f"PostgreSQL (pid {pid}) did not stop in {timeout_s} s.", hint=f"See {self.log}.")
        return True

    def _stop_starting(self, seconds: float = 2.0) -> None:
        places, deadline = self._places(), time.monotonic() + seconds
        while not self._stop_locked() and places.data.is_dir() and time.monotonic() < deadline:
            time.sleep(0.1)

    def remove_data(self) -> None:
        """Remove the stopped server's data, its socket folder, and what lies outside of the home folder."""
        if not self.home.is_dir():
            return
        with locked(self.run_dir / "postgres.lock"):
            places = self._places()
            if postmaster(places.data) is not None:
                raise PermanentError("PostgreSQL still runs.", hint="Stop it first.")
            shutil.rmtree(socket_folder(self.home, self._server_user).parent, ignore_errors=True)
            shutil.rmtree(places.outside or places.data, ignore_errors=True)
            (self.run_dir / "postgres.password").unlink(missing_ok=True)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Use the server for a while: start it when needed, and stop it when the last user leaves.

        Users hold a shared lock; the kernel takes it back from those that were killed.
        """
        users = FileLock(self.run_dir / "postgres-users.lock")
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.run_dir / "postgres.lock"):
            users.acquire(shared=True)
            try:
                connection = self._start_locked()
            except BaseException:
                # an interrupted pg_ctl may have left a server that is just coming up
                if users.try_acquire():
                    self._stop_starting()
                users.release()
                raise
        try:
            yield connection
        finally:
            with locked(self.run_dir / "postgres.lock"):
                if users.try_acquire():
                    self._stop_locked()
                users.release()
