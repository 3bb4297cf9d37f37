"""The running platform on one machine: PostgreSQL, code locations, webserver and daemon, started and ended in order.

What belongs here: order, health, restarts, and the ways to an end. What stays out: command lines (``children``), the
environment (``environment``), and what a person sees (the command line).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from vitrina.errors import PermanentError, RetryableError, VitrinaError
from vitrina.project.roles import DESK, PIPELINE, usable_roles
from vitrina.servers import children, environment
from vitrina.servers.graphql import WORKING, DagsterApi
from vitrina.servers.locks import FileLock
from vitrina.servers.manifest import build_manifest
from vitrina.servers.pgbinaries import ServerUser
from vitrina.servers.pgplaces import socket_folder
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import ProcessId, end_marked, free_port, listener, port_is_free
from vitrina.servers.programs import Programs
from vitrina.servers.state import AlreadyRunning, StackConfig, StackState, running_stack, state_file

HEALTH_SECONDS = 180.0
Say = Callable[[str], None]


@dataclass(slots=True)
class Stack:
    """One start of the platform. Use :meth:`start`, :meth:`wait`, and always :meth:`stop`."""

    config: StackConfig
    say: Say
    state: StackState | None = None
    _programs: Programs = field(init=False)
    _exits: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _farewell: int | None = None
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._programs = Programs(self.logs, self.config.project)

    @property
    def logs(self) -> Path:
        """Where every program of the stack writes."""
        return self.config.home / "log"

    @property
    def api(self) -> DagsterApi:
        """GraphQL of the running webserver."""
        if self.state is None:
            raise RetryableError("The stack has not been started.")
        return DagsterApi(self.state.address)

    # -- start ---------------------------------------------------------------------------------------

    def start(self) -> StackState:
        """Bring everything up and wait until the webserver answers and the locations are loaded.

        Raises AlreadyRunning, or PermanentError when a port, a database or a location cannot be used.
        """
        home = self.config.home
        self.logs.mkdir(parents=True, exist_ok=True)
        lock = self._lock(home)
        former = StackState.load(state_file(home))
        if former is not None and (count := end_marked(former.mark)):
            self.say(f"ended {count} processes that a former start had left")
        port = self._port()
        state = StackState(
            secrets.token_hex(8), ProcessId.of(os.getpid()), port, ready=False, purpose=self.config.purpose
        )
        state.save(state_file(home))
        self.state = state
        self._start_watchdog(state.mark, lock)
        database, dagster_database = self._databases()
        dagster_home = environment.prepare_dagster_home(home, self.config.project)
        variables = environment.process_environment(
            home=home,
            project=self.config.project,
            dagster_home=dagster_home,
            dagster_url=dagster_database,
            mark=state.mark,
        )
        if self.config.database_url is not None:
            variables["DATABASE_URL"] = database
        self._programs.environment = variables
        self._prepare()
        self._start_programs(port, self._roles(database))
        self._wait_until_healthy()
        self.state = replace(state, ready=True)
        self.state.save(state_file(home))
        return self.state

    def _lock(self, home: Path) -> FileLock:
        lock = FileLock(home / "run" / "up.lock")
        if not lock.try_acquire():
            if (running := running_stack(home)) is not None:
                raise AlreadyRunning(running)
            # a killed supervisor's watchdog holds it while it cleans up
            self.say("waiting for the processes of a killed start to end")
            lock.acquire(timeout_s=60)
        self._exits.callback(lock.release)
        return lock

    def _port(self) -> int:
        port = self.config.port or free_port()
        _must_be_free(port, f"vitrina {self.config.purpose} --port {port + 1} (or set VITRINA_PORT)")
        if self.config.desk_port is not None:
            _must_be_free(self.config.desk_port, f"set DESK_PORT={self.config.desk_port + 1}")
        return port

    def _start_watchdog(self, mark: str, lock: FileLock) -> None:
        child, self._farewell = children.start_watchdog(
            self.config.home,
            mark,
            embedded=self.config.database_url is None,
            lock_fd=lock.fileno(),
            log=self.logs / "watchdog.log",
        )
        self._exits.callback(self._end_watchdog, child)

    def _end_watchdog(self, child: children.Child) -> None:
        if self._farewell is not None:
            with contextlib.suppress(OSError):
                os.write(self._farewell, b".")
            os.close(self._farewell)
            self._farewell = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=10)

    def _databases(self) -> tuple[str, str]:
        if self.config.database_url is not None:
            outside = self.config.database_url
            return outside, self.config.dagster_database_url or environment.beside(outside, "dagster")
        self.say("starting PostgreSQL")
        connection = self._exits.enter_context(EmbeddedPostgres(self.config.home).session())
        if connection.note:
            self.say(connection.note)
        return connection.dsn_socket(), self.config.dagster_database_url or connection.dsn_socket("dagster")

    def _prepare(self) -> None:
        """Tables, Dagster's record and dbt's manifest, side by side: each is an interpreter that mostly imports."""
        self.say("bringing tables up to date")
        migrate = [
            sys.executable,
            "-m",
            "django",
            "migrate",
            "--no-input",
            "--settings",
            "vitrina.project.desk_settings",
        ]
        self._programs.launch("migrate", migrate)
        # Runs that a killed start left "in progress" are marked failed, so that they are tried again. Only on the
        # embedded database: on a shared one, another machine's runs may truly be in progress.
        embedded = self.config.database_url is None and self.config.dagster_database_url is None
        recovery = [sys.executable, "-m", "pipelines.recovery", *([] if embedded else ["--keep-runs"])]
        self._programs.launch("recovery", recovery)
        if build_manifest(self.config.project, self._programs.environment, self.logs / "dbt.log"):
            self.say("dbt manifest built")
        for name in ("migrate", "recovery"):
            self._programs.finish(name)
        (self.config.home / "run" / "interrupted").unlink(missing_ok=True)

    def _roles(self, database: str) -> frozenset[str]:
        """Roles that keep pipelines from people's decisions, and the desk from the tables' shape."""
        found = usable_roles(database)
        if len(found) < 2:
            self.say("pipelines and desk act as the owner of the tables: see “Database roles” in docs/operating.md")
        return found

    def _start_programs(self, port: int, roles: frozenset[str]) -> None:
        pipeline, desk = (name if name in roles else "" for name in (PIPELINE, DESK))
        locations = environment.read_workspace(self.config.project / "workspace.yaml")
        folder = socket_folder(self.config.home, ServerUser.needed()).parent
        sockets = {location.name: folder / f"{location.name}.sock" for location in locations}
        for location in locations:
            sockets[location.name].unlink(missing_ok=True)
            command = children.location_command(location.module, location.name, sockets[location.name])
            self._programs.launch(f"location-{location.name}", command, role=pipeline)
        self.say(f"loading code locations: {', '.join(sockets)}")
        workspace = environment.write_workspace(self.config.home / "run" / "workspace.yaml", sockets)
        deadline = time.monotonic() + HEALTH_SECONDS
        for name, wanted in sockets.items():
            while not wanted.exists():
                self._programs.must_live(f"location-{name}")
                self._not_after(deadline, f"the code location {name} does not answer")
        self._programs.launch("webserver", children.webserver_command(workspace, port), role=pipeline)
        self._programs.launch("daemon", children.daemon_command(workspace), role=pipeline)
        if self.config.desk_port is not None:
            self._programs.launch("desk", children.desk_command(self.config.desk_port), role=desk)
        self.say("starting webserver and daemon")

    def _not_after(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            raise RetryableError(f"After {HEALTH_SECONDS:.0f} s {what}.", hint=f"Logs are in {self.logs}.")
        time.sleep(0.2)

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while True:
            self._programs.must_live()
            with contextlib.suppress(RetryableError):
                locations = self.api.locations()
                broken = [f"{place.name}: {place.error}" for place in locations if place.error]
                if broken:
                    raise PermanentError("A code location cannot be loaded. " + "\n".join(broken))
                if locations and all(place.loaded for place in locations):
                    return
            self._not_after(deadline, "the webserver does not answer with loaded locations")

    # -- while it runs -------------------------------------------------------------------------------

    def wait(self) -> None:
        """Watch over the programs until a signal ends it (KeyboardInterrupt)."""
        while True:
            self._programs.check(self.say)
            time.sleep(0.5)

    # -- end -----------------------------------------------------------------------------------------

    def stop(self, *, let_runs_finish: bool = False) -> None:
        """End everything: daemon, then runs, webserver and locations, then PostgreSQL.

        The daemon goes first so that no queued run is started meanwhile; queued runs stay for the next start.
        Calling it twice does no harm.
        """
        if self._stopped:
            return
        self._stopped = True
        try:
            self._programs.end("daemon")
            if self.state is not None and self.state.ready:
                with contextlib.suppress(VitrinaError):
                    self._end_runs(let_runs_finish)
            self._programs.end("webserver", "desk")
            self._programs.end()
            if self.state is not None:
                end_marked(self.state.mark)  # run and step processes that outlived their location
                state_file(self.config.home).unlink(missing_ok=True)
        finally:
            self._exits.close()

    def abandon(self) -> None:
        """End everything at once, after :meth:`stop` was interrupted."""
        self._stopped = False
        self.stop()

    def _end_runs(self, let_finish: bool) -> None:
        runs = self.api.runs(*WORKING)
        if runs and not let_finish:
            self.say(f"telling {len(runs)} runs to stop")
            self.api.terminate([run.run_id for run in runs])
        deadline = time.monotonic() + (86_400 if let_finish else 20)
        while runs and time.monotonic() < deadline:
            if let_finish:
                self.say(f"waiting for {len(runs)} runs to finish")
            time.sleep(2 if let_finish else 0.5)
            runs = self.api.runs(*WORKING)


def _must_be_free(port: int, instead: str) -> None:
    if not port_is_free(port):
        who = listener(port)
        raise PermanentError(
            f"Port {port} is taken{f' by {who}' if who else ''}.", hint=f"Choose another one: {instead}."
        )
