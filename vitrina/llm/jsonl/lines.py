"""The lines of a file, whoever wrote it.

Belongs here: files that are compressed, have a byte order mark or Windows line ends, come through a pipe; limits on
memory. Stays out: what a line means (``vitrina.llm.jsonl.requests``).
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from vitrina.errors import PermanentError

#: A line may hold pictures as data URLs; a file that is no list of lines must not fill the memory.
MAX_LINE_BYTES = 64 * 1024 * 1024
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF8_BOM = b"\xef\xbb\xbf"


class BadFile(PermanentError):
    """The file cannot be read as lines at all."""


class Source:
    """A file that can be read from its beginning as often as needed.

    Args:
        file: Open for reading bytes, seekable, as it lies on the disk.
        name: For messages.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.name = name
        self._packed = file.read(2) == b"\x1f\x8b"

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Number (from 1) and content of each line that is not blank, without its end.

        Raises:
            BadFile: A line beyond the limit, broken gzip, UTF-16.
        """
        self._file.seek(0)
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=self._file)) if self._packed else self._file
        number = 0
        try:
            while line := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number == 1:
                    if (coding := _BOMS.get(line[:2])) is not None:
                        raise BadFile(f"{self.name} is {coding}.", hint="Save it as UTF-8.")
                    line = line.removeprefix(_UTF8_BOM)
                if len(line) > MAX_LINE_BYTES:
                    raise BadFile(
                        f"Line {number} of {self.name} is longer than {MAX_LINE_BYTES // 2**20} MB.",
                        hint="One JSON object a line is wanted.",
                    )
                if line := line.strip(b" \t\r\n"):
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadFile(f"{self.name} is broken gzip after line {number}: {error}.") from error

    @property
    def state(self) -> tuple[int, int]:
        """Size and time: equal as long as nobody writes to the file."""
        stat = os.fstat(self._file.fileno())
        return stat.st_size, stat.st_mtime_ns


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The file at a path; ``-`` is standard input, kept in a temporary file, because it is read twice.

    Raises:
        BadFile: There is none, it is a folder, or may not be read.
    """
    if str(path) == "-":
        with tempfile.TemporaryFile(prefix="vitrina-llm-") as spool:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.seek(0)
            yield Source(cast(BinaryIO, spool), "standard input")
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        if not file.seekable():
            with tempfile.TemporaryFile(prefix="vitrina-llm-") as spool:
                shutil.copyfileobj(file, spool)
                spool.seek(0)
                yield Source(cast(BinaryIO, spool), str(path))
        else:
            yield Source(file, str(path))
