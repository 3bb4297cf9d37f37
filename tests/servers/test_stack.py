"""The whole stack on a small project of its own: up, second up, kill -9, recovery, polite end.

One long test instead of many, since each start costs about ten seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vitrina.errors import PermanentError
from vitrina.servers.graphql import DagsterApi
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import marked
from vitrina.servers.stack import Stack
from vitrina.servers.state import AlreadyRunning, StackConfig, StackState, running_stack, state_file

ROOT = Path(__file__).resolve().parents[2]

TOY = """
import time
import dagster as dg

@dg.asset
def slow():
    time.sleep(600)

@dg.asset
def quick():
    return 1

@dg.sensor(target=[slow], minimum_interval_seconds=2, default_status=dg.DefaultSensorStatus.RUNNING)
def once():
    yield dg.RunRequest(run_key="1", tags={"dagster/max_retries": "0"})

defs = dg.Definitions(assets=[slow, quick], sensors=[once])
"""

# the supervisor of `vitrina up`, on the toy project
RUN = """
import sys
from pathlib import Path
from vitrina.cli.up import signals_interrupt, stop_quietly
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig

config = StackConfig(Path(sys.argv[1]), Path(sys.argv[2]), port=0)
stack = Stack(config, say=lambda text: sys.stdout.write(text + "\\n"))
with signals_interrupt():
    try:
        stack.start()
        stack.wait()
    except KeyboardInterrupt:
        pass
    finally:
        stop_quietly(stack)
"""


@pytest.fixture
def project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vitrina-стек ") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "toy.py").write_text(TOY)
        (folder / "workspace.yaml").write_text(
            "load_from:\n  - python_module: {module_name: toy, location_name: toy}\n"
        )
        shutil.copyfile(ROOT / "dagster.yaml", folder / "dagster.yaml")
        yield folder
        server = EmbeddedPostgres(folder / "home")
        server.stop()
        server.remove_data()


def start(project: Path) -> subprocess.Popen[bytes]:
    log = (project / "supervisor.log").open("ab")
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(project / "home"), str(project)], stdout=log, stderr=log, start_new_session=True
    )


def until(ask: Callable[[], object], project: Path, *, seconds: float = 120) -> None:
    """Poll until ``ask`` gives something true; on giving up, show what the supervisor said."""
    deadline = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > deadline:
            pytest.fail((project / "supervisor.log").read_text())
        time.sleep(0.2)


def ready(home: Path) -> StackState | None:
    state = running_stack(home)
    return state if state is not None and state.ready else None


def statuses(state: StackState) -> list[str]:
    return [run.status for run in DagsterApi(state.address).runs()]


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
