"""Looking at and ending processes without ever touching a stranger's.

What belongs here: identity of a process (pid and start time, or a mark in its environment), polite and
then forceful ending, who listens on a port. What stays out: what the processes are for.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import psutil

MARK_VARIABLE = "VITRINA_STACK"
"""Environment variable that every process of one running stack inherits, grandchildren included."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same number.

    ``created`` is the start time in seconds since the epoch, as psutil gives it.
    """

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Identify a living process. Raises psutil.NoSuchProcess."""
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The living process, or None when it ended, is a zombie, or its number was given to another."""
        try:
            found = psutil.Process(self.pid)
            # create_time() is boot time + ticks; a clock step moves it by less than this between two readings
            if abs(found.create_time() - self.created) > 1.0 or found.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return found

    def as_dict(self) -> dict[str, float | int]:
        """Plain values for a state file."""
        return asdict(self)


def marked(mark: str) -> list[psutil.Process]:
    """Living processes whose environment carries ``VITRINA_STACK=mark``; those we may not read are not ours."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK_VARIABLE) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(processes: Iterable[psutil.Process], *, grace_s: float = 10.0) -> list[psutil.Process]:
    """TERM, wait up to ``grace_s`` seconds, then KILL. Returns those that had to be killed.

    psutil compares pid and start time before each signal, so a recycled number is never hit.
    """
    waiting = list(processes)
    for process in waiting:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGTERM)
    _, stubborn = psutil.wait_procs(waiting, timeout=grace_s)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    return stubborn


def end_marked(mark: str, *, grace_s: float = 10.0, except_pids: Iterable[int] = ()) -> int:
    """End everything that carries ``mark``, repeating while new ones appear. Returns how many there were."""
    spared, ended = set(except_pids), 0
    for _ in range(5):
        left = [process for process in marked(mark) if process.pid not in spared]
        if not left:
            break
        end(left, grace_s=grace_s)
        ended += len(left)
    return ended


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could bind this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def listener(port: int) -> str | None:
    """Who listens on a TCP port, as ``pid 123 (command line)``, or None where the system does not say."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                return None
            with contextlib.suppress(psutil.Error):
                command = " ".join(psutil.Process(connection.pid).cmdline())[:200]
                return f"pid {connection.pid} ({command})"
            return f"pid {connection.pid}"
    return None


def wait_until_gone(process: ProcessId, *, timeout_s: float) -> bool:
    """Wait for a process that need not be our child; True when it is gone."""
    deadline = time.monotonic() + timeout_s
    while process.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
