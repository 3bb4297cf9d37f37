"""The whole stack on a small project of its own: up, second up, kill -9, recovery, polite end.

One long test instead of many, since each start costs about ten seconds.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.servers.toy import ready, start, statuses, until
from vitrina.errors import PermanentError
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import marked
from vitrina.servers.stack import Stack
from vitrina.servers.state import AlreadyRunning, StackConfig, StackState, running_stack, state_file


@pytest.mark.slow
def test_a_stack_survives_kill_9_and_ends_politely(project: Path) -> None:
    home = project / "home"
    first = start(project)
    try:
        until(lambda: ready(home), project)
        state = ready(home)
        assert state is not None
        until(lambda: statuses(state) == ["STARTED"], project)

        # a second one says where the first is, and leaves it alone
        with pytest.raises(AlreadyRunning, match=state.address):
            Stack(StackConfig(home, project, port=0), say=lambda _: None).start()
        assert ready(home) == state

        # killed without a word: programs, the run among them, and PostgreSQL end
        assert len(marked(state.mark)) >= 4
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        until(lambda: not marked(state.mark), project, seconds=40)
        until(lambda: not EmbeddedPostgres(home).status().running, project, seconds=40)
    finally:
        if first.poll() is None:
            first.kill()

    # the next start recovers, and the run that was cut off counts as failed
    second = start(project)
    try:
        until(lambda: ready(home), project)
        state = ready(home)
        assert state is not None
        assert statuses(state) == ["FAILURE"]

        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=60) == 0
        assert not marked(state.mark)
        assert not EmbeddedPostgres(home).status().running
        assert not state_file(home).exists()
    finally:
        if second.poll() is None:
            second.kill()


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
