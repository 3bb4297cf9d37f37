"""Starting training processes under the supervisor.

What belongs here: the orchestrator's end of the pipe, the launcher of several processes. What stays out: what is
started; Dagster.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from vitrina.training.supervisor import DEFAULT_GRACE

#: Beyond the grace: what the supervisor itself may take to see that all have ended.
_AFTER_GRACE = 15.0


def launched(module: str, processes: int) -> list[str]:
    """A module in one process, or in several on this machine that are started again together when one ends badly."""
    if processes == 1:
        return [sys.executable, "-m", module]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--max-restarts", "2"]
    return [sys.executable, *launcher, "--nproc-per-node", str(processes), "-m", module]


class Supervised:
    """A command under its supervisor."""

    def __init__(self, process: subprocess.Popen[bytes], control: int, grace: float) -> None:
        self._process, self._control, self._grace = process, control, grace

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or None when it still runs after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def cancel(self) -> int:
        """Ask for an end and wait for it: at most the grace and a little more, then the supervisor is killed too."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._control, b"x")
        code = self.wait(self._grace + _AFTER_GRACE)
        if code is None:
            self._process.kill()
            return self._process.wait()
        return code


@contextmanager
def supervised(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    grace: float = DEFAULT_GRACE,
    memory: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Iterator[Supervised]:
    """Run a command; when the block is left, in whatever way, nothing of it runs any more.

    Args:
        env: The whole environment of the command; this process's own when None.
        grace: Seconds that the command has to save a checkpoint.
        memory: Bytes that the command and all below it may take together.
    """
    read, write = os.pipe()
    try:
        # The write end is not inheritable: it closes with this process, and with nothing else
        words = [sys.executable, "-m", "vitrina.training.supervisor", "--control", str(read), "--grace", str(grace)]
        words += ["--memory", str(memory)] if memory is not None else []
        process = subprocess.Popen(  # noqa: S603
            [*words, "--", *command], pass_fds=(read,), env=env, cwd=cwd, stdout=stdout, stderr=stderr
        )
    except BaseException:
        os.close(write)
        raise
    finally:
        os.close(read)
    running = Supervised(process, write, grace)
    try:
        yield running
    finally:
        if running.wait(0) is None:
            running.cancel()
        os.close(write)
