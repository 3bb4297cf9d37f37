"""An exclusive lock between processes and threads, on one file.

Belongs here: waiting for the lock with a timeout. Stays out: what it protects.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vitrina.errors import RetryableError

_POLL_SECONDS = 0.02


class IndexBusy(RetryableError):
    """Another process or thread has the embedded index open."""


@contextmanager
def exclusive(path: Path, *, timeout: float, what: str) -> Iterator[None]:
    """Hold the lock for the block. The kernel frees it when the process ends, by ``kill -9`` too.

    Args:
        path: The lock file; made when missing, never removed (removing it would let two owners in).
        timeout: Seconds to wait.
        what: Named in the message.

    Raises:
        IndexBusy: The lock was not free in time; names the owner's process id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(handle, timeout, what)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, timeout: float, what: str) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                owner = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
                raise IndexBusy(
                    f"{what} is in use by process {owner}; waited {timeout:g} s.",
                    hint="Try again later, or set QDRANT_URL to a Qdrant server, which many processes share.",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
