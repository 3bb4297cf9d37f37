"""The parent of a training process, which leaves no survivor. Standard library alone; Linux.

What belongs here: starting a command in a session of its own, and ending it and all that came of it. What stays out:
what the command is. Run as ``python -m vitrina.training.supervisor --control FD --grace SECONDS -- COMMAND…``.

A launcher (``accelerate launch``, ``torchrun``) that is signalled alone leaves its trainers on the accelerator, and an
orchestrator that is killed signals nobody. So the command gets a session of its own, this process becomes the reaper of
all its orphans, and it holds the read end of a pipe whose write end only the orchestrator has. On a byte (cancel), on a
signal, or at the end of the pipe (the orchestrator is dead), everything below gets SIGTERM, then after a grace SIGKILL.
The same happens where all of it takes more memory than it was given, so that the machine does not choose whom to kill.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

_PR_SET_CHILD_SUBREAPER = 36
#: Between two looks at the children while nothing is said on the pipe.
_TICK = 0.1
#: Exit code when the command was ended from outside: as a shell says it of SIGTERM.
CANCELLED = 128 + signal.SIGTERM
#: Exit code when the command took more memory than it was given.
OUT_OF_MEMORY = 76
#: Seconds between two looks at the memory.
_WEIGH = 1.0
DEFAULT_GRACE = 60.0


def descendants(root: int) -> set[int]:
    """Processes below one, in whatever session or group they are."""
    children: dict[int, list[int]] = {}
    for process, parent in _parents():
        children.setdefault(parent, []).append(process)
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name of a process stands in parentheses and may hold any sign, parentheses too
            after = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if after[0] != "Z":
            yield int(entry.name), int(after[1])


def taken(processes: Iterable[int]) -> int:
    """Bytes of memory that these processes hold for themselves; what they share with others is not counted."""
    pages = 0
    for process in processes:
        try:
            _, resident, shared, *_ = (Path("/proc") / str(process) / "statm").read_text().split()
        except (OSError, ValueError):
            continue
        pages += int(resident) - int(shared)
    return pages * os.sysconf("SC_PAGE_SIZE")


class Supervisor:
    """One command and its end.

    Args:
        command: Program and arguments.
        control: Read end of the orchestrator's pipe, or None for no orchestrator.
        grace: Seconds between SIGTERM and SIGKILL.
        memory: Bytes that the command and all below it may take together; None for no limit.
    """

    def __init__(self, command: Sequence[str], control: int | None, grace: float, memory: int | None = None) -> None:
        self.command, self.control, self.grace, self.memory = list(command), control, grace, memory
        self._asked = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run to the end.

        Returns:
            The command's exit code (128 + N if signal N ended it), `CANCELLED`, or `OUT_OF_MEMORY`.
        """
        _become_reaper()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)
        # start_new_session: what is sent to the orchestrator's group reaches the command through here alone
        self._process = subprocess.Popen(self.command, start_new_session=True, close_fds=True)  # noqa: S603
        code = self._watch(self._process)
        self._end_all()
        return code

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def _watch(self, process: subprocess.Popen[bytes]) -> int:
        with selectors.DefaultSelector() as selector:
            if self.control is not None:
                selector.register(self.control, selectors.EVENT_READ)
            weighed = time.monotonic()
            while process.poll() is None:
                if self.memory is not None and time.monotonic() - weighed >= _WEIGH:
                    weighed = time.monotonic()
                    if taken(descendants(os.getpid())) > self.memory:
                        sys.stderr.write(f"It takes more than {self.memory:,} bytes of memory and is ended.\n")
                        self._end_all()
                        process.wait()
                        return OUT_OF_MEMORY
                # A byte is a cancel, and so is the end of the pipe: its other end is with the orchestrator alone
                if selector.select(_TICK) or self._asked:
                    self._end_all()
                    process.wait()
                    return CANCELLED
        code = process.returncode
        return 128 - code if code < 0 else code

    def _end_all(self) -> None:
        """TERM to all below, a grace, KILL to who is left. A command that has ended may leave children too."""
        until = time.monotonic() + self.grace
        told: set[int] = set()
        while left := descendants(os.getpid()):
            number = signal.SIGTERM if time.monotonic() < until else signal.SIGKILL
            for process in left - told if number == signal.SIGTERM else left:
                _send(process, number)
            # Each is told once to end: a second SIGTERM would end a trainer that is saving its checkpoint
            told |= left
            _reap(self._process)
            time.sleep(_TICK / 2)


def _send(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def _reap(own: subprocess.Popen[bytes] | None) -> None:
    """Collect children that have ended; the command's own exit code stays with its `Popen`."""
    if own is not None:
        own.poll()
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or (own is not None and found.si_pid == own.pid and own.returncode is None):
            return
        os.waitpid(found.si_pid, os.WNOHANG)


def _become_reaper() -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser(prog="vitrina.training.supervisor", description=__doc__)
    parser.add_argument("--control", type=int, help="File descriptor whose end means that the orchestrator is dead.")
    parser.add_argument("--grace", type=float, default=DEFAULT_GRACE, help="Seconds from SIGTERM to SIGKILL.")
    parser.add_argument("--memory", type=int, help="Bytes that all of it may take together.")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- and what to run.")
    options = parser.parse_args(words)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("there is no command to run")
    return Supervisor(command, options.control, options.grace, options.memory).run()


if __name__ == "__main__":
    sys.exit(main())
