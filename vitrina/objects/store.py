"""Two back ends behind one small port."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One listed object. ``etag`` is ``None`` in a folder, where nothing is read while listing."""

    key: str
    size: int
    modified: datetime
    etag: str | None = None


class ObjectMissing(PermanentError):
    """No object has that key."""


class ObjectStore(Protocol):
    """Keys are relative POSIX paths without ``..``."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]: ...

    def get(self, key: str) -> bytes: ...

    def put(self, key: str, data: bytes, *, content_type: str | None = None) -> None: ...

    def upload(self, key: str, path: Path) -> None: ...

    def download(self, key: str, path: Path) -> None: ...

    def delete(self, key: str) -> None: ...

    def local_path(self, key: str) -> Path | None: ...

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


class FolderStore:
    """A folder on this machine. Writes are atomic: a temporary file beside the target, then a rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every file below the prefix, sorted by key. Links are not followed out of the store."""
        start = self.root / prefix if prefix else self.root
        yield from sorted(self._walk(start), key=lambda info: info.key)

    def _walk(self, folder: Path) -> Iterator[ObjectInfo]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.is_symlink():
                continue
            if entry.is_dir():
                yield from self._walk(Path(entry.path))
            else:
                with suppress(FileNotFoundError):  # removed between the listing and the look
                    stat = entry.stat()
                    key = Path(entry.path).relative_to(self.root).as_posix()
                    yield ObjectInfo(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise ObjectMissing(f"There is no object {key}.") from error

    def put(self, key: str, data: bytes, *, content_type: str | None = None) -> None:  # noqa: ARG002 - S3's business
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except OSError as error:
            Path(temporary).unlink(missing_ok=True)
            raise RetryableError(f"{key} could not be written: {error.strerror}.") from error

    def upload(self, key: str, path: Path) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        shutil.copyfile(path, temporary)
        temporary.replace(target)

    def download(self, key: str, path: Path) -> None:
        try:
            shutil.copyfile(self._path(key), path)
        except FileNotFoundError as error:
            raise ObjectMissing(f"There is no object {key}.") from error

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def local_path(self, key: str) -> Path | None:
        """The file itself, so that readers need no copy."""
        return self._path(key)

    def describe(self) -> str:
        return str(self.root)


class S3Store:
    """A bucket behind the S3 API: AWS, Cloudflare R2, any other."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint_url: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        region: str = "auto",
        prefix: str = "",
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._connection: dict[str, Any] = {
            "endpoint_url": endpoint_url,
            "aws_access_key_id": access_key_id,
            "aws_secret_access_key": secret_access_key,
            "region_name": region,
        }

    @cached_property
    def client(self) -> Any:
        """The boto3 client, made at first use: importing boto3 costs 0.3 s."""
        import boto3
        from botocore.config import Config

        # R2 and most other servers refuse the checksum trailers that newer boto3 sends by default.
        config = Config(
            retries={"max_attempts": 5, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.client("s3", config=config, **self._connection)

    def _full(self, key: str) -> str:
        return self.prefix + checked_key(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object below the prefix, in key order, 1,000 a request."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
        for page in pages:
            for item in page.get("Contents", ()):
                if not item["Key"].endswith("/"):
                    key = item["Key"].removeprefix(self.prefix)
                    yield ObjectInfo(key, item["Size"], item["LastModified"], item["ETag"].strip('"'))

    def get(self, key: str) -> bytes:
        return self._call("get_object", key)["Body"].read()

    def put(self, key: str, data: bytes, *, content_type: str | None = None) -> None:
        extra = {"ContentType": content_type} if content_type else {}
        self.client.put_object(Bucket=self.bucket, Key=self._full(key), Body=data, **extra)

    def upload(self, key: str, path: Path) -> None:
        self.client.upload_file(str(path), self.bucket, self._full(key))

    def download(self, key: str, path: Path) -> None:
        with path.open("wb") as handle:
            shutil.copyfileobj(self._call("get_object", key)["Body"], handle)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._full(key))

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - nothing is local
        return None

    def describe(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def _call(self, method: str, key: str) -> Any:
        from botocore.exceptions import ClientError

        try:
            return getattr(self.client, method)(Bucket=self.bucket, Key=self._full(key))
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise ObjectMissing(f"There is no object {key}.") from error
            raise RetryableError(f"{self.describe()}: {error.response['Error'].get('Message', error)}") from error


def open_store(settings: Settings) -> ObjectStore:
    """The bucket of the settings, else the local folder."""
    if settings.s3_bucket is None:
        return FolderStore(settings.objects_folder)

    def secret(value: Any) -> str | None:
        return value.get_secret_value() if value is not None else None

    return S3Store(
        settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url,
        access_key_id=secret(settings.s3_access_key_id),
        secret_access_key=secret(settings.s3_secret_access_key),
        region=settings.s3_region,
        prefix=settings.s3_prefix,
    )
