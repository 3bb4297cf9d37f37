"""A small project of its own, and the supervisor of ``vitrina up`` on it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vitrina.servers.graphql import DagsterApi
from vitrina.servers.state import StackState, running_stack

TOY = """
import os
import time
from pathlib import Path
import dagster as dg

BRIEF = bool(os.environ.get("TOY_BRIEF"))
#: A sensor asks once for a run key: another start that is to run something says another one.
KEY = os.environ.get("TOY_KEY", "1")

@dg.asset
def slow():
    time.sleep(600)

@dg.asset
def brief():
    while not Path(__file__).with_name("enough").exists():
        time.sleep(0.1)

@dg.sensor(target=[brief if BRIEF else slow], minimum_interval_seconds=2, default_status=dg.DefaultSensorStatus.RUNNING)
def once():
    yield dg.RunRequest(run_key=KEY, tags={"dagster/max_retries": "0"})

defs = dg.Definitions(assets=[slow, brief], sensors=[once])
"""

# the supervisor of `vitrina up`, on the toy project
RUN = """
import sys
from pathlib import Path
from vitrina.cli.up import signals_interrupt, stop_quietly
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig

config = StackConfig(Path(sys.argv[1]), Path(sys.argv[2]), port=0)
stack = Stack(config, say=lambda text: print(text, flush=True))
with signals_interrupt():
    try:
        stack.start()
        stack.wait()
    except KeyboardInterrupt:
        pass
    finally:
        stop_quietly(stack, let_runs_finish="--let-runs-finish" in sys.argv)
"""


def start(project: Path, *options: str, **variables: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, str(project / "home"), str(project), *options]
    with (project / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env={**os.environ, **variables}
        )


def until(ask: Callable[[], object], project: Path, *, seconds: float = 400) -> None:
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
    """Of all runs, the oldest first."""
    return [run.status for run in reversed(DagsterApi(state.address, timeout_s=120).runs())]
