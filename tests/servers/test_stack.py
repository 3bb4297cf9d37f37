"""The whole stack on a small project of its own: interrupted, up, second up, kill -9, recovery, polite ends.

One long story instead of many tests, since each start costs about ten seconds of processor time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.servers.toy import ready, start, statuses, until
from vitrina.errors import PermanentError
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import marked
from vitrina.servers.stack import Stack
from vitrina.servers.state import AlreadyRunning, StackConfig, StackState, running_stack, state_file


def recorded(home: Path) -> list[str]:
    """What Dagster's record says of all runs, the oldest first, read while no stack is up."""
    with (
        EmbeddedPostgres(home).session() as server,
        psycopg.connect(server.dsn_socket("dagster")) as session,
    ):
        return [row[0] for row in session.execute("SELECT status FROM runs ORDER BY id")]


def nothing_is_left(home: Path, mark: str | None) -> bool:
    return (mark is None or not marked(mark)) and not EmbeddedPostgres(home).status().running


@contextmanager
def up(project: Path, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[bytes], StackState]]:
    """A supervisor whose stack answers."""
    home = project / "home"
    supervisor = start(project, *options, **variables)
    try:
        until(lambda: ready(home) or supervisor.poll() is not None, project)
        state = ready(home)
        assert state is not None, (project / "supervisor.log").read_text()
        yield supervisor, state
    finally:
        if supervisor.poll() is None:
            supervisor.kill()
            supervisor.wait()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_stack_survives_signals_and_kill_9_and_ends_politely(project: Path) -> None:
    home = project / "home"

    # interrupted while it comes up, it leaves nothing
    for number, seconds in enumerate((0.4, 1.5, 3.0, 6.0)):
        early = start(project)
        time.sleep(seconds)
        path = state_file(home)
        mark = json.loads(path.read_text())["mark"] if path.is_file() else None
        early.send_signal((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number % 3])
        early.wait(timeout=300)
        assert nothing_is_left(home, mark), (project / "supervisor.log").read_text()

    with up(project) as (first, state):
        until(lambda: statuses(state)[-1:] == ["STARTED"], project)

        # a second one says where the first is, and leaves it alone
        with pytest.raises(AlreadyRunning, match=state.address):
            Stack(StackConfig(home, project, port=0), say=lambda _: None).start()
        assert ready(home) == state

        # killed without a word: programs, the run among them, and PostgreSQL end
        assert len(marked(state.mark)) >= 4
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        until(lambda: nothing_is_left(home, state.mark), project, seconds=400)

    # the next start recovers, and the run that was cut off counts as failed; told to, it waits for those in progress
    with up(project, "--let-runs-finish", TOY_BRIEF="1", TOY_KEY="2") as (second, state):
        assert statuses(state)[0] == "FAILURE"
        until(lambda: statuses(state) == ["FAILURE", "STARTED"], project)
        second.send_signal(signal.SIGTERM)
        until(lambda: "waiting for 1 runs to finish" in (project / "supervisor.log").read_text(), project)
        assert second.poll() is None
        (project / "enough").touch()
        assert second.wait(timeout=400) == 0
        assert not state_file(home).exists()
        assert nothing_is_left(home, state.mark)
    assert recorded(home) == ["FAILURE", "SUCCESS"]

    # without that word, runs in progress are told to stop
    with up(project, TOY_KEY="3") as (third, state):
        until(lambda: statuses(state) == ["FAILURE", "SUCCESS", "STARTED"], project)
        third.send_signal(signal.SIGINT)
        assert third.wait(timeout=400) == 0
        assert nothing_is_left(home, state.mark)
    assert recorded(home) == ["FAILURE", "SUCCESS", "CANCELED"]


def test_a_taken_port_is_named_with_a_way_out(project: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = Stack(StackConfig(project / "home", project, port=port), say=lambda _: None)
        try:
            with pytest.raises(PermanentError, match=rf"Port {port} is taken by pid {os.getpid()}.*--port {port + 1}"):
                stack.start()
        finally:
            stack.stop()
    assert not EmbeddedPostgres(project / "home").status().running


def test_a_state_file_of_a_dead_supervisor_is_not_believed(tmp_path: Path) -> None:
    from vitrina.servers.processes import ProcessId

    path = state_file(tmp_path)
    path.parent.mkdir()
    alive = ProcessId.of(os.getpid())
    StackState("m", alive, 3000, ready=True, purpose="up").save(path)
    assert running_stack(tmp_path) is not None
    StackState("m", ProcessId(alive.pid, alive.created - 100), 3000, ready=True, purpose="up").save(path)
    assert running_stack(tmp_path) is None  # the number lives on as somebody else
    path.write_text("{half a rec")
    assert running_stack(tmp_path) is None
