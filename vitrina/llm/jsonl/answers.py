"""The file of answers: gone on with after any end, each id in it once.

Belongs here: locking, mending, reading what stands, writing lines. Stays out: how lines come to be
(``vitrina.llm.jsonl.run``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vitrina.errors import PermanentError, RetryableError

_CHUNK = 1024 * 1024


class BadAnswers(PermanentError):
    """The file of answers is not one that this run could go on with."""


class AnswersBusy(RetryableError):
    """Another run writes to it."""


class AnswersNotWritten(RetryableError):
    """A line could not be written; the file ends with the line before it."""


class AnswerFile:
    """A file of answers, locked for as long as it is open. A context manager.

    The lock is on the file itself (flock), so that the kernel gives it back after ``kill -9`` and no second file lies
    about. A last line that was cut off is mended when the file is opened.

    Raises:
        BadAnswers: It cannot be opened or is no regular file.
        AnswersBusy: Another process holds the lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = not path.exists()
        self._former: list[int] = []
        self._fd = self._open()
        try:
            for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):  # of a run that was killed
                left.unlink(missing_ok=True)
            self._end = self._mended()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> AnswerFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._made and self._end == 0:  # it never began: no empty file is left about
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.close()

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number (from 1) and object of each line.

        Raises:
            BadAnswers: A line is no JSON object.
        """
        with self._reader() as file:
            for number, line in enumerate(file, 1):
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError:
                    row = None
                if not isinstance(row, dict):
                    raise BadAnswers(
                        f"Line {number} of {self.path} is no answer of this command.", hint="Name another file."
                    )
                yield number, row

    def keep(self, wanted: Callable[[int, Mapping[str, Any]], bool]) -> None:
        """Leaves the lines that are wanted, by way of a new file that takes the old one's place when it is whole.

        Raises:
            AnswersNotWritten: There is no room for it; the file is as it was.
        """
        fd, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".part", dir=self.path.parent)
        try:
            with os.fdopen(os.dup(fd), "wb", _CHUNK) as new:
                for number, row in self.rows():
                    if wanted(number, row):
                        new.write(orjson.dumps(row) + b"\n")
                new.flush()
                os.fsync(fd)
                end = new.tell()
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # before it takes the name, so that nobody comes between
            os.fchmod(fd, os.fstat(self._fd).st_mode & 0o777)
            Path(name).replace(self.path)
        except BaseException as error:
            os.close(fd)
            with contextlib.suppress(OSError):
                Path(name).unlink()
            if isinstance(error, OSError):
                raise self._full(error) from error
            raise
        self._former.append(self._fd)
        self._fd, self._end = fd, end

    def write(self, row: Mapping[str, Any]) -> None:
        """Adds a line. It is with the kernel when this returns: ``kill -9`` does not lose it.

        Raises:
            AnswersNotWritten: The disk is full or the file is gone; no half of the line stays.
        """
        line = orjson.dumps(row) + b"\n"
        try:
            view, offset = memoryview(line), self._end
            while view:
                done = os.pwrite(self._fd, view, offset)
                view, offset = view[done:], offset + done
            self._end = offset
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise self._full(error) from error

    def close(self) -> None:
        """Writes through to the disk and gives the lock back."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError):
            os.fsync(self._fd)
        for fd in (self._fd, *self._former):
            os.close(fd)
        self._fd, self._former = -1, []

    def _open(self) -> int:
        for _ in range(20):
            try:
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise BadAnswers(f"{self.path} cannot be written: {error.strerror}.") from error
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                known = os.fstat(fd)
                if not stat.S_ISREG(known.st_mode):
                    raise BadAnswers(f"{self.path} is no regular file.", hint="Name another one, or - for the output.")
                if os.path.samestat(known, self.path.stat()):
                    return fd
            except BadAnswers:
                os.close(fd)
                raise
            except BlockingIOError as error:
                os.close(fd)
                raise AnswersBusy(
                    f"Another run writes to {self.path} at this moment.", hint="Wait for its end, or name another file."
                ) from error
            except FileNotFoundError:
                pass
            os.close(fd)  # another run has just put a new file in its place
        raise AnswersBusy(f"{self.path} is replaced again and again by somebody else.")

    def _mended(self) -> int:
        """Cuts off a last line without an end; one that is whole but for its end gets it. Returns the file's size."""
        size = os.fstat(self._fd).st_size
        if size == 0 or os.pread(self._fd, 1, size - 1) == b"\n":
            return size
        start, tail = size, b""
        while start > 0 and b"\n" not in tail:
            step = min(_CHUNK, start)
            start -= step
            tail = os.pread(self._fd, step, start) + tail
        cut = tail.rfind(b"\n") + 1
        try:
            whole = isinstance(orjson.loads(tail[cut:]), dict)
        except orjson.JSONDecodeError:
            whole = False
        if whole:
            os.pwrite(self._fd, b"\n", size)
            return size + 1
        if start + cut == 0 and not tail.startswith(b'{"id":'):
            raise BadAnswers(f"{self.path} holds something else than answers.", hint="Name another file.")
        os.ftruncate(self._fd, start + cut)
        return start + cut

    @contextlib.contextmanager
    def _reader(self) -> Iterator[BinaryIO]:
        with os.fdopen(os.dup(self._fd), "rb", _CHUNK) as file:
            file.seek(0)
            yield file

    def _full(self, error: OSError) -> AnswersNotWritten:
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else error.strerror
        return AnswersNotWritten(
            f"{self.path} cannot be written any further: {why}.",
            hint="What stands in it is kept, and answers that were paid for stand in the ledger. "
            "Make room and run the same command again.",
        )
