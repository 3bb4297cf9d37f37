"""The programs of a stack: their command lines, and starting them so that they can be stopped again.

What belongs here: one child process with its log. What stays out: order and health, which the stack knows.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOG_LIMIT = 20_000_000  # bytes


def _reset_signals() -> None:
    # A shell starts background jobs with SIGINT ignored, and Dagster copies that to SIGTERM: unstoppable then
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(slots=True)
class Child:
    """A started program. ``name`` is what a person reads, ``log`` takes everything it says."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def ended(self) -> int | None:
        """Exit code, or None while it lives. Reaps it."""
        return self.process.poll()


def start_child(name: str, command: list[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> Child:
    """Start a program in a session of its own: Ctrl-C in the terminal reaches the supervisor alone."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.is_file() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command lines, never through a shell
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_reset_signals,
        )
    return Child(name=name, log=log, process=process)


def location_command(module: str, name: str, socket: Path) -> list[str]:
    """A code location as a server of its own, on a Unix socket."""
    options = ["-m", module, "-s", str(socket), "--location-name", name]
    return [sys.executable, "-m", "dagster", "api", "grpc", *options, "--use-python-environment-entry-point"]


def webserver_command(workspace: Path, port: int) -> list[str]:
    """The UI and its GraphQL end, on loopback only."""
    return [sys.executable, "-m", "dagster_webserver", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]


def daemon_command(workspace: Path) -> list[str]:
    """Sensors, schedules, queue, automation, backfills, run monitoring."""
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]


def desk_command(port: int) -> list[str]:
    """The review desk, on loopback only. Two workers of four threads: as many as two cores use.

    A connection is kept for a person who thinks: gunicorn's own 2 s close it before the next answer.
    """
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--timeout", "60"]
    options += ["--keep-alive", "30"]
    return [sys.executable, "-m", "gunicorn", *options, "--no-control-socket", "vitrina.project.wsgi:application"]


def start_watchdog(home: Path, mark: str, *, embedded: bool, lock_fd: int, log: Path) -> tuple[Child, int]:
    """Start the process that cleans up after a killed supervisor.

    Returns the child and the writing end of its pipe: close it without a word, and the watchdog acts.
    """
    reading, writing = os.pipe()
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            [
                sys.executable, "-m", "vitrina.servers.watchdog", str(home), mark,
                "embedded" if embedded else "outside",
            ],
            stdin=reading,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock_fd],
        )  # fmt: skip
    os.close(reading)
    return Child(name="watchdog", log=log, process=process), writing


def last_line(log: Path) -> str:
    """The last line of a log that names an error, else the last that says something."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    named = [line for line in lines[-40:] if re.match(r"\S*(Error|Exception)\b", line)]
    return (named or lines)[-1].strip()[:500] if lines else "nothing was said"
