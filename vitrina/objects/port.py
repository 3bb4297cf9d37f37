"""What every object store can do, and the words for it.

Belongs here: the protocol, what a listing holds, errors, the rule for keys. Stays out: back ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from vitrina.errors import PermanentError


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One listed object. ``etag`` is ``None`` in a folder, where nothing is read while listing."""

    key: str
    size: int
    modified: datetime
    etag: str | None = None


class ObjectMissing(PermanentError):
    """No object has that key."""


class ObjectTooLarge(PermanentError):
    """An object has more bytes than the reader takes."""


class ObjectStore(Protocol):
    """Keys are relative POSIX paths without ``..``.

    All methods raise ``RetryableError`` when the store does not answer or refuses, ``PermanentError`` for a key that
    cannot be one.
    """

    def list(self, prefix: str) -> Iterator[ObjectInfo]: ...

    def get(self, key: str, *, limit: int | None = None) -> bytes:
        """The object's bytes; with a limit, one that has more raises ``ObjectTooLarge``."""

    def put(self, key: str, data: bytes, *, content_type: str | None = None, cache_control: str | None = None) -> None:
        """Write an object. Type and caching are told to those who read it over HTTP; a folder keeps neither."""

    def upload(self, key: str, path: Path) -> None: ...

    def download(self, key: str, path: Path) -> str | None:
        """Copy the object to a local file; returns its ETag where the store has such."""

    def delete(self, key: str) -> None: ...

    def local_path(self, key: str) -> Path | None:
        """The object as a local file, so that readers need no copy; ``None`` where nothing is local."""

    def sweep(self, before: datetime) -> int:
        """Remove what writers that were killed before that time have left unfinished; returns how many."""

    def describe(self) -> str: ...


def checked_key(key: str) -> str:
    """The key, refused when it could leave the store.

    Raises:
        PermanentError: absolute, empty, with ``..``, a backslash or a NUL.
    """
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts or "\\" in key or "\0" in key:
        raise PermanentError(f"{key!r} is not a key of the object store.")
    return key
