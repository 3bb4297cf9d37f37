"""A platform of its own for the demo: a home folder, PostgreSQL, Dagster's record, and the desk as a server.

Belongs here: making, using and ending it, so that nothing of the user's own platform is touched and nothing is left
running. Stays out: what is done in it. A killed start is cleaned up by the watchdog that every start has.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from vitrina.config import PROJECT_ROOT, Settings, get_settings
from vitrina.errors import RetryableError
from vitrina.servers import children, environment
from vitrina.servers.locks import FileLock
from vitrina.servers.pgconnection import write_file
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import MARK_VARIABLE, ProcessId, end_marked, free_port
from vitrina.servers.programs import Programs
from vitrina.servers.state import AlreadyRunning, StackState, running_stack, state_file

PURPOSE = "demo-loop"
#: A folder is cleared only if this file says that it is the demo's.
MARKER = "demo-loop.home"
DESK_SECONDS = 90.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Opened:
    """The demo's platform while it is up.

    Attributes:
        desk: Address of the desk.
        instance: Dagster's record, in PostgreSQL.
    """

    home: Path
    settings: Settings
    instance: dg.DagsterInstance
    desk: str


def own_environment(home: Path, settings: Mapping[str, str]) -> None:
    """Give this process, and all that it starts, the demo's settings and none of the user's.

    Args:
        home: The demo's own folder.
        settings: Environment variables of the platform.
    """
    for name, field in Settings.model_fields.items():
        aliases = getattr(field.validation_alias, "choices", [field.validation_alias or name.upper()])
        for alias in aliases:
            os.environ.pop(str(alias), None)
    os.environ |= {
        "VITRINA_HOME": str(home),
        "VITRINA_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "vitrina.project.desk_settings",
        **settings,
    }
    get_settings.cache_clear()


def clear(home: Path) -> None:
    """Remove what a former demo left in its folder; a folder of anything else is left alone.

    Raises:
        RetryableError: the folder is not the demo's, or a demo runs in it.
    """
    if not home.exists():
        return
    if running_stack(home) is not None:
        raise RetryableError(f"A demo runs in {home}.", hint="Wait for its end, or stop it with Ctrl-C.")
    if any(home.iterdir()) and not (home / MARKER).is_file():
        raise RetryableError(f"{home} holds something else than this demo.", hint="Choose another folder: --home.")
    EmbeddedPostgres(home).stop()
    EmbeddedPostgres(home).remove_data()
    shutil.rmtree(home)


@contextmanager
def opened(home: Path, say: Say) -> Iterator[Opened]:
    """The demo's platform: PostgreSQL, tables, Dagster's record and the desk, ended with the block.

    :func:`own_environment` must have been called.

    Raises:
        AlreadyRunning: another process uses the folder.
        PermanentError: something cannot be started; the message names its log.
    """
    (home / "log").mkdir(parents=True, exist_ok=True)
    (home / MARKER).touch()
    with contextlib.ExitStack() as exits:
        programs, mark = _claimed(home, exits, say)
        say("starting PostgreSQL")
        connection = exits.enter_context(EmbeddedPostgres(home).session())
        variables = environment.process_environment(
            home=home,
            project=PROJECT_ROOT,
            dagster_home=environment.prepare_dagster_home(home, PROJECT_ROOT),
            dagster_url=connection.dsn_socket("dagster"),
            mark=mark,
        )
        os.environ |= {name: value for name, value in variables.items() if name != MARK_VARIABLE}
        programs.environment = variables
        say("bringing tables up to date")
        from vitrina.project.setup import migrate

        migrate()
        instance = exits.enter_context(dg.DagsterInstance.get())
        from pipelines.recovery import fail_interrupted_runs

        fail_interrupted_runs(instance)
        port = free_port()
        programs.launch("desk", children.desk_command(port))
        desk = f"http://127.0.0.1:{port}"
        _wait_for(desk, programs)
        say(f"the review desk answers at {desk}")
        yield Opened(home, get_settings(), instance, desk)


def _claimed(home: Path, exits: contextlib.ExitStack, say: Say) -> tuple[Programs, str]:
    """Lock, clean-up after a killed start, the watchdog, and the end of all programs."""
    lock = FileLock(home / "run" / "up.lock")
    if not lock.try_acquire():
        if (running := running_stack(home)) is not None:
            raise AlreadyRunning(running)
        say("waiting for the processes of a killed start to end")
        lock.acquire(timeout_s=60)
    exits.callback(lock.release)
    former = StackState.load(state_file(home))
    if former is not None and (count := end_marked(former.mark)):
        say(f"ended {count} processes that a former start had left")
    mark = secrets.token_hex(8)
    StackState(mark, ProcessId.of(os.getpid()), 0, ready=False, purpose=PURPOSE).save(state_file(home))
    watchdog, farewell = children.start_watchdog(
        home, mark, embedded=True, lock_fd=lock.fileno(), log=home / "log" / "watchdog.log"
    )
    exits.callback(_dismiss, watchdog, farewell)
    programs = Programs(home / "log", PROJECT_ROOT)
    exits.callback(state_file(home).unlink, missing_ok=True)
    exits.callback(end_marked, mark)
    exits.callback(programs.end)
    # Processes that this one starts without Programs (trainings, the model service) are to be found by the mark, too.
    # It must not be in this process's own first environment, which is what psutil reads: it would end itself.
    os.environ[MARK_VARIABLE] = mark
    return programs, mark


def _dismiss(watchdog: children.Child, farewell: int) -> None:
    with contextlib.suppress(OSError):
        os.write(farewell, b".")
    os.close(farewell)
    with contextlib.suppress(Exception):
        watchdog.process.wait(timeout=10)


def _wait_for(desk: str, programs: Programs) -> None:
    deadline = time.monotonic() + DESK_SECONDS
    while True:
        programs.must_live("desk")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{desk}/healthz", timeout=5):  # noqa: S310
            return
        if time.monotonic() > deadline:
            raise RetryableError(f"After {DESK_SECONDS:.0f} s the desk does not answer.", hint="See desk.log.")
        time.sleep(0.2)


def note(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_file(path, text)
