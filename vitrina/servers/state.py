"""What a stack is started from, and what it says of itself in ``run/up.json``, so that a second command finds it.

What belongs here: these records and whether to believe them. What stays out: starting and stopping.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from vitrina.errors import PermanentError
from vitrina.servers.pgconnection import write_file
from vitrina.servers.processes import ProcessId


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack that was started.

    Attributes:
        mark: value of ``VITRINA_STACK`` in every process of it.
        supervisor: the process that holds the lock.
        port: of the webserver, on loopback.
        ready: whether it once answered; False while it is coming up.
        purpose: ``up`` or ``demo``.
    """

    mark: str
    supervisor: ProcessId
    port: int
    ready: bool
    purpose: str

    @property
    def address(self) -> str:
        """Where the UI is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether its supervisor is that very process, still living."""
        return self.supervisor.process() is not None

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        record = {
            "mark": self.mark,
            "supervisor": self.supervisor.as_dict(),
            "port": self.port,
            "ready": self.ready,
            "purpose": self.purpose,
        }
        write_file(path, json.dumps(record, indent=1))

    @classmethod
    def load(cls, path: Path) -> StackState | None:
        """Read it; None when there is none, or it is damaged."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            supervisor = ProcessId(int(record["supervisor"]["pid"]), float(record["supervisor"]["created"]))
            return cls(
                mark=str(record["mark"]),
                supervisor=supervisor,
                port=int(record["port"]),
                ready=bool(record["ready"]),
                purpose=str(record["purpose"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def state_file(home: Path) -> Path:
    """Where the record of a home folder lies."""
    return home / "run" / "up.json"


def running_stack(home: Path) -> StackState | None:
    """The stack that runs from a home folder now, or None."""
    state = StackState.load(state_file(home))
    return state if state is not None and state.alive else None


class AlreadyRunning(PermanentError):
    """Another stack runs from the same home folder; ``state`` says where."""

    def __init__(self, state: StackState) -> None:
        super().__init__(
            f"Vitrina runs already ({state.purpose}, pid {state.supervisor.pid}): {state.address}",
            hint="Use that one, or stop it with Ctrl-C in its terminal.",
        )
        self.state = state


@dataclass(frozen=True, slots=True)
class StackConfig:
    """What a stack is started from.

    Attributes:
        home: everything is made below it.
        project: the folder with ``workspace.yaml`` and ``deploy/dagster.yaml``.
        database_url: the platform's database; None for the embedded server.
        dagster_database_url: Dagster's; None for the database ``dagster`` beside the platform's.
        port: of the webserver; 0 takes any free one.
        purpose: ``up`` or ``demo``.
        desk_port: of the review desk; None starts no desk.
    """

    home: Path
    project: Path
    database_url: str | None = None
    dagster_database_url: str | None = None
    port: int = 3000
    purpose: str = "up"
    desk_port: int | None = None
