"""How an embedded server is reached and set: its connection, its default settings, its pid file.

What belongs here: plain values and their reading. What stays out: starting and stopping.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

USER = "vitrina"
DATABASES = ("vitrina", "dagster")
START_SECONDS = 120
LOG_LIMIT = 10_000_000  # bytes; a larger log is put aside at the next start
# Small and safe: a laptop's memory, every commit on disk. 200 connections, because Dagster opens one per call.
DEFAULT_SETTINGS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "maintenance_work_mem": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a running server. The socket needs no password; TCP on loopback needs one.

    ``note`` says where the data lie when that is not the home folder.
    """

    socket_dir: Path
    port: int
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    user: str = USER
    note: str | None = None

    def dsn_socket(self, database: str = "vitrina") -> str:
        """A URL by Unix socket: 2.9 ms for a connection, without a password."""
        where = quote(str(self.socket_dir), safe="")
        return f"postgresql://{quote(self.user)}@/{quote(database)}?host={where}&port={self.port}"

    def dsn_tcp(self, database: str = "vitrina") -> str:
        """A URL by loopback TCP with the password: 5.1 ms for a connection."""
        secret = quote(self.password, safe="")
        return f"postgresql://{quote(self.user)}:{secret}@{self.host}:{self.port}/{quote(database)}"


@dataclass(frozen=True, slots=True)
class PidFile:
    """What ``postmaster.pid`` says: pid, port and socket folder; None for what is missing or no number."""

    pid: int | None
    port: int | None
    socket_dir: Path | None

    @classmethod
    def read(cls, data: Path) -> PidFile:
        """Read it; an absent or half-written file gives Nones."""
        # lines: pid, data folder, start time, port, socket folder, listen address, shared memory, state
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            lines = []
        lines += [""] * (5 - len(lines))
        number = lines[0].lstrip("-")  # a single-user backend writes its pid negated
        return cls(
            pid=int(number) if number.isdigit() else None,
            port=int(lines[3]) if lines[3].isdigit() else None,
            socket_dir=Path(lines[4]) if lines[4] else None,
        )


def postmaster(data: Path) -> int | None:
    """The pid of a living postmaster of this data folder.

    A number in postmaster.pid proves nothing: after a crash or a container's restart it may belong to
    anyone. The postmaster works in its data folder, so that is what is asked.
    """
    pid = PidFile.read(data).pid
    return pid if pid is not None and _works_in(pid, data) else None


def working_in(folder: Path) -> list[int]:
    """Living processes whose working directory is ``folder``: backends that outlived their postmaster."""
    return [pid for pid in psutil.pids() if _works_in(pid, folder)]


def _works_in(pid: int, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).samefile(folder)
    return False


def write_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write beside and rename, so that nobody reads half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def conf_value(value: str) -> str:
    """A value quoted for postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
