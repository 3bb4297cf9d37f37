"""File locks that the kernel gives back when their holder dies.

What belongs here: flock and nothing else. What stays out: pid files, which outlive their process and lie.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from vitrina.errors import RetryableError


class FileLock:
    """An flock on a file of its own; the file is never removed, so that all parties lock the same inode.

    Works between processes and between threads (each object opens the file anew). The descriptor is not
    inherited by started programs unless it is passed on deliberately.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock, shared or exclusive."""
        return self._fd is not None

    def fileno(self) -> int:
        """The locked descriptor, for passing the lock on to a child process."""
        if self._fd is None:
            raise RuntimeError(f"{self.path} is not locked by this object")
        return self._fd

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock (or change a held one) if nobody stands in the way; False otherwise."""
        fresh = self._fd is None
        if self._fd is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        else:
            fd = self._fd
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if fresh:
                os.close(fd)
            return False
        self._fd = fd
        return True

    def acquire(self, *, shared: bool = False, timeout_s: float = 180.0) -> None:
        """Wait for the lock.

        Raises:
            RetryableError: it was not given within ``timeout_s`` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while not self.try_acquire(shared=shared):
            if time.monotonic() > deadline:
                raise RetryableError(
                    f"Another process has held {self.path} for {timeout_s:.0f} seconds.",
                    hint="Wait for it to finish, or look at it with `vitrina doctor`.",
                )
            time.sleep(0.05)

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@contextmanager
def locked(path: Path, *, timeout_s: float = 180.0) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` for the length of a block."""
    lock = FileLock(path)
    lock.acquire(timeout_s=timeout_s)
    try:
        yield
    finally:
        lock.release()
