"""Where the ``serve-models`` process and those who ask it find each other.

Belongs here: names of files and variables, the record of a running process. Stays out: starting and asking. Imports
next to nothing, so that both sides may.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from vitrina.servers.pgconnection import write_file
from vitrina.servers.processes import ProcessId

TOKEN_VARIABLE = "VITRINA_SERVE_MODELS_TOKEN"  # noqa: S105 - the name of a variable
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Places:
    """Files of one home folder.

    Attributes:
        home: ``VITRINA_HOME``.
    """

    home: Path

    @property
    def record(self) -> Path:
        """What a running process says of itself."""
        return self.home / "run" / "serve-models.json"

    @property
    def starting(self) -> Path:
        """Locked while one is looked for and started."""
        return self.home / "run" / "serve-models.lock"

    @property
    def owners(self) -> Path:
        """Locked, shared, by every process that has asked; the kernel gives it back when the process dies."""
        return self.home / "run" / "serve-models.owners"

    @property
    def log(self) -> Path:
        """Everything that the process says."""
        return self.home / "logs" / "serve-models.log"

    @property
    def models(self) -> Path:
        """Verified copies of registered models, as ``vitrina.models_registry.services.fetch`` leaves them."""
        return self.home / "training" / "models"


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves."""

    process: ProcessId
    port: int
    token: str

    @property
    def alive(self) -> bool:
        """Whether it is that very process, still living."""
        return self.process.process() is not None

    def save(self, path: Path) -> None:
        """Write it, readable by its owner alone: the token stands in it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {"process": self.process.as_dict(), "port": self.port, "token": self.token}
        write_file(path, json.dumps(record), 0o600)

    @classmethod
    def load(cls, path: Path) -> Running | None:
        """Read it; ``None`` when there is none or it is damaged."""
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            process = ProcessId(int(record["process"]["pid"]), float(record["process"]["created"]))
            return cls(process, int(record["port"]), str(record["token"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
