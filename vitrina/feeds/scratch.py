"""Temporary folders that live as long as the rows read from them.

Belongs here: the folder and the thread that ties it to a stream of rows. Stays out: what is put into it.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Scratch:
    """A private temporary folder, removed by :meth:`close`, or when nothing refers to it any more.

    Rows are consumed after the function that unpacked their file has returned, so the folder cannot be a ``with``
    block there; each stream of rows holds it instead (see :func:`holding`).
    """

    def __init__(self, prefix: str = "vitrina-feed-") -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._count = 0
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def new_file(self, suffix: str = "") -> Path:
        """A path that nothing uses yet. The name is ours: names from archives never become paths."""
        self._count += 1
        return self.path / f"{self._count:06d}{suffix}"

    def close(self) -> None:
        """Remove the folder now; closing twice is harmless."""
        self._finalizer()


def holding(rows: Iterable[T], *held: object) -> Iterator[T]:
    """``rows``, keeping ``held`` alive until they are consumed or abandoned."""
    keep = held
    yield from rows
    del keep
