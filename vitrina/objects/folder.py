"""Objects in a folder of this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from vitrina.errors import PermanentError, RetryableError
from vitrina.objects.port import ObjectInfo, ObjectMissing, ObjectTooLarge, checked_key

#: Beginning and end of the name of a file that is being written; listings pass such files by.
_UNFINISHED = (".writing-", ".part")


class FolderStore:
    """A folder on this machine. Writes are atomic: a temporary file beside the target, then a rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, key: str) -> Path:
        path = self.root / checked_key(key)
        # A listing passes links by; a key that goes through one must not reach what lies outside either.
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise PermanentError(f"{key!r} leads out of the object store through a link.")
        return path

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every file below the prefix, sorted by key. Links are not followed out of the store."""
        start = self._path(prefix) if prefix else self.root
        yield from sorted(self._walk(start), key=lambda info: info.key)

    def _walk(self, folder: Path) -> Iterator[ObjectInfo]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.is_symlink() or _is_unfinished(entry.name):
                continue
            if entry.is_dir():
                yield from self._walk(Path(entry.path))
            else:
                with suppress(FileNotFoundError):  # removed between the listing and the look
                    stat = entry.stat()
                    key = Path(entry.path).relative_to(self.root).as_posix()
                    yield ObjectInfo(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def get(self, key: str, *, limit: int | None = None) -> bytes:
        with self._reading(key) as source, source.open("rb") as handle:
            data = handle.read(-1 if limit is None else limit + 1)
        if limit is not None and len(data) > limit:
            raise ObjectTooLarge(f"{key} has more than {limit} bytes.")
        return data

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str | None = None,  # noqa: ARG002 - S3's business
        cache_control: str | None = None,  # noqa: ARG002
    ) -> None:
        with self._replacing(key) as temporary:
            temporary.write_bytes(data)

    def upload(self, key: str, path: Path) -> None:
        with self._replacing(key) as temporary:
            shutil.copyfile(path, temporary)

    @contextmanager
    def _replacing(self, key: str) -> Iterator[Path]:
        """A temporary file that takes the key's place at the end, or goes without a trace."""
        target = self._path(key)
        temporary: Path | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # A name of its own: the target's may fill the 255 bytes that file systems allow.
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=_UNFINISHED[0], suffix=_UNFINISHED[1])
            os.close(descriptor)
            temporary = Path(name)
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(target)
        except OSError as error:
            raise RetryableError(f"{key} could not be written: {error.strerror or error}.") from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def download(self, key: str, path: Path) -> str | None:
        with self._reading(key) as source:
            shutil.copyfile(source, path)
        return None

    @contextmanager
    def _reading(self, key: str) -> Iterator[Path]:
        """The key's file; what the file system says of it becomes an error of ours."""
        try:
            yield self._path(key)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise ObjectMissing(f"There is no object {key}.") from error
        except OSError as error:
            raise RetryableError(f"{key} could not be read: {error.strerror or error}.") from error

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            if path.is_symlink() or path.is_file():  # a folder is no object
                path.unlink(missing_ok=True)
        except OSError as error:
            raise RetryableError(f"{key} could not be deleted: {error.strerror or error}.") from error

    def local_path(self, key: str) -> Path | None:
        """The file itself, so that readers need no copy."""
        return self._path(key)

    def sweep(self, before: datetime) -> int:
        swept = 0
        for folder, _, names in os.walk(self.root):
            for name in filter(_is_unfinished, names):
                path = Path(folder, name)
                with suppress(OSError):  # gone meanwhile, or another user's
                    if path.lstat().st_mtime < before.timestamp():
                        path.unlink()
                        swept += 1
        return swept

    def describe(self) -> str:
        return str(self.root)


def _is_unfinished(name: str) -> bool:
    return name.startswith(_UNFINISHED[0]) and name.endswith(_UNFINISHED[1])
