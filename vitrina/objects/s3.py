"""Objects in a bucket behind the S3 API."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError, RetryableError
from vitrina.objects.port import ObjectInfo, ObjectMissing, ObjectTooLarge, checked_key

_MISSING = {"NoSuchKey", "404"}
_WRONG = {
    "NoSuchBucket": "Make the bucket, or correct S3_BUCKET.",
    "AccessDenied": "Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and the rights of that key.",
    "InvalidAccessKeyId": "Check S3_ACCESS_KEY_ID.",
    "SignatureDoesNotMatch": "Check S3_SECRET_ACCESS_KEY.",
}


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
        # A prefix is a folder: "drops" must not find "drops-old/a.csv".
        below = f"{checked_key(prefix).rstrip('/')}/" if prefix else ""
        with self._told(prefix):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + below
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):
                        key = item["Key"].removeprefix(self.prefix)
                        yield ObjectInfo(key, item["Size"], item["LastModified"], item["ETag"].strip('"'))

    def get(self, key: str, *, limit: int | None = None) -> bytes:
        with self._told(key):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._full(key))
            with answer["Body"] as body:
                data: bytes = body.read(None if limit is None else limit + 1)
        if limit is not None and len(data) > limit:
            raise ObjectTooLarge(f"{key} has more than {limit} bytes.")
        return data

    def put(self, key: str, data: bytes, *, content_type: str | None = None, cache_control: str | None = None) -> None:
        extra = {"ContentType": content_type} if content_type else {}
        if cache_control:
            extra["CacheControl"] = cache_control
        with self._told(key):
            self.client.put_object(Bucket=self.bucket, Key=self._full(key), Body=data, **extra)

    def upload(self, key: str, path: Path) -> None:
        with self._told(key):
            self.client.upload_file(str(path), self.bucket, self._full(key))

    def download(self, key: str, path: Path) -> str | None:
        with self._told(key):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._full(key))
            with path.open("wb") as handle:
                shutil.copyfileobj(answer["Body"], handle, 1 << 20)
        return str(answer["ETag"]).strip('"')

    def delete(self, key: str) -> None:
        with self._told(key):
            self.client.delete_object(Bucket=self.bucket, Key=self._full(key))

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - nothing is local
        return None

    def sweep(self, before: datetime) -> int:
        """Uploads in parts that were begun and never ended: a bucket keeps, and charges for, their parts."""
        swept = 0
        with self._told(self.prefix):
            pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=self.prefix)
            for upload in (upload for page in pages for upload in page.get("Uploads", ())):
                if upload["Initiated"] < before:
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    swept += 1
        return swept

    def describe(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """The client's errors as ours, with what to do about them."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            said = f"{self.describe()}: {error.response['Error'].get('Message') or error}"
            if code in _MISSING:
                raise ObjectMissing(f"There is no object {key}.") from error
            if code in _WRONG:
                raise PermanentError(f"{said}.", hint=_WRONG[code]) from error
            raise RetryableError(said) from error
        except (BotoCoreError, Boto3Error) as error:
            raise RetryableError(f"{self.describe()}: {error}", hint="Is S3_ENDPOINT_URL right?") from error
